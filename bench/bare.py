"""The libraries alone: a server and a client on bare aiohttp, without rules or memory.

What HTTP costs here before anything of ours runs: the same event loop, the same load.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from aiohttp.web import BaseRequest, Response, Server, ServerRunner, TCPSite

from bench.ports import free_port
from bench.process import Measured

AT_ONCE = 32


async def serve(port: int, status: int, size: int) -> None:
    """Answer every request with `size` bytes until the process is ended."""
    body = bytes(size)

    async def answer(request: BaseRequest) -> Response:
        await request.read()
        return Response(status=status, body=body)

    runner = ServerRunner(Server(answer, access_log=None))
    await runner.setup()
    await TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def post(url: str, size: int, times: int) -> float:
    """CPU microseconds of this process per POST of `size` bytes on kept connections."""
    body = bytes(size)
    headers = {"Content-Type": "application/activity+json", "Signature": "x" * 400}
    connector = TCPConnector(limit=AT_ONCE)
    async with ClientSession(connector=connector, cookie_jar=DummyCookieJar()) as session:

        async def send(count: int) -> None:
            for _ in range(count):
                async with session.post(url, data=body, headers=headers) as answer:
                    await answer.read()

        await asyncio.gather(*(send(4) for _ in range(AT_ONCE)))
        begun = time.process_time_ns()
        await asyncio.gather(*(send(times // AT_ONCE) for _ in range(AT_ONCE)))
        return (time.process_time_ns() - begun) / (times // AT_ONCE * AT_ONCE) / 1000


@asynccontextmanager
async def bare_server(status: int, size: int) -> AsyncIterator[tuple[str, Measured]]:
    """A bare server in a process of its own; its address, and the process to measure."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare", "serve", str(port), str(status), str(size)
    )
    try:
        async with asyncio.timeout(10):
            await _listening(port)
        yield f"http://127.0.0.1:{port}/", Measured(process.pid)
    finally:
        process.kill()
        await process.wait()


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return


async def bare_client(size: int, times: int) -> float:
    """What one POST costs a bare client in a process of its own."""
    async with bare_server(202, 0) as (url, _):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.bare", "post", url, str(size), str(times)),
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()
    return float(printed)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        uvloop.run(serve(*map(int, sys.argv[2:5])))
    else:
        print(uvloop.run(post(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
