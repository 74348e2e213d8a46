"""Callers without measure at a whole node: they meet an end, everybody else is served as before."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector, WSMsgType, WSServerHandshakeError
from sqlalchemy import delete

from social.streaming import MOST_CHANNELS
from storage.database import READ_LIMIT
from storage.tables.accounts import attempts
from storage.tx import Tx
from tests.hostile.flooding import hq, is_well, memory_mb
from tests.hostile.test_long_threads import seed
from tests.hostile.test_same_work import Watch
from tests.support.nodes import Answer, Nodes, RunningNode
from tests.web.visitor import browsing, with_password
from web.routes import Access
from web.tables import ROUTES

__all__ = ["hq"]

_THE_WAIT_IS_OVER = delete(attempts)


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
        told = [(await first.receive(timeout=30)).data for _ in range(900)]
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
        ended = await opened.receive(timeout=30)
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
