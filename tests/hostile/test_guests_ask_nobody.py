"""Guests make this node ask no other server, and learn nothing of what members look at (§1, §8)."""

import asyncio

import pytest

from domain.kinds import Role
from tests.hostile.planting import said
from tests.hostile.test_forbidden_addresses import followed, quiet
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.stranger import Stranger, stranger
from tests.together.stories import settled
from tests.web.visitor import browsing

HEADER = "Mastodon-Async-Refresh"


async def a_thread(far: Stranger, node: RunningNode, ana: Person) -> Json:
    """A post of the world with answers elsewhere, which nobody has opened yet."""
    far.add("/replies", {"type": "Collection", "items": []})
    return await said(far, node, ana, lambda liar: far.note(liar, replies=far.url("/replies")))


@pytest.mark.parametrize("by", ["app", "page"])
async def test_P08_a_guest_opens_a_thread_and_nobody_is_asked(nodes: Nodes, by: str) -> None:
    node = await nodes.start("hq")
    ana, gina = await node.person("ana"), await node.person("gina", role=Role.GUEST)
    async with stranger("far") as far, browsing(node, gina) as browser:
        status = await a_thread(far, node, ana)
        path = f"/api/v1/statuses/{status['id']}/context"
        if by == "app":
            opened = await gina.ask("GET", path)
            assert opened.status == 200, "it is there for her"
        else:
            opened_page = await browser.follow(await browser.get(f"/posts/{status['id']}"))
            assert opened_page.status == 200
        await quiet(node)
        assert far.fetches("/replies") == 0
        await ana.get(path)  # the positive twin: a member makes us ask
        await until(lambda: asyncio.sleep(0, far.fetches("/replies") > 0))
        await quiet(node)
        assert far.fetches("/replies") == 1


async def test_P08_a_guest_does_not_learn_that_a_member_just_looked(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana, gina = await node.person("ana"), await node.person("gina", role=Role.GUEST)
    async with stranger("far") as far:
        status = await a_thread(far, node, ana)
        path = f"/api/v1/statuses/{status['id']}/context"
        refresh = f"/api/v1_alpha/async_refreshes/{status['id']}"
        before = [(await gina.ask("GET", one)).body for one in (path, refresh)]
        opened = await ana.ask("GET", path)
        assert HEADER in opened.headers
        assert opened.json["tertulia"]["fetching"] is True
        after = await gina.ask("GET", path)
        assert HEADER not in after.headers
        assert [after.body, (await gina.ask("GET", refresh)).body] == before


async def test_P08_a_guest_looks_at_somebody_and_nobody_is_asked(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana, gina = await node.person("ana"), await node.person("gina", role=Role.GUEST)
    async with stranger("far") as far:
        far.add("/featured", {"type": "OrderedCollection", "orderedItems": []})
        liar = await followed(far, node, ana, featured=far.url("/featured"))
        account = await ana.find(liar.uri)
        await until(lambda: asyncio.sleep(0, far.fetches("/featured") > 0))  # who follows asks
        await settled(node)
        far.seen.clear()
        for path in ("", "/statuses", "/statuses?pinned=true", "/followers"):
            await gina.ask("GET", f"/api/v1/accounts/{account['id']}{path}")
        answer = await gina.ask("GET", f"/api/v2/search?q={far.url('/users/x')}&resolve=true")
        assert answer.status == 200
        await quiet(node)
        assert [one.path for one in far.seen if one.method == "GET"] == []
