"""Bytes of files: a place in which each lies under the hash of its content.

A place is a folder of this machine, or a bucket of an S3-compatible store (`storage/buckets.py`).

A blob is written whole or not at all, and it is on the disk when `put` returns. Nothing is ever
changed in place. Who may see a blob, and whether anybody still needs it, is asked of the rows that
name it (`storage/queries/files.py`). The same content takes the same time whether it is there
already or not (security row M08).
"""

import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from storage.errors import StorageError

FOLDER: Final = "files"
"""Where blobs lie inside the data folder."""

NAME: Final = re.compile(r"[0-9a-f]{64}")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
YOUNG_SECONDS: Final = 3600.0
"""A blob younger than this may belong to a row that is about to be stored."""


class DiskFull(StorageError):  # noqa: N818 - as in storage/errors.py
    """There is no room for a blob."""


class Part(Struct, frozen=True):
    """Some bytes of a blob, and how many it has in all."""

    total: int
    content: bytes


class Blobs(Protocol):
    """The blobs of a node, wherever they are. Its methods block: call them in a thread."""

    def put(self, content: bytes) -> str:
        """Store bytes; their SHA-256 in hex, which is their name. Raises DiskFull."""

    def read(self, digest: str) -> bytes | None:
        """The bytes of that name; None if they are not here."""

    def part(self, digest: str, start: int, length: int) -> Part | None:
        """At most `length` of the bytes from `start`; None if they are not here."""

    def has(self, digest: str) -> bool:
        """Whether there are bytes of that name."""

    def drop(self, digest: str, *, young: float = YOUNG_SECONDS) -> bool:
        """Remove bytes that nobody needs, unless they were stored less than `young` seconds ago."""

    def names(self) -> Iterator[str]:
        """The names of all blobs, in no particular order."""


class Folder:
    """Blobs in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        """Keep blobs below `folder`, which is made when it is needed."""
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Store bytes; their SHA-256 in hex, which is their name. Raises DiskFull."""
        digest = sha256(content).hexdigest()
        path = self._path(digest)
        try:
            self._make(path.parent)
            self._write(path, content)
        except OSError as problem:
            if problem.errno in _FULL:
                raise DiskFull("there is no room left for files") from None
            raise
        return digest

    def read(self, digest: str) -> bytes | None:
        """The bytes of that name; None if they are not here."""
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            return None

    def part(self, digest: str, start: int, length: int) -> Part | None:
        """At most `length` of the bytes from `start`; None if they are not here."""
        try:
            with self._path(digest).open("rb") as file:
                file.seek(start)
                return Part(os.fstat(file.fileno()).st_size, file.read(length))
        except FileNotFoundError:
            return None

    def has(self, digest: str) -> bool:
        """Whether there are bytes of that name."""
        return self._path(digest).is_file()

    def drop(self, digest: str, *, young: float = YOUNG_SECONDS) -> bool:
        """Remove bytes that nobody needs, unless they were stored less than `young` seconds ago.

        Somebody may be storing the same bytes at this moment: then they stay.
        """
        path = self._path(digest)
        aside = path.with_name(f"{_aside()}.gone")
        try:
            if _age(path) < young:
                return False
            path.rename(aside)
        except FileNotFoundError:
            return False
        try:
            if _age(aside) >= young:
                return True
            path.hardlink_to(aside)  # stored anew between the look and the move
        except FileExistsError:
            pass
        finally:
            aside.unlink()
        return False

    def names(self) -> Iterator[str]:
        """The names of all blobs, in no particular order. What a crash left half is removed."""
        for folder in self._folder.glob("??"):
            for path in folder.iterdir():
                if NAME.fullmatch(path.name):
                    yield path.name
                elif _age(path) >= YOUNG_SECONDS:
                    path.unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / key_of(digest)

    def _make(self, folder: Path) -> None:
        for each in (self._folder, folder):
            if not each.exists():
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
                _settle(each.parent)

    def _write(self, path: Path, content: bytes) -> None:
        part = path.with_name(f"{_aside()}.part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _settle(path.parent)


def key_of(digest: str) -> str:
    """Where a blob lies in its place. Raises ValueError for what is no blob's name."""
    if not NAME.fullmatch(digest):
        raise ValueError("not the name of a blob")
    return f"{digest[:2]}/{digest}"


def _aside() -> str:
    return secrets.token_hex(8)


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _settle(folder: Path) -> None:
    """Make sure that a new name in a folder outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
