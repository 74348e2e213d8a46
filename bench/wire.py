"""Requests as bytes on kept connections: a client that costs little beside the server it loads.

A server that waits for its clients wakes up for every request and measures the waking. Requests are
put together before the clock starts, and an answer is read no further than to its end.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, cast

CONNECTIONS: Final = 32
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"

Checks = Callable[[int, int, bytes], None]
"""What is asked of every answer: status, bytes of its body, and the body itself."""


def request(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """A request of HTTP/1.1 (RFC 9112) for an absolute http URL."""
    host, slash, path = url.removeprefix("http://").partition("/")
    fields = {"Host": host, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"} | dict(
        headers or {}
    )
    if body:
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {slash}{path} HTTP/1.1\r\n{head}\r\n".encode() + body


class _Connection(asyncio.Protocol):
    """Sends one request after the other, each when the one before was answered."""

    def __init__(self) -> None:
        self._came = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiting: Iterator[bytes] = iter(())
        self._checks: Checks | None = None
        self._done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name

    def begin(self, waiting: Iterator[bytes], checks: Checks) -> "asyncio.Future[None]":
        """Take requests from `waiting` until there are none."""
        self._waiting, self._checks = waiting, checks
        self._done = asyncio.get_running_loop().create_future()
        self._send()
        return self._done

    def data_received(self, data: bytes) -> None:
        self._came += data
        head = self._came.find(_END)
        if head < 0 or self._checks is None:
            return
        size = _length(bytes(self._came[:head]))
        start = head + len(_END)
        if len(self._came) < start + size:
            return
        try:
            self._checks(int(self._came[9:12]), size, bytes(self._came[start:]))
        except Exception as problem:  # noqa: BLE001 - for whoever waits
            self._end(problem)
            return
        self._came.clear()
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionError("the server hung up"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _send(self) -> None:
        following = next(self._waiting, None)
        if following is None or self._transport is None:
            self._end(None)
        else:
            self._transport.write(following)

    def _end(self, problem: Exception | None) -> None:
        if self._done is None or self._done.done():
            return
        if problem is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(problem)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            return int(line[len(_LENGTH) :])
    raise ValueError("an answer without a length")


class Wire:
    """Kept connections to one port of this machine."""

    def __init__(self, connections: Sequence[_Connection]) -> None:
        """Use `connected`."""
        self._connections = connections

    async def send(self, requests: Iterable[bytes], checks: Checks) -> None:
        """Send requests over all connections until every one is answered.

        Raises what `checks` raises, and OSError.
        """
        waiting = iter(requests)
        await asyncio.gather(*[each.begin(waiting, checks) for each in self._connections])


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    """`CONNECTIONS` of them, until the block ends."""
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(_Connection, "127.0.0.1", port) for _ in range(CONNECTIONS)
    ]
    try:
        yield Wire([connection for _, connection in made])
    finally:
        for _, connection in made:
            connection.close()
