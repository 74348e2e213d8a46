"""Blobs in a bucket of an S3-compatible store, by obstore.

    s3://BUCKET/PREFIX?endpoint=https://…&region=…

Who we are there stands in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or before the bucket's name
(`s3://KEY:SECRET@BUCKET`). The bucket has to be private: whoever may see a file asks us for it.
A blob is there whole or not at all, and `put` returns when the store has it.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
from msgspec import Struct
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from storage.blobs import NAME, YOUNG_SECONDS, DiskFull, Part, key_of
from storage.errors import Unavailable

SCHEME: Final = "s3://"
PATIENCE: Final = 20.0
"""Seconds in which what fails at a store is tried again."""

_KNOWN: Final = frozenset({"endpoint", "region", "style"})
_FULL: Final = re.compile(
    r"EntityTooLarge|QuotaExceeded|InsufficientStorage|XMinioStorageFull|\b507 Insufficient Storage"
)
"""How stores say that they are full; a bare 507 stands in ports, dates and names as well."""


class BadPlace(ValueError):  # noqa: N818 - what is wrong with it
    """The address of a bucket that cannot be used; the message says why."""


class BlobsUnreachable(Unavailable):
    """The store of files did not answer."""


def bucket(place: str, *, patience: float = PATIENCE) -> "Bucket":
    """The blobs at an address of the form above. Raises BadPlace. Connects to nothing yet.

    `patience`: seconds in which what fails is tried again.
    """
    parts = urlsplit(place)
    asked = dict(parse_qsl(parts.query))
    if parts.scheme != "s3" or not parts.hostname:
        raise BadPlace("it must look like s3://BUCKET?endpoint=https://…")
    unknown = asked.keys() - _KNOWN
    if unknown:
        raise BadPlace(f"{', '.join(sorted(unknown))} is not known; endpoint, region and style are")
    endpoint = asked.get("endpoint", "")
    if endpoint and not endpoint.startswith(("https://", "http://")):
        raise BadPlace("endpoint must begin with https:// or http://")
    options: dict[str, str] = {}
    if endpoint:
        options["endpoint"] = endpoint
    if parts.username:
        options["access_key_id"] = unquote(parts.username)
        options["secret_access_key"] = unquote(parts.password or "")
    store = S3Store(
        parts.hostname,
        prefix=parts.path.strip("/") or None,
        region=asked.get("region", "us-east-1"),
        virtual_hosted_style_request=asked.get("style") == "host",
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "timeout": timedelta(seconds=60),
            "connect_timeout": timedelta(seconds=5),
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=patience)},
        **options,  # type: ignore[arg-type]
    )
    return Bucket(store)


class _Found(Struct, frozen=True):
    """What a store tells of an object: bytes, and seconds since 1970."""

    size: int
    stored_at: float


class Bucket:
    """Blobs in a bucket; the interface is `storage.blobs.Blobs`.

    What else goes wrong than a blob that is missing raises BlobsUnreachable.
    """

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def put(self, content: bytes) -> str:
        """Store bytes; their SHA-256 in hex, which is their name. Raises DiskFull."""
        digest = sha256(content).hexdigest()
        with _reached():
            obstore.put(self._store, key_of(digest), content)
        return digest

    def read(self, digest: str) -> bytes | None:
        """The bytes of that name; None if they are not here."""
        key = key_of(digest)
        with _reached(), suppress(NotFoundError, FileNotFoundError):
            return obstore.get(self._store, key).bytes().to_bytes()
        return None

    def part(self, digest: str, start: int, length: int) -> Part | None:
        """At most `length` of the bytes from `start`; None if they are not here."""
        key, wanted = key_of(digest), (start, start + length)
        try:
            with _reached(), suppress(NotFoundError, FileNotFoundError):
                answer = obstore.get(self._store, key, options={"range": wanted})
                return Part(answer.meta["size"], answer.bytes().to_bytes())
        except BlobsUnreachable:
            total = self._size(digest)
            if total is None or start < total:
                raise
            return Part(total, b"")  # such a range is an error there
        return None

    def has(self, digest: str) -> bool:
        """Whether there are bytes of that name."""
        return self._size(digest) is not None

    def drop(self, digest: str, *, young: float = YOUNG_SECONDS) -> bool:
        """Remove bytes that nobody needs, unless they were stored less than `young` seconds ago.

        A store has no way to move one aside, look and decide: what is stored anew in the very
        moment between the look and the removal is lost. It would have to be older than `young`
        until then, and wanted by nobody.
        """
        found = self._found(digest)
        if found is None or time.time() - found.stored_at < young:
            return False
        with _reached():
            obstore.delete(self._store, key_of(digest))
        return True

    def names(self) -> Iterator[str]:
        """The names of all blobs, in no particular order."""
        with _reached():
            for some in obstore.list(self._store):
                for meta in some:
                    name = meta["path"].rpartition("/")[2]
                    if NAME.fullmatch(name):
                        yield name

    def _size(self, digest: str) -> int | None:
        found = self._found(digest)
        return None if found is None else found.size

    def _found(self, digest: str) -> _Found | None:
        key = key_of(digest)
        with _reached(), suppress(NotFoundError, FileNotFoundError):
            meta = obstore.head(self._store, key)
            return _Found(meta["size"], meta["last_modified"].timestamp())
        return None


@contextmanager
def _reached() -> Iterator[None]:
    """Turn the ways in which a store fails into ours."""
    try:
        yield
    except BaseError as problem:
        if _FULL.search(str(problem)):
            raise DiskFull("there is no room left for files") from None
        raise BlobsUnreachable("the store of files does not answer") from problem
