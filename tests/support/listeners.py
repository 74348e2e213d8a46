"""The outside world on loopback: canaries, scripted servers, a fake DNS, and a watch on connects.

A canary is a listening socket that nobody may touch. Because the kernel completes a handshake
before anybody accepts it, a single SYN is seen. Addresses that cannot be bound here are covered by
`ConnectWatch`, which hears of every connect and look-up of the process from the interpreter.
"""

import asyncio
import gzip
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


class Canary:
    """A TCP listener that counts who connects, whether or not anything is sent.

    Without a host it hears every address of this machine, mapped and IPv6 ones too.
    """

    def __init__(self, host: str = "", port: int = 0) -> None:
        dual = not host and socket.has_dualstack_ipv6()
        self._socket = socket.create_server(
            (host, port),
            family=socket.AF_INET6 if dual else socket.AF_INET,
            dualstack_ipv6=dual,
            backlog=64,
        )
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._touches = 0

    def touches(self) -> int:
        """How many connections have arrived since the start."""
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return self._touches
            self._touches += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()


@contextmanager
def filtered_port(host: str = "127.0.0.1") -> Iterator[int]:
    """A port whose SYNs are dropped, as by a firewall: a listener with a full queue."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex((host, port))
            yield port
        finally:
            for filler in fillers:
                filler.close()


@contextmanager
def closed_port(host: str = "127.0.0.1") -> Iterator[int]:
    """A port on which nobody listens, nor is given it by the system meanwhile."""
    with socket.socket() as kept:
        kept.bind((host, 0))
        port: int = kept.getsockname()[1]
        yield port


@dataclass
class ConnectWatch:
    """Every address this process tried to connect to, and every name it asked the system for."""

    connects: list[str] = field(default_factory=list)
    lookups: list[str] = field(default_factory=list)


_watches: list[ConnectWatch] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watches:
        return
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        for watch in _watches:
            watch.connects.append(str(arguments[1][0]))
    elif event == "socket.getaddrinfo":
        for watch in _watches:
            watch.lookups.append(str(arguments[0]))


sys.addaudithook(_hear)


@contextmanager
def watch_connects() -> Iterator[ConnectWatch]:
    """Record connects and look-ups while the block runs."""
    watch = ConnectWatch()
    _watches.append(watch)
    try:
        yield watch
    finally:
        _watches.remove(watch)


class FakeResolver:
    """A DNS with hand-written answers; the last answer of a name repeats for ever.

    `names` maps a host to a list of successive answers, each a list of addresses.
    """

    def __init__(self, names: dict[str, list[list[str]]] | None = None) -> None:
        self._names = names or {}
        self.asked: list[str] = []

    async def addresses(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answers = self._names.get(host)
        if not answers:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Seen:
    """A request as it came over the wire; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Seen], bytes | AsyncIterator[bytes]]
"""The raw bytes of an answer, at once or in pieces."""


class ScriptedServer:
    """A server that says exactly what the test wants and records what it hears."""

    def __init__(self, answer: Answer, host: str, port: int, *, tls: bool) -> None:
        self._answer = answer
        self.host = host
        self.port = port
        self.scheme = "https" if tls else "http"
        self.seen: list[Seen] = []
        self.connections = 0
        self.tasks: set[asyncio.Task[Any]] = set()

    def url(self, path: str = "/", host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            while (seen := await _request(reader)) is not None:
                self.seen.append(seen)
                await _say(writer, self._answer(seen))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    return Seen(
        method, target, headers, await reader.readexactly(int(headers.get("content-length", "0")))
    )


async def _say(writer: asyncio.StreamWriter, answer: bytes | AsyncIterator[bytes]) -> None:
    if isinstance(answer, bytes):
        writer.write(answer)
        await writer.drain()
        return
    async for piece in answer:
        writer.write(piece)
        await writer.drain()


@asynccontextmanager
async def scripted_server(
    answer: Answer, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedServer]:
    """Run a scripted server on a free port of `host`."""
    server = ScriptedServer(answer, host, 0, tls=tls is not None)
    listening = await asyncio.start_server(server.serve, host, 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(server.tasks):
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)


def reply(
    body: bytes = b"", status: str = "200 OK", headers: dict[str, str] | None = None
) -> bytes:
    """A well-formed answer."""
    lines = {"Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


def redirect(location: str, status: int = 302) -> bytes:
    """An answer that sends the client elsewhere."""
    return reply(status=f"{status} Elsewhere", headers={"Location": location})


def gzip_bomb(size: int) -> bytes:
    """`size` zero bytes, packed."""
    return gzip.compress(bytes(size))
