"""Blobs: whole or not there, named by their content, and gone only when nobody stores them anew."""

import errno
import os
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest

from storage.blobs import YOUNG_SECONDS, Blobs, DiskFull

CONTENT = b"some bytes"
NAME = sha256(CONTENT).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "files")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def age(folder: Path) -> None:
    """As if everything had been stored some hours ago."""
    for path in files_in(folder):
        past = time.time() - 3 * YOUNG_SECONDS
        os.utime(path, (past, past))


def test_what_is_put_can_be_read(blobs: Blobs, tmp_path: Path) -> None:
    assert blobs.put(CONTENT) == blobs.put(CONTENT) == NAME
    assert blobs.read(NAME) == CONTENT
    assert blobs.has(NAME)
    assert list(blobs.names()) == [NAME]
    (path,) = files_in(tmp_path)
    assert path.stat().st_mode & 0o077 == 0, "for the node's own user alone"


def test_what_is_not_there_is_nothing(blobs: Blobs) -> None:
    assert blobs.read(NAME) is None
    assert not blobs.has(NAME)
    assert not blobs.drop(NAME, young=0)
    assert list(blobs.names()) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", NAME.upper(), f"{NAME}/x", f"{NAME}\n"])
def test_only_names_of_blobs_are_looked_for(blobs: Blobs, name: str) -> None:
    with pytest.raises(ValueError, match="name of a blob"):
        blobs.read(name)


def test_M12_a_full_disk_leaves_nothing_half(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


def test_what_is_young_stays(blobs: Blobs, tmp_path: Path) -> None:
    blobs.put(CONTENT)
    assert not blobs.drop(NAME)
    age(tmp_path)
    assert blobs.drop(NAME)
    assert blobs.read(NAME) is None
    assert files_in(tmp_path) == []


def test_what_is_stored_anew_is_young(blobs: Blobs, tmp_path: Path) -> None:
    blobs.put(CONTENT)
    age(tmp_path)
    blobs.put(CONTENT)
    assert not blobs.drop(NAME)
    assert blobs.read(NAME) == CONTENT


def test_halves_that_a_crash_left_are_removed(blobs: Blobs, tmp_path: Path) -> None:
    blobs.put(CONTENT)
    half = tmp_path / "files" / NAME[:2] / "0123.part"
    half.write_bytes(b"ha")
    assert list(blobs.names()) == [NAME]
    assert half.exists(), "it may be written at this moment"
    age(tmp_path)
    assert list(blobs.names()) == [NAME]
    assert not half.exists()


def test_storing_and_removing_at_once_never_loses_what_was_stored_last(
    blobs: Blobs, tmp_path: Path
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
            deadline = time.monotonic() + 5
            while blobs.read(NAME) is None:
                assert time.monotonic() < deadline
    finally:
        stop.set()
        remover.join()
