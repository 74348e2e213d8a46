"""Callers without measure at a whole node: they meet an end, everybody else is served as before."""

import asyncio
import gzip
import resource
import zlib
from contextlib import AsyncExitStack, suppress
from io import BytesIO
from time import monotonic
from typing import Any

import orjson
import pytest
from aiohttp import ClientError, ClientSession, TCPConnector, WSMsgType, WSServerHandshakeError
from sqlalchemy import delete

from social.streaming import MOST_CHANNELS
from storage.database import READ_LIMIT
from storage.tables.accounts import attempts
from storage.tx import Tx
from tests.hostile.test_long_threads import seed
from tests.hostile.test_same_work import Watch
from tests.support.nodes import Answer, Nodes, RunningNode
from tests.support.stranger import AS2, stranger
from tests.together.stories import asked, request_of
from tests.web.visitor import browsing, with_password
from web.routes import Access
from web.tables import ROUTES

_THE_WAIT_IS_OVER = delete(attempts)


@pytest.fixture
async def hq(nodes: Nodes) -> RunningNode:
    return await nodes.start("hq", rate_limits="on")


async def is_well(node: RunningNode) -> bool:
    """Whether somebody else is served at this moment."""
    async with asyncio.timeout(5):
        return (await node.ask("GET", "/nodeinfo/2.0")).status == 200


def memory_mb() -> float:
    """The most that this process, with its node, ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def raw(node: RunningNode, *pieces: bytes, pause: float = 0) -> bytes:
    """What comes back for bytes on a bare socket, until the end or two seconds of silence."""
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
            while piece := await asyncio.wait_for(reader.read(65_536), 2):
                answer += piece
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
        monkeypatch.setattr(limit, 1.0)
    monkeypatch.setattr("inbox.endpoint.PATIENCE", 1.0)
    node = await nodes.start("hq")
    whole, half = head(node, b"Connection: close"), HALVES[kind]
    assert b"200 OK" in await raw(node, whole[:20], whole[20:], pause=0.1)  # the twin
    reader, writer = await asyncio.open_connection("127.0.0.1", int(node.base.rpartition(":")[2]))
    try:
        writer.write(half)
        async with asyncio.timeout(5):
            answer = await reader.read()  # until the other side closes
        assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
    finally:
        writer.close()
    assert await is_well(node)


async def compressed(
    node: RunningNode, token: str, body: bytes, encoding: str
) -> tuple[int, float]:
    """The status for a compressed body, and for how long the loop answered nobody, in seconds."""
    stalled = 0.0

    async def watch() -> None:
        nonlocal stalled
        while True:
            before = monotonic()
            await asyncio.sleep(0.01)
            stalled = max(stalled, monotonic() - before - 0.01)

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


COSTLY = (
    ("/api/v2/search", {"q": "a" * 10_000}),
    ("/api/v2/search", {"q": "from: to: has: before: -" * 40}),
    ("/api/v2/search", {"q": "word", "limit": "1000000000"}),
    ("/api/v2/search", {"q": "word", "limit": "-5"}),
    ("/api/v2/search", {"q": "word", "type": "statuses", "offset": "1000000000"}),
    ("/api/v1/timelines/home", {"limit": "1000000000"}),
    ("/api/v1/timelines/home", {"limit": "-1"}),
    ("/api/v1/timelines/home", {"max_id": "9" * 400}),
    ("/api/v1/timelines/public", {"limit": "1000000000"}),
    ("/api/v1/notifications", {"limit": "1000000000"}),
    ("/api/v1/accounts/relationships", {"id[]": [str(n) for n in range(1, 1001)]}),
    ("/api/v1/statuses", {"id[]": [str(n) for n in range(1, 1001)]}),
)


async def test_D19_costly_questions_are_clamped_or_refused(hq: RunningNode) -> None:
    ana = await hq.person("ana")
    for number in range(45):
        await ana.say(f"word {number}", visibility="public")
    for path, params in COSTLY:
        answer = await ana.ask("GET", path, params=params)
        assert answer.status in {200, 400, 404, 422}, (path, params)
        if answer.status == 200:
            assert longest(answer) <= 40, (path, params)
    assert len(await ana.get("/api/v1/timelines/home", limit=40)) == 40  # the twin


@pytest.mark.only("sqlite")
async def test_D19_a_statement_that_takes_too_long_is_stopped(hq: RunningNode) -> None:
    ana = await hq.person("ana")
    first, *_ = await hq.db.write(seed, ana.id, 2_000)
    path = f"/api/v1/statuses/{first}/context"
    before = await hq.db.read(limit_reading, 0.0)
    assert before == READ_LIMIT
    stopped = await ana.ask("GET", path)
    assert stopped.status == 503
    assert int(stopped.headers["Retry-After"]) > 0
    assert await is_well(hq)
    await hq.db.read(limit_reading, before)
    assert (await ana.ask("GET", path)).status == 200  # the twin


def limit_reading(tx: Tx, seconds: float) -> float:
    """Give this node's one reader so long for each unit from the next one on; how long it had."""
    session: Any = tx._session
    before: float = session._limit
    session._limit = seconds
    return before


def longest(answer: Answer) -> int:
    """The longest list in an answer."""
    found: Any = answer.json
    lists = [found] if isinstance(found, list) else list(found.values())
    return max((len(one) for one in lists if isinstance(one, list)), default=0)


async def test_D20_a_flood_of_passwords_is_limited_and_bounded(hq: RunningNode) -> None:
    await with_password(hq, "ana")
    page = await hq.ask("GET", "/sign-in")
    word = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    before = memory_mb()

    async def attempt() -> int:
        answer = await hq.ask(
            "POST",
            "/sign-in",
            data={"csrf": word, "login": "ana", "password": "not the password"},
            headers={"Cookie": cookie, "Origin": hq.origin},
        )
        return answer.status

    statuses = await asyncio.gather(*(attempt() for _ in range(200)))
    assert 429 in statuses
    assert all(400 <= status < 500 for status in statuses)
    assert memory_mb() - before < 200  # argon2 takes 19 MiB for each that is looked at
    assert await is_well(hq)
    async with browsing(hq) as browser:
        assert (await browser.sign_in("ana")).status == 429
        await hq.db.write(lambda tx: tx.run(_THE_WAIT_IS_OVER))
        assert (await browser.sign_in("ana", "not the password")).status == 422
        assert (await browser.sign_in("ana")).status == 303
        assert (await browser.get("/settings")).status == 200


async def test_D21_streams_and_sockets_of_one_person_have_an_end(hq: RunningNode) -> None:
    ana, bo = await hq.person("ana"), await hq.person("bo")
    address = hq.url("/api/v1/streaming")
    async with (
        ClientSession(connector=TCPConnector(limit=0)) as session,
        AsyncExitStack() as opened,
    ):

        async def connect(token: str) -> Any:
            return await opened.enter_async_context(
                session.ws_connect(address, protocols=[token], max_msg_size=0)
            )

        first = await connect(ana.token)
        for number in range(1_000):
            await first.send_json({"type": "subscribe", "stream": "hashtag", "tag": f"t{number}"})
        told = [(await first.receive(timeout=10)).data for _ in range(900)]
        assert all("Too many streams" in one for one in told)
        for _ in range(MOST_CHANNELS - 1):
            await connect(ana.token)
        with pytest.raises(WSServerHandshakeError) as refused:
            await connect(ana.token)
        assert refused.value.status == 429
        await connect(bo.token)  # the twin: another person is no other's limit
    async with ClientSession() as session:
        again = await session.ws_connect(address, protocols=[ana.token])  # closed ones are free
        await again.close()


@pytest.mark.parametrize("compress", [0, 15])
async def test_D21_a_frame_larger_than_any_wish_ends_the_connection(
    hq: RunningNode, compress: int
) -> None:
    ana = await hq.person("ana")
    async with (
        ClientSession() as session,
        session.ws_connect(
            hq.url("/api/v1/streaming"), protocols=[ana.token], compress=compress
        ) as opened,
    ):
        assert not opened.compress, "nothing is inflated here"
        with suppress(ConnectionError):
            await opened.send_str("x" * 5_000_000)
        ended = await opened.receive(timeout=10)
        assert ended.type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}
        assert opened.close_code in {1009, 1006}
    assert await is_well(hq)


WITH_A_TOKEN = {Access.APP, Access.ACCOUNT, Access.MEMBER, Access.MODERATOR, Access.ADMIN}


def paths(*rights: Access) -> list[tuple[str, str]]:
    """Method and an address of each route that takes one of these rights."""
    return [
        (route.method, route.path.replace("{id}", "1").replace("{", "").replace("}", ""))
        for route in ROUTES
        if route.access in rights
    ]


@pytest.mark.only("sqlite")
async def test_D24_nobody_is_refused_before_any_work(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    watch = Watch()
    await watch.begin(node)
    asked_for = paths(*WITH_A_TOKEN)
    assert len(asked_for) > 40
    for method, path in asked_for:
        watch.statements.clear()
        answer = await node.ask(method, path)
        assert answer.status in {401, 403, 422}, (method, path)
        assert not watch.statements, (method, path)
    served = 0
    for method, path in asked_for:  # the twin: with a token each one is looked at
        if method == "GET" and "/streaming" not in path:  # those would go on for ever
            watch.statements.clear()
            served += (await ana.ask(method, path)).status == 200
            assert watch.statements, path
    assert served > 15


@pytest.mark.only("sqlite")
async def test_D24_a_page_for_members_sends_nobody_to_the_form_before_any_work(
    nodes: Nodes,
) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    watch = Watch()
    await watch.begin(node)
    asked_for = paths(Access.SIGNED_IN)
    assert len(asked_for) > 40
    for method, path in asked_for:
        watch.statements.clear()
        answer = await node.ask(method, path)
        assert answer.status == 302, (method, path)
        assert answer.headers["Location"].startswith("/sign-in?next="), (method, path)
        assert not watch.statements, (method, path)
    served = 0
    async with browsing(node, ana) as browser:  # the twin
        for method, path in asked_for:
            if method == "GET":
                watch.statements.clear()
                served += (await browser.get(path)).status == 200
                assert watch.statements, path
    assert served > 5
