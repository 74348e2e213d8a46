"""Size and time: every body has a cap, every call a deadline, every host its share."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic

import pytest

from domain.addresses import AddressPolicy
from federation.client import (
    Client,
    Limits,
    Purpose,
    Response,
    TimedOut,
    TooLarge,
    Unreachable,
    retry_after,
)
from tests.support.listeners import (
    Canary,
    FakeResolver,
    Seen,
    gzip_bomb,
    reply,
    scripted_server,
)

ONLY_ONE = AddressPolicy.parse("127.0.0.1/32")
JSON = "application/activity+json"
MIB = 1 << 20

Call = Callable[[Client, str], Awaitable[Response]]


async def _fetch(client: Client, url: str) -> Response:
    return await client.fetch(url, accept=JSON)


async def _post(client: Client, url: str) -> Response:
    return await client.post(url, b"{}", {"Content-Type": JSON})


CALLS = pytest.mark.parametrize("call", [_fetch, _post], ids=["fetch", "post"])


def _client(
    names: dict[str, list[list[str]]] | None = None, limits: Limits | None = None
) -> Client:
    return Client(ONLY_ONE, "Tertulia/test", resolver=FakeResolver(names), limits=limits)


def _hello(_: Seen) -> bytes:
    return reply(b"hello")


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


class Endless:
    """A chunked body that never ends, and counts what it got rid of."""

    def __init__(self) -> None:
        self.sent = 0

    async def __call__(self) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        piece = _chunk(bytes(64 << 10))
        while True:
            self.sent += len(piece)
            yield piece


async def test_D03_an_endless_body_is_aborted_at_the_cap() -> None:
    endless = Endless()
    async with scripted_server(lambda _: endless()) as server, _client() as client:
        with pytest.raises(TooLarge):
            await client.fetch(server.url(), accept=JSON, cap=MIB)
        await asyncio.sleep(0.05)
        assert endless.sent < 16 * MIB  # kernel buffers included


async def test_D03_an_announced_giant_is_refused_before_it_is_read() -> None:
    def giant(_: Seen) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"

    async with scripted_server(giant) as server, _client() as client:
        with pytest.raises(TooLarge):
            await client.fetch(server.url(), accept=JSON)


async def _liar(length: int) -> AsyncIterator[bytes]:
    yield f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n0123456789".encode()
    raise ConnectionError  # hangs up


async def test_D03_a_length_that_promises_too_much_is_refused() -> None:
    async with scripted_server(lambda _: _liar(1000)) as server, _client() as client:
        with pytest.raises(Unreachable):
            await client.fetch(server.url(), accept=JSON)


async def test_D03_bytes_beyond_the_announced_length_are_never_returned() -> None:
    async with scripted_server(lambda _: _liar(4)) as server, _client() as client:
        try:
            body = (await client.fetch(server.url(), accept=JSON)).body
        except Unreachable:
            return  # refusing the whole answer, if it comes in one piece, is as good
        assert body == b"0123"


async def test_D03_a_gzip_bomb_is_aborted_at_the_cap() -> None:
    bomb = reply(gzip_bomb(64 * MIB), headers={"Content-Encoding": "gzip"})
    async with scripted_server(lambda _: bomb) as server, _client() as client:
        tracemalloc.start()
        with pytest.raises(TooLarge):
            await client.fetch(server.url(), accept=JSON, cap=MIB)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 * MIB


async def test_D03_honest_bodies_up_to_the_cap_are_returned() -> None:
    def answer(seen: Seen) -> bytes:
        if seen.target == "/gzip":
            return reply(gzip.compress(b"x" * MIB, mtime=0), headers={"Content-Encoding": "gzip"})
        return reply(b"x" * MIB)

    async with scripted_server(answer) as server, _client() as client:
        for path in ("/gzip", "/plain"):
            assert (await client.fetch(server.url(path), accept=JSON, cap=MIB)).body == b"x" * MIB
            with pytest.raises(TooLarge):
                await client.fetch(server.url(path), accept=JSON, cap=MIB - 1)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        *(
            ("br", b"x"),
            ("deflate", b"x"),
            ("gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0)),
        ),
        *(("gzip", b"not gzip"), ("gzip", gzip.compress(b"x", mtime=0)[:-4])),
        ("gzip", gzip.compress(b"", mtime=0) * 1000),
    ],
)
async def test_D03_other_nested_and_broken_encodings_are_refused(
    encoding: str, body: bytes
) -> None:
    answer = reply(body, headers={"Content-Encoding": encoding})
    async with scripted_server(lambda _: answer) as server, _client() as client:
        with pytest.raises(Unreachable):
            await client.fetch(server.url(), accept=JSON)


async def test_D03_a_delivery_counts_by_its_status_whatever_follows() -> None:
    endless = Endless()
    async with scripted_server(lambda _: endless()) as server, _client() as client:
        answer = await _post(client, server.url())
        assert (answer.status, answer.body) == (200, b"")


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

BROKEN = {
    "no http": b"SSH-2.0-OpenSSH_9\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "bad status": b"HTTP/1.1 abc OK\r\n\r\n",
    "nul in a header": OK + b"X: a\x00b\r\n\r\n",
    "no colon": OK + b"nonsense\r\n\r\n",
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "negative length": OK + b"Content-Length: -1\r\n\r\n",
    "long header": OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    "many headers": OK + b"X: y\r\n" * 10_000 + b"\r\n",
    "bad chunk size": CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n",
    "negative chunk": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "chunk cut short": CHUNKED + b"ff\r\nhello",
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_answer_is_no_answer(kind: str) -> None:
    async def answer(_: Seen) -> AsyncIterator[bytes]:
        yield BROKEN[kind]
        raise ConnectionError  # hangs up

    async with scripted_server(answer) as server, _client() as client:
        with pytest.raises(Unreachable):
            await _fetch(client, server.url())


async def _drip(data: bytes) -> AsyncIterator[bytes]:
    for byte in data:
        yield bytes([byte])
        await asyncio.sleep(0.05)


@CALLS
@pytest.mark.parametrize("part", ["nothing", "header", "body"])
async def test_D11_a_slow_answer_ends_at_the_deadline(part: str, call: Call) -> None:
    async def answer(_: Seen) -> AsyncIterator[bytes]:
        if part == "header":
            async for piece in _drip(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1200):
                yield piece
        elif part == "body":
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 1200\r\n\r\n"
            async for piece in _drip(b"y" * 1200):
                yield piece
        else:
            await asyncio.sleep(60)

    async with scripted_server(answer) as server, _client(limits=Limits(deadline=0.4)) as client:
        begun = monotonic()
        if call is _post and part == "body":
            assert await _taken(server.url())
        else:
            with pytest.raises(TimedOut):
                await call(client, server.url())
        assert monotonic() - begun < 50  # the drip itself would last 60 s


async def _taken(url: str) -> bool:
    """Whether a status is enough that comes at once: as soon as this machine can."""
    for deadline in (0.4, 4.0, 20.0):
        async with _client(limits=Limits(deadline=deadline)) as client:
            with suppress(TimedOut):
                return (await _post(client, url)).status == 200
    return False


@CALLS
async def test_D11_a_stalled_tls_handshake_ends(call: Call) -> None:
    with Canary("127.0.0.1") as mute:
        async with _client(limits=Limits(connect=0.2)) as client:
            with pytest.raises(TimedOut):
                await call(client, f"https://127.0.0.1:{mute.port}/")
        assert mute.touches() == 1


async def test_D11_two_hundred_slow_peers_do_not_hold_up_another() -> None:
    async def never(_: Seen) -> AsyncIterator[bytes]:
        await asyncio.sleep(200)
        yield b""

    names = {f"s{number}.example": [["127.0.0.1"]] for number in range(200)}
    async with (
        scripted_server(never) as slow,
        scripted_server(_hello) as good,
        _client(names, limits=Limits(deadline=120, connect=120, silence=120)) as client,
    ):
        waiting = [asyncio.create_task(_post(client, slow.url("/", name))) for name in names]
        async with asyncio.timeout(60):
            while slow.connections < 200:
                await asyncio.sleep(0.01)
        assert slow.connections == 200
        assert (await _post(client, good.url())).ok
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_D11_one_host_never_holds_more_than_four_connections_for_a_purpose() -> None:
    async def soon(_: Seen) -> AsyncIterator[bytes]:
        await asyncio.sleep(0.02)
        yield reply(b"ok")

    async with scripted_server(soon) as server, _client() as client:
        answers = await asyncio.gather(*(_post(client, server.url()) for _ in range(20)))
        assert all(answer.ok for answer in answers)
        assert server.connections == 4


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *((None, None), ("", None), ("soon", None), ("-5", None), ("1e9", None), ("1.5", None)),
        *(("0", 0), ("120", 120), (" 7 ", 7), ("86401", 86400), ("1000000000", 86400)),
        *(("9" * 5000, 86400), ("\u0665", None)),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Tue, 01 Jan 2999 00:00:00 GMT", 86400),
    ],
)
def test_D23_retry_after_is_clamped(value: str | None, seconds: int | None) -> None:
    assert retry_after(value, now=NOON) == seconds


async def test_D11_what_waits_for_us_does_not_hold_up_what_it_waits_for() -> None:
    """Deliveries that wait for a key's fetch, and that for another's, all get a connection."""
    asked = {purpose: asyncio.Event() for purpose in Purpose}
    waiting_for = {
        "/inbox": asked[Purpose.DOCUMENT],
        "/document": asked[Purpose.KEY],
        "/key": asyncio.Event(),
    }
    waiting_for["/key"].set()

    async def answers(seen: Seen) -> AsyncIterator[bytes]:
        if seen.target == "/document":
            asked[Purpose.DOCUMENT].set()
        elif seen.target == "/key":
            asked[Purpose.KEY].set()
        await waiting_for[seen.target].wait()
        yield reply(b"{}")

    async with scripted_server(answers) as server, _client(limits=Limits(per_host=2)) as client:
        calls = [_post(client, server.url("/inbox")) for _ in range(2)]
        calls += [_fetch(client, server.url("/document")) for _ in range(2)]
        calls.append(client.fetch(server.url("/key"), accept=JSON, purpose=Purpose.KEY))
        found = await asyncio.wait_for(asyncio.gather(*calls), 30)
    assert [answer.status for answer in found] == [200] * 5
