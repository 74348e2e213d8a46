"""Threads longer than a page: one reading ends within its limit, and says that there is more."""

from typing import Any

import pytest

from domain.audience import Audience
from domain.ids import HERE
from storage.tx import Tx
from storage.views.threads import DEEPEST, MOST_ANCESTORS, MOST_DESCENDANTS
from tests.support.factories import add_post
from tests.support.nodes import Json, Nodes, Person
from tests.support.stranger import Document, Page, Stranger, stranger
from tests.support.stranger import Person as Liar
from tests.together.stories import settled
from tests.web.visitor import browsing

EARLIER = "This conversation began earlier."
MORE = "There are more answers than fit on one page."
NO_PARENT = "The post that this answers is not here."
NOT_FETCHED = "Some answers on other servers could not be fetched."


def seed(
    tx: Tx, author: int, count: int, *, deep: bool = False, audience: Audience | None = None
) -> list[int]:
    """A first post and so many answers, all to it or each to the one before; the rows alone."""
    network = Audience.network(HERE)
    made = [add_post(tx, author, network)]
    for number in range(count):
        more: dict[str, Any] = {
            "id": made[0] + 1 + number,
            "root": made[0],
            "root_audience": network,
        }
        parent = made[-1 if deep else 0]
        made.append(add_post(tx, author, audience or network, reply_to_id=parent, **more))
    return made


async def context(person: Person, post_id: int) -> tuple[list[int], list[int], bool, bool]:
    """Ids above and below a post, and whether each of the two was cut."""
    found = await person.get(f"/api/v1/statuses/{post_id}/context")
    above, below = (
        [int(one["id"]) for one in found[name]] for name in ("ancestors", "descendants")
    )
    told = found["tertulia"]
    return above, below, told["ancestors_cut"], told["descendants_cut"]


async def page(person: Person, post_id: int) -> str:
    async with browsing(person.node, person) as browser:
        shown = await browser.follow(await browser.get(f"/posts/{post_id}"))
        assert shown.status == 200
        return shown.text


@pytest.mark.both
async def test_D09_twenty_thousand_answers_to_one_post_are_cut_and_it_is_said(
    nodes: Nodes,
) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    root, *answers = await node.db.write(seed, ana.id, 20_000)
    assert await context(ana, root) == ([], answers[:MOST_DESCENDANTS], False, True)
    assert await context(ana, answers[-1]) == ([root], [], False, False)
    text = await page(ana, root)
    assert MORE in text
    assert EARLIER not in text
    root, *answers = await node.db.write(seed, ana.id, MOST_DESCENDANTS)
    assert await context(ana, root) == ([], answers, False, False), "the twin: they just fit"
    assert MORE not in await page(ana, root)


@pytest.mark.both
async def test_D09_ten_thousand_answers_below_each_other_are_cut_and_it_is_said(
    nodes: Nodes,
) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    chain = await node.db.write(seed, ana.id, 10_000, deep=True)
    assert await context(ana, chain[0]) == ([], chain[1 : DEEPEST + 1], False, True)
    assert await context(ana, chain[-1]) == (chain[-1 - MOST_ANCESTORS : -1], [], True, False)
    text = await page(ana, chain[-1])
    assert EARLIER in text
    assert MORE not in text
    top, cut = chain[MOST_ANCESTORS], chain[MOST_ANCESTORS + 1]
    assert (await context(ana, top))[0::2] == (chain[:MOST_ANCESTORS], False), "the twin: it fits"
    assert (await context(ana, cut))[0::2] == (chain[1 : MOST_ANCESTORS + 1], True)
    below = await context(ana, chain[-1 - DEEPEST])
    assert below[1::2] == (chain[-DEEPEST:], False), "the twin: they just fit"


async def test_P06_answers_that_one_may_not_read_are_not_told_of_by_a_cut(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana, bo = await node.person("ana"), await node.person("bo")
    count = MOST_DESCENDANTS + 100
    root, *_ = await node.db.write(seed, ana.id, count, audience=Audience.direct())
    assert await context(bo, root) == ([], [], False, False)
    assert MORE not in await page(bo, root)
    assert (await context(ana, root))[3], "the twin: their author"


def torn(far: Stranger, liar: Liar) -> Document:
    """An answer to what its server does not give, with an answer that cannot be had."""
    far.pages["/above"] = far.pages["/broken"] = Page(status=500)
    far.add("/replies", {"type": "Collection", "items": [far.url("/broken")]})
    return far.note(liar, inReplyTo=far.url("/above"), replies=far.url("/replies"))


async def test_what_a_thread_misses_is_said_in_the_api_and_on_its_page(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with stranger("far") as far:
        liar = far.person("liar")
        whole = await ana.find_post(far.note(liar)["id"])
        assert not any((await missing(ana, whole)).values()), "the twin: nothing is missing"
        text = await page(ana, int(whole["id"]))
        assert NO_PARENT not in text
        assert NOT_FETCHED not in text
        status = await ana.find_post(torn(far, liar)["id"])
        assert (await missing(ana, status))["fetching"]
        await settled(node)
        assert await missing(ana, status) == {
            "parent_missing": True,
            "replies_missing": True,
            "fetching": False,
            "ancestors_cut": False,
            "descendants_cut": False,
        }
        text = await page(ana, int(status["id"]))
        assert NO_PARENT in text
        assert NOT_FETCHED in text


async def missing(person: Person, status: Json) -> dict[str, bool]:
    """What the thread of a post is said to miss."""
    found = await person.get(f"/api/v1/statuses/{status['id']}/context")
    told: dict[str, bool] = found["tertulia"]
    return told
