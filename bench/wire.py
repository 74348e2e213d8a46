"""Requests as bytes on kept connections: a client that costs little beside the server it loads.

A server that waits for its clients wakes up for every request and measures the waking. Requests are
put together before the clock starts, and an answer is read no further than to its end.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
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

    def __init__(self, waiting: Iterator[bytes], checks: Checks, done: "asyncio.Future[None]"):
        self._waiting = waiting
        self._checks = checks
        self._done = done
        self._came = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name
        self._send()

    def data_received(self, data: bytes) -> None:
        self._came += data
        head = self._came.find(_END)
        if head < 0:
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

    def _send(self) -> None:
        assert self._transport is not None
        following = next(self._waiting, None)
        if following is None:
            self._end(None)
        else:
            self._transport.write(following)

    def _end(self, problem: Exception | None) -> None:
        if not self._done.done():
            if problem is None:
                self._done.set_result(None)
            else:
                self._done.set_exception(problem)
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            return int(line[len(_LENGTH) :])
    raise ValueError("an answer without a length")


async def send(port: int, requests: Iterable[bytes], checks: Checks) -> None:
    """Send requests to a port of this machine over `CONNECTIONS` connections, until all are
    answered. Raises what `checks` raises, and OSError.
    """
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    ends = [loop.create_future() for _ in range(CONNECTIONS)]
    for done in ends:
        await loop.create_connection(
            lambda done=done: _Connection(waiting, checks, done),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.gather(*ends)
