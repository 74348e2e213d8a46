"""Blobs: whole or not there, named by their content, and gone only when nobody stores them anew."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from obstore.exceptions import BaseError

from storage import buckets
from storage.blobs import YOUNG_SECONDS, Blobs, DiskFull, Folder, Part
from storage.buckets import BadPlace, BlobsUnreachable, bucket
from tests.support.s3 import Store, running_store

CONTENT = b"some bytes"
NAME = sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running


@pytest.fixture
def blobs(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "files")


@pytest.fixture(params=["folder", "bucket", "prefix"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """Blobs in a folder, in a bucket, and in a part of a bucket: they are used alike."""
    if request.param == "folder":
        return Folder(tmp_path / "files")
    running: Store = request.getfixturevalue("store")
    return bucket(running.new_bucket("a/b" if request.param == "prefix" else ""))


def test_what_is_put_can_be_read(either: Blobs) -> None:
    assert either.put(CONTENT) == either.put(CONTENT) == NAME
    assert either.read(NAME) == CONTENT
    assert either.has(NAME)
    assert list(either.names()) == [NAME]


def test_M05_parts_of_a_blob(either: Blobs) -> None:
    content = bytes(range(256)) * 5000
    name = either.put(content)
    total = len(content)
    for start, length in ((0, 1), (0, total), (100, 1 << 20), (total - 1, 10), (0, 2 * total)):
        part = either.part(name, start, length)
        assert part is not None
        assert (part.total, part.content) == (total, content[start : start + length])
    for start in (total, total + 100):
        assert either.part(name, start, 10) == Part(total, b"")
    assert either.part(NAME, 0, 10) is None


def test_what_is_not_there_is_nothing(either: Blobs) -> None:
    assert either.read(NAME) is None
    assert either.part(NAME, 0, 1) is None
    assert not either.has(NAME)
    assert not either.drop(NAME, young=0)
    assert list(either.names()) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", NAME.upper(), f"{NAME}/x", f"{NAME}\n"])
def test_only_names_of_blobs_are_looked_for(either: Blobs, name: str) -> None:
    for look in (either.read, either.has, either.drop, lambda name: either.part(name, 0, 1)):
        with pytest.raises(ValueError, match="name of a blob"):
            look(name)


def test_what_nobody_needs_goes_unless_it_is_young(either: Blobs) -> None:
    either.put(CONTENT)
    other = either.put(b"other")
    assert not either.drop(NAME)
    assert either.has(NAME)
    assert either.drop(NAME, young=-5)
    assert either.read(NAME) is None
    assert list(either.names()) == [other]


def test_many_blobs_are_all_listed(either: Blobs) -> None:
    made = {either.put(str(number).encode()) for number in range(40)}
    assert set(either.names()) == made


def test_two_places_of_one_bucket_do_not_mix(store: Store) -> None:
    place = store.new_bucket("one")
    one, two = bucket(place), bucket(place.replace("/one?", "/two?"))
    one.put(CONTENT)
    assert not two.has(NAME)
    assert list(two.names()) == []


def test_a_store_that_is_away_is_no_missing_file(tmp_path: Path) -> None:
    away = bucket("s3://k:s@bucket?endpoint=http://127.0.0.1:9", patience=1)
    for call in (
        lambda: away.put(CONTENT),
        lambda: away.read(NAME),
        lambda: away.part(NAME, 0, 1),
        lambda: away.has(NAME),
        lambda: away.drop(NAME),
        lambda: list(away.names()),
    ):
        with pytest.raises(BlobsUnreachable):
            call()


@pytest.mark.parametrize(
    "place",
    [
        "s3://",
        "s3://key:secret@?endpoint=http://x",
        "s3://key:secret@bucket?colour=red",
        "s3://?endpoint=http://x",
        "s3://bucket?endpoint=ftp://x",
        "s3://bucket?secret=x",
        "https://bucket",
    ],
)
def test_other_addresses_are_refused_without_repeating_them(place: str) -> None:
    with pytest.raises(BadPlace) as refused:
        bucket(place)
    assert "secret@" not in str(refused.value)


# A folder of this machine.


def test_a_folder_is_for_the_nodes_own_user_alone(blobs: Folder, tmp_path: Path) -> None:
    blobs.put(CONTENT)
    (path,) = files_in(tmp_path)
    assert path.stat().st_mode & 0o077 == 0


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def age(folder: Path) -> None:
    """As if everything had been stored some hours ago."""
    for path in files_in(folder):
        past = time.time() - 3 * YOUNG_SECONDS
        with suppress(FileNotFoundError):  # somebody removes it at this moment
            os.utime(path, (past, past))


def test_M12_a_full_disk_leaves_nothing_half(
    blobs: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    blobs.put(b"other")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        blobs.put(CONTENT)
    monkeypatch.undo()
    assert len(files_in(tmp_path)) == 1
    assert blobs.put(CONTENT) == NAME


def test_what_is_young_stays(blobs: Folder, tmp_path: Path) -> None:
    blobs.put(CONTENT)
    assert not blobs.drop(NAME)
    age(tmp_path)
    assert blobs.drop(NAME)
    assert blobs.read(NAME) is None
    assert files_in(tmp_path) == []


def test_what_is_stored_anew_is_young(blobs: Folder, tmp_path: Path) -> None:
    blobs.put(CONTENT)
    age(tmp_path)
    blobs.put(CONTENT)
    assert not blobs.drop(NAME)
    assert blobs.read(NAME) == CONTENT


def test_halves_that_a_crash_left_are_removed(blobs: Folder, tmp_path: Path) -> None:
    blobs.put(CONTENT)
    half = tmp_path / "files" / NAME[:2] / "0123.part"
    half.write_bytes(b"ha")
    assert list(blobs.names()) == [NAME]
    assert half.exists(), "it may be written at this moment"
    age(tmp_path)
    assert list(blobs.names()) == [NAME]
    assert not half.exists()


def test_storing_and_removing_at_once_never_loses_what_was_stored_last(
    blobs: Folder, tmp_path: Path
) -> None:
    stop = threading.Event()

    def remove() -> None:
        while not stop.is_set():
            blobs.drop(NAME)

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        for _ in range(200):
            blobs.put(CONTENT)
            age(tmp_path)
            blobs.put(CONTENT)
            deadline = time.monotonic() + 40
            while blobs.read(NAME) is None:
                assert time.monotonic() < deadline
    finally:
        stop.set()
        remover.join()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("status code: 507 Insufficient Storage", DiskFull),
        ("<Code>XMinioStorageFull</Code>", DiskFull),
        ("416 from http://127.0.0.1:25073/b", BlobsUnreachable),
    ],
)
def test_a_store_is_full_only_when_it_says_so(said: str, meant: type[Exception]) -> None:
    with pytest.raises(meant), buckets._reached():
        raise BaseError(said)
