"""Timelines: who sees what, paging, and the same number of statements for one post or forty."""

from collections.abc import Callable
from typing import Any

import pytest

from server.wiring import Role as ProcessRole
from storage.tx import Tx
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.support.strict import check_all

HOME = "/api/v1/timelines/home"
PUBLIC = "/api/v1/timelines/public"


def next_page(link: str, rel: str = "next") -> str:
    wanted = [part for part in link.split(", ") if part.endswith(f'rel="{rel}"')]
    return wanted[0].split(">")[0].removeprefix("<")


async def ids(person: Person, path: str, **params: str) -> list[str]:
    return [post["id"] for post in check_all("status", await person.get(path, **params))]


@pytest.mark.operation("GET /api/v1/timelines/home")
async def test_home_shows_whom_one_follows_and_oneself(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    cy = await node.person("cy")
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    assert await ids(ana, HOME) == []
    mine, theirs = await ana.say("Mine"), await bo.say("Theirs")
    await cy.say("A stranger's")
    assert await ids(ana, HOME) == [theirs["id"], mine["id"]]
    shared = await bo.post(f"/api/v1/statuses/{(await cy.say('Shared'))['id']}/reblog")
    assert (await ids(ana, HOME))[0] == shared["id"]


async def test_home_is_built_for_somebody_who_was_away(ana: Person, bo: Person) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    posted = await bo.say("While ana was away")
    assert await ids(ana, HOME) == [posted["id"]]  # her first visit: nothing was written before
    another = await bo.say("And now")
    assert await ids(ana, HOME) == [another["id"], posted["id"]]


async def test_home_pages_through_everything_once_in_order(ana: Person) -> None:
    posted = [(await ana.say(f"Post {number}"))["id"] for number in range(7)]
    seen: list[str] = []
    path = f"{HOME}?limit=3"
    while True:
        answer = await ana.ask("GET", path)
        page = [post["id"] for post in answer.json]
        if not page:
            assert "Link" not in answer.headers
            break
        seen += page
        path = next_page(answer.headers["Link"])
        assert path.startswith(ana.node.origin)
        assert "limit=3" in path
    assert seen == posted[::-1]


async def test_marks_mean_what_clients_think(ana: Person) -> None:
    posted = [(await ana.say(f"Post {number}"))["id"] for number in range(5)]
    newest = posted[::-1]
    assert await ids(ana, HOME, max_id=posted[3], limit="2") == [posted[2], posted[1]]
    assert await ids(ana, HOME, since_id=posted[1], limit="2") == newest[:2]
    assert await ids(ana, HOME, min_id=posted[1], limit="2") == [posted[3], posted[2]]
    assert await ids(ana, HOME, min_id=posted[4]) == []
    assert await ids(ana, HOME, max_id="0") == []


@pytest.mark.parametrize(("limit", "status"), [("-1", 400), ("0", 400), ("x", 422), ("1e3", 422)])
async def test_sizes_that_no_page_has_are_refused(ana: Person, limit: str, status: int) -> None:
    assert (await ana.ask("GET", HOME, params={"limit": limit})).status == status


async def test_a_page_has_at_most_forty_posts(ana: Person) -> None:
    for number in range(42):
        await ana.say(f"Post {number}")
    assert len(await ids(ana, HOME)) == 20
    assert len(await ids(ana, HOME, limit="1000")) == 40


async def test_local_and_network_posts_are_for_members(
    node: RunningNode, ana: Person, bo: Person, gina: Person
) -> None:
    posted = await ana.say("To the network")
    await ana.say("Quiet", visibility="unlisted")
    await ana.say("Followers", visibility="private")
    await bo.say("@ana answer", in_reply_to_id=posted["id"])
    for params in ({}, {"local": "true"}):
        assert await ids(bo, PUBLIC, **params) == [posted["id"]]
        assert await gina.get(PUBLIC, **params) == []
        assert (await node.ask("GET", PUBLIC, params=params)).json == []
    assert await ids(bo, PUBLIC, remote="true") == []
    assert await ids(bo, PUBLIC, only_media="true") == []


async def test_G12_a_tag_of_the_main_network_equals_one_that_nobody_used(
    node: RunningNode, ana: Person, bo: Person, gina: Person
) -> None:
    posted = await ana.say("About #Lernen")
    assert await ids(bo, "/api/v1/timelines/tag/lernen") == [posted["id"]]
    assert await ids(bo, "/api/v1/timelines/tag/LERNEN", local="true") == [posted["id"]]
    for asking in (gina.ask, node.ask):
        used = await asking("GET", "/api/v1/timelines/tag/lernen")
        unused = await asking("GET", "/api/v1/timelines/tag/never")
        assert (used.status, used.body) == (unused.status, unused.body) == (200, b"[]")
        assert "Link" not in used.headers


async def test_flags_are_the_viewers_own_though_the_words_are_kept(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    posted = await ana.say("Kept in memory")
    await bo.post(f"/api/v1/statuses/{posted['id']}/favourite")
    for _ in range(2):
        mine, theirs = (await ana.get(PUBLIC))[0], (await bo.get(PUBLIC))[0]
        assert (mine["favourited"], theirs["favourited"]) == (False, True)
        assert mine["favourites_count"] == theirs["favourites_count"] == 1


async def test_what_changed_is_shown_at_once_though_the_words_are_kept(
    ana: Person, bo: Person
) -> None:
    posted = await ana.say("Befor")
    assert "Befor" in (await bo.get(PUBLIC))[0]["content"]
    await ana.put(f"/api/v1/statuses/{posted['id']}", status="After")
    assert "After" in (await bo.get(PUBLIC))[0]["content"]
    await ana.ask("PATCH", "/api/v1/accounts/update_credentials", data={"display_name": "Ana B."})
    assert (await bo.get(PUBLIC))[0]["account"]["display_name"] == "Ana B."
    await ana.delete(f"/api/v1/statuses/{posted['id']}")
    assert await bo.get(PUBLIC) == []


async def test_words_that_are_kept_go_to_nobody_who_lost_the_right(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    await bo.post(f"/api/v1/accounts/{ana.id}/follow")
    posted = await ana.say("For followers", visibility="private")
    assert await ids(bo, HOME) == [posted["id"]]
    await ana.post(f"/api/v1/accounts/{bo.id}/remove_from_followers")
    assert await ids(bo, HOME) == []
    assert await bo.get(f"/api/v1/accounts/{ana.id}/statuses") == []


async def test_strangers_see_world_public_posts_without_flags(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    posted = await ana.say("To the world")
    await node.db.write(make_world_public, int(posted["id"]))
    await bo.get(PUBLIC)  # kept under a member's class, with figures
    found = (await node.ask("GET", PUBLIC)).json
    check_all("status_for_strangers", found)
    assert found[0]["account"]["followers_count"] == 0


def make_world_public(tx: Tx, post_id: int) -> None:
    """What our own pages offer, and apps cannot choose."""
    from sqlalchemy import bindparam, update

    from domain.audience import Kind
    from storage.tables.posts import posts

    world = {"kind": Kind.PUBLIC, "owner_id": 0, "root_kind": Kind.PUBLIC, "root_owner_id": 0}
    tx.change(update(posts).where(posts.c.id == bindparam("key")).values(world), key=post_id)


async def test_home_takes_as_many_statements_for_forty_posts_as_for_one(
    new_database_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database_url()
    # A process that only serves: jobs in the background would be counted, too.
    async with running_node(url, folder_beside(url) / "hq", role=ProcessRole.WEB) as node:
        await compare_statements(node, monkeypatch)


async def compare_statements(node: RunningNode, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, bo = await node.person("ana"), await node.person("bo")
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await ana.home()
    counted: list[int] = []
    real = Tx._rows

    def rows(self: Tx, fetch: Any, statement: Any, params: Any) -> Any:
        counted.append(id(statement))
        return real(self, fetch, statement, params)

    async def statements() -> int:
        counted.clear()
        with monkeypatch.context() as patch:
            patch.setattr(Tx, "_rows", rows)
            await ana.home(limit="40")
        return len(counted)

    await bo.say("@ana the first #one")
    one = await statements()
    for number in range(39):
        posted = await bo.say(f"@ana number {number} #tag{number}")
        if number % 4 == 0:
            await bo.post(f"/api/v1/statuses/{posted['id']}/reblog")
    forty = await statements()
    assert forty == one
    kept = await statements()
    assert kept < forty  # nothing is loaded that is rendered already
