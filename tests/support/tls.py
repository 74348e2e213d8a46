"""A world of https: names below `.test`, a private authority, and one TLS front for all nodes.

The front is what an operator's proxy is: it has the certificates, and hands what it hears to the
node that the name means. Its port is 443 where that may be opened, so that names have no port.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import trustme

ADDRESS: Final = "127.0.0.2"
ENDING: Final = ".test"


class Front:
    """Listens for every name; `routes` says on which local port a name's node serves."""

    def __init__(self, authority: trustme.CA, folder: Path) -> None:
        self.authority = authority
        self.ca_file = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.routes: dict[str, int] = {}
        self.port = 443
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def origin(self, name: str) -> str:
        """The public address of a name."""
        return f"https://{name}{'' if self.port == 443 else f':{self.port}'}"

    def host(self, name: str) -> str:
        """What stands after the @ in handles there."""
        return self.origin(name).removeprefix("https://")

    def serve(self, name: str, port: int) -> None:
        """Hand what is asked of a name to a local port, under a certificate of the authority."""
        self.routes[name] = port
        self.certify(name)

    def certify(
        self, name: str, *, authority: trustme.CA | None = None, named: str | None = None
    ) -> None:
        """Show a certificate for a name; of another authority, or in another name, if so wanted."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        (authority or self.authority).issue_cert(named or name).configure_cert(context)
        self._contexts[name] = context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        connection.asked = name  # type: ignore[attr-defined]
        if name in self._contexts:
            connection.context = self._contexts[name]

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = getattr(writer.get_extra_info("ssl_object"), "asked", None)
        port = self.routes.get(asked or "")
        if port is None:
            writer.close()
            return
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        ways = (_pour(reader, inner_writer), _pour(inner_reader, writer))
        await asyncio.gather(*ways)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, ssl.SSLError):
                await self._take(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def open(self) -> asyncio.Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert("front.test").configure_cert(context)
        context.sni_callback = self._choose
        for port in (443, 0):
            with suppress(PermissionError, OSError):
                server = await asyncio.start_server(self._serve, ADDRESS, port, ssl=context)
                self.port = server.sockets[0].getsockname()[1]
                return server
        raise AssertionError("no port can be opened")

    async def hang_up(self) -> None:
        """End every connection: whoever asks again sees the certificate of now."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes in one direction, until the end."""
    with suppress(OSError, ssl.SSLError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    with suppress(OSError, ssl.SSLError):
        writer.close()


@asynccontextmanager
async def tls_front(folder: Path) -> AsyncIterator[Front]:
    """A front with its authority, in a world where names below `.test` lead to it."""
    front = Front(trustme.CA(), folder)
    with names_below_test():
        server = await front.open()
        try:
            yield front
        finally:
            await front.hang_up()
            server.close()


@contextmanager
def names_below_test() -> Iterator[None]:
    """DNS in which names below `.test` are this machine; all others as they are."""
    ask = socket.getaddrinfo

    def getaddrinfo(host: Any, *more: Any, **how: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        ours = isinstance(name, str) and name.endswith(ENDING)
        return ask(ADDRESS if ours else host, *more, **how)

    with patch.object(socket, "getaddrinfo", getaddrinfo):
        yield
