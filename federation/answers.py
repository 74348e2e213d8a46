"""What comes back from another server: an answer within its cap, or one indistinct failure."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Self

from aiohttp import ClientResponse

from domain.addresses import Url

PUBLIC_TEXT: Final = "The other server could not be reached"
"""All that anybody but the log learns of a failure (F10)."""

RETRY_AFTER_MAX: Final = 24 * 3600
_PLAIN_BODY: Final = frozenset({"", "identity"})


class Unreachable(Exception):  # noqa: N818 - the state of the other server, not our error
    """No usable answer. `str()` is always the same; `reason` is for the log only.

    A caller that shows a failure to a person, or answers a remote server, must not tell a refused
    address from a closed or filtered port or a missing page (F10).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(PUBLIC_TEXT)
        self.reason = reason


class Refused(Unreachable):
    """Our own policy forbids the address; trying again is pointless while it stays."""


class TooLarge(Unreachable):
    """The answer is larger than the cap, on the wire or unpacked."""


class TimedOut(Unreachable):
    """The deadline passed."""


class HungUp(Unreachable):
    """The connection ended before an answer came. One that was kept may end just as it is used."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whatever its status. `url` is the final one, without a fragment."""

    status: int
    url: Url
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        """The Content-Type header as sent, empty if absent."""
        return self.headers.get("Content-Type", "")

    def require_ok(self) -> Self:
        """Itself if the status is 2xx, else `Unreachable`, as if nobody had answered (F10)."""
        if not self.ok:
            raise Unreachable(f"status {self.status}")
        return self


def retry_after(value: str | None, *, now: datetime) -> int | None:
    """Seconds to wait by a Retry-After header (RFC 9110 §10.2.3), within 0 and 24 hours (D23).

    None if there is no such header or it makes no sense.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return RETRY_AFTER_MAX if len(text) > 9 else min(int(text), RETRY_AFTER_MAX)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(int((date - now).total_seconds()), 0), RETRY_AFTER_MAX)


class _Body:
    """Collects a body, unpacking gzip as it comes, and stops at `cap` bytes."""

    __slots__ = ("_cap", "_gzip", "_parts", "_received", "_size")

    def __init__(self, cap: int, encoding: str) -> None:
        if encoding not in {*_PLAIN_BODY, "gzip", "x-gzip"}:
            raise Unreachable("a content encoding that was not asked for")
        self._cap = cap
        self._gzip = None if encoding in _PLAIN_BODY else zlib.decompressobj(31)
        self._parts: list[bytes] = []
        self._received = self._size = 0

    def add(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > self._cap:
            raise TooLarge("the body is larger than the cap")
        part = chunk if self._gzip is None else self._unpacked(self._gzip, chunk)
        self._size += len(part)
        if self._size > self._cap:
            raise TooLarge("the unpacked body is larger than the cap")
        self._parts.append(part)

    def _unpacked(self, gzip: "zlib._Decompress", chunk: bytes) -> bytes:
        try:
            part = gzip.decompress(chunk, self._cap - self._size + 1)
        except zlib.error:
            raise Unreachable("a broken gzip body") from None
        if gzip.unused_data:
            raise Unreachable("bytes after the gzip body")
        return part

    def begun(self, chunk: bytes) -> bool:
        """Take what fits of a body whose beginning is enough; whether there is room for more."""
        room = self._cap - self._size
        part = chunk if self._gzip is None else self._some(self._gzip, chunk, room)
        self._parts.append(part[:room])
        self._size += len(part[:room])
        self._received += len(chunk)
        return self._size < self._cap and self._received < self._cap

    def _some(self, gzip: "zlib._Decompress", chunk: bytes, room: int) -> bytes:
        try:
            return gzip.decompress(chunk, room)
        except zlib.error:
            raise Unreachable("a broken gzip body") from None

    def so_far(self) -> bytes:
        return b"".join(self._parts)

    def whole(self) -> bytes:
        if self._gzip is not None and self._received and not self._gzip.eof:
            raise Unreachable("a gzip body that ends early")
        return b"".join(self._parts)


async def read_body(answer: ClientResponse, cap: int) -> bytes:
    """The body, unpacked if it is gzip. Raises `TooLarge` above `cap` bytes, or `Unreachable`."""
    if (answer.content_length or 0) > cap:
        raise TooLarge("the announced body is larger than the cap")
    encoding = ",".join(answer.headers.getall("Content-Encoding", [])).strip().lower()
    body = _Body(cap, encoding)
    async for chunk in answer.content.iter_any():
        body.add(chunk)
    return body.whole()


async def read_beginning(answer: ClientResponse, cap: int) -> bytes:
    """The first `cap` bytes of a body, unpacked; the rest is not waited for. Raises `Unreachable`.

    For pages: what they say of themselves stands at their beginning.
    """
    encoding = ",".join(answer.headers.getall("Content-Encoding", [])).strip().lower()
    body = _Body(cap, encoding)
    async for chunk in answer.content.iter_any():
        if not body.begun(chunk):
            answer.close()
            break
    return body.so_far()
