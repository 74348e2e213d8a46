"""`tertulia files`: what there is, and another place for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.settings import load
from social import files
from social.archive import Kept
from storage.buckets import bucket
from storage.database import run_once
from tests.server.test_cli import Run, account, create, database
from tests.server.test_cli import run as run  # noqa: PLC0414 - a fixture
from tests.support.s3 import Store, running_store


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running


def test_files_are_copied_to_a_store_and_back(run: Run, store: Store, tmp_path: Path) -> None:
    create(run)
    here = load().blobs()
    names = {here.put(content) for content in (b"one", b"two", b"three" * 100_000)}
    place = store.new_bucket("node")
    result = run("files", "copy", place)
    assert result.exit_code == 0, result.output
    assert "3 files were copied" in result.stdout
    there = bucket(place)
    assert set(there.names()) == names
    assert all(there.read(name) == here.read(name) for name in names)
    assert "0 files were copied" in run("files", "copy", place).stdout
    other = tmp_path / "other"
    assert "3 files were copied" in run("files", "copy", str(other)).stdout
    assert len([path for path in other.rglob("*") if path.is_file()]) == 3


def test_a_place_that_cannot_be_is_refused(run: Run) -> None:
    create(run)
    load().blobs().put(b"one")
    refused = run("files", "copy", "s3://key:secret@bucket?endpoint=ftp://x")
    assert refused.exit_code == 2
    assert "secret" not in refused.output


def test_usage_says_how_much_there_is_and_may_be(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    create(run)
    kept = Kept("a" * 64, "b" * 64, "image/png", 3 << 20, 4, 3, "")
    run_once(database(), files.add, actor_id=account().id, kept=kept)
    monkeypatch.setenv("TERTULIA_ACCOUNT_QUOTA", "500 MB")
    said = run("files", "usage").stdout
    assert "uploaded here: 3.0 MB of any size" in said
    assert "of other servers: 0 bytes of 5.0 GB" in said
    assert "each person may upload: 500.0 MB" in said
