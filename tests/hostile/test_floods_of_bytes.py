"""Bytes without measure on the wire: long heads, tiny pieces, half requests and bombs all end."""

import asyncio
import gzip
import zlib
from contextlib import suppress
from io import BytesIO
from time import thread_time

import orjson
import pytest
from aiohttp import ClientError

from tests.hostile.flooding import hq, is_well, memory_mb
from tests.support.nodes import Nodes, RunningNode
from tests.support.stranger import AS2, stranger
from tests.together.stories import asked, request_of

__all__ = ["hq"]


async def raw(node: RunningNode, *pieces: bytes, pause: float = 0) -> bytes:
    """What comes back for bytes on a bare socket, until the end or half a minute of silence."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(node.base.rpartition(":")[2]))
    answer = b""
    try:
        with suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                if pause:
                    await asyncio.sleep(pause)
        with suppress(TimeoutError, ConnectionError):
            while not reader.at_eof():
                async with asyncio.timeout(30):
                    answer += await reader.read(65_536)
    finally:
        writer.close()
    return answer


def head(node: RunningNode, *lines: bytes) -> bytes:
    host = node.host.encode()
    return b"\r\n".join([b"GET /nodeinfo/2.0 HTTP/1.1", b"Host: " + host, *lines, b"", b""])


PRESSURE = {
    "headers": b"\r\n".join(b"X-%d: y" % number for number in range(10_000)),
    "line": b"X-Long: " + b"y" * 1_000_000,
}


@pytest.mark.parametrize("kind", sorted(PRESSURE))
async def test_D13_more_head_than_a_request_can_have_is_refused(hq: RunningNode, kind: str) -> None:
    before = memory_mb()
    answer = await raw(hq, head(hq, PRESSURE[kind]))
    assert answer == b"" or b" 400 " in answer[:16]
    assert memory_mb() - before < 32
    assert b"200 OK" in await raw(hq, head(hq, b"Connection: close"))  # the twin
    assert await is_well(hq)


async def test_D13_a_long_request_line_is_refused(hq: RunningNode) -> None:
    line = b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert not (await raw(hq, line)).startswith(b"HTTP/1.1 2")
    assert await is_well(hq)


async def test_D13_ten_thousand_requests_on_one_line_hold_up_nobody(hq: RunningNode) -> None:
    before = memory_mb()
    flood = asyncio.create_task(raw(hq, head(hq) * 10_000))
    await asyncio.sleep(0.05)
    assert await is_well(hq)
    flood.cancel()
    await asyncio.gather(flood, return_exceptions=True)
    assert memory_mb() - before < 64


def in_bytes(body: bytes) -> bytes:
    """A chunked body, each chunk one byte."""
    return b"".join(b"1\r\n%c\r\n" % letter for letter in body) + b"0\r\n\r\n"


async def test_D13_a_body_in_pieces_of_one_byte_is_read_or_refused(hq: RunningNode) -> None:
    ana = await hq.person("ana")
    async with stranger("far") as far:
        liar = far.person("liar")
        follow = far.activity(liar, "Follow", ana.uri, summary="x" * 20_000)
        body = orjson.dumps(follow)
        signed = far.signed(liar, f"{hq.origin}/inbox", body)

        async def send(headers: dict[str, str]) -> bytes:
            lines = {"Host": hq.host, "Transfer-Encoding": "chunked", "Connection": "close"}
            told = "".join(f"{name}: {value}\r\n" for name, value in (lines | headers).items())
            return await raw(hq, f"POST /inbox HTTP/1.1\r\n{told}\r\n".encode(), in_bytes(body))

        assert (await send({"Content-Type": AS2})).startswith(b"HTTP/1.1 401")
        assert await request_of(ana, liar.uri) is None
        assert (await send(signed)).startswith(b"HTTP/1.1 202")  # the twin
        await asked(ana, liar.uri)
    assert await is_well(hq)


HALVES = {
    "nothing": b"",
    "a head": b"GET / HTTP/1.1\r\nHost: x\r\n",
    "a form": b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nlogin=",
    "an activity": b"POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Type: application/activity+json"
    b"\r\nContent-Length: 100\r\n\r\n{",
}


async def test_D12_half_requests_hold_up_nobody(hq: RunningNode) -> None:
    port = int(hq.base.rpartition(":")[2])
    halves = []
    for number in range(200):
        _, half = await asyncio.open_connection("127.0.0.1", port)
        half.write(list(HALVES.values())[number % len(HALVES)])
        halves.append(half)
    try:
        assert await is_well(hq)
    finally:
        for half in halves:
            half.close()


@pytest.mark.parametrize("kind", sorted(HALVES))
async def test_D12_half_requests_are_closed(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for limit in ("server.wiring.KEEPALIVE", "server.wiring.LINGER", "web.params.BODY_SECONDS"):
        monkeypatch.setattr(limit, 2.0)
    monkeypatch.setattr("inbox.endpoint.PATIENCE", 2.0)
    node = await nodes.start("hq")
    whole, half = head(node, b"Connection: close"), HALVES[kind]
    assert b"200 OK" in await raw(node, whole[:20], whole[20:], pause=0.1)  # the twin
    reader, writer = await asyncio.open_connection("127.0.0.1", int(node.base.rpartition(":")[2]))
    try:
        writer.write(half)
        async with asyncio.timeout(60):
            answer = await reader.read()  # until the other side closes
        assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
    finally:
        writer.close()
    assert await is_well(node)


async def compressed(
    node: RunningNode, token: str, body: bytes, encoding: str
) -> tuple[int, float]:
    """The status for a compressed body, and for how long the loop answered nobody.

    In seconds of its thread's processor time: what else the machine does meanwhile is not counted.
    """
    stalled = 0.0

    async def watch() -> None:
        nonlocal stalled
        while True:
            before = thread_time()
            await asyncio.sleep(0.01)
            stalled = max(stalled, thread_time() - before)

    watching = asyncio.create_task(watch())
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Content-Encoding": encoding,
    }
    status = 400  # if the connection is closed
    with suppress(ClientError):
        path = "/api/v1/statuses"
        answer = await node.ask("POST", path, data=BytesIO(body), headers=headers)
        status = answer.status
    watching.cancel()
    return status, stalled


BOMB = gzip.compress(b"x" * (100 << 20))
BOMBS = {
    "large": (BOMB, "gzip"),
    "many members": (gzip.compress(b"") * 100_000, "gzip"),
    "deflate": (zlib.compress(b"x" * (100 << 20)), "deflate"),
    "nested": (gzip.compress(BOMB), "gzip, gzip"),
    "unknown": (b"x" * 1000, "zstd, br"),
}


@pytest.mark.parametrize("kind", sorted(BOMBS))
async def test_D02_a_compressed_body_ends_at_the_cap(hq: RunningNode, kind: str) -> None:
    ana = await hq.person("ana")
    body, encoding = BOMBS[kind]
    before = memory_mb()
    status, stalled = await compressed(hq, ana.token, body, encoding)
    assert status in {400, 413, 415, 422}
    assert memory_mb() - before < 32
    assert stalled < 2, "a bound for a busy machine; inflating it all would take far longer"
    assert await is_well(hq)


async def test_D02_an_honest_compressed_body_is_read(hq: RunningNode) -> None:
    ana = await hq.person("ana")
    body = gzip.compress(b'{"status":"small","visibility":"public"}')
    assert (await compressed(hq, ana.token, body, "gzip"))[0] == 200
    assert "small" in (await ana.sees("small"))["content"]
