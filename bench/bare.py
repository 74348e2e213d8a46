"""The least that answers HTTP/1.1 on the same event loop: a process without rules or memory."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import uvloop

from bench.process import Measured


class Bare(asyncio.Protocol):
    """Finds the end of a request by its length, and answers the same bytes each time."""

    answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            mark = head.find(b"content-length: ")
            length = int(head[mark + 16 :].split(b"\r\n")[0]) if mark >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(self.answer)


async def serve(port: int, status: int, size: int) -> None:
    """Answer every request with `size` bytes until the process is ended."""
    head = f"HTTP/1.1 {status} Fine\r\nContent-Length: {size}\r\n\r\n"
    protocol = type("Answering", (Bare,), {"answer": head.encode() + bytes(size)})
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    await server.serve_forever()


@asynccontextmanager
async def bare_server(status: int, size: int) -> AsyncIterator[tuple[str, Measured]]:
    """A bare server in a process of its own; its address, and the process to measure."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare", str(port), str(status), str(size)
    )
    try:
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                break
        yield f"http://127.0.0.1:{port}", Measured(process.pid)
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    uvloop.run(serve(*map(int, sys.argv[1:4])))
