"""What apps read all day costs a fixed number of statements, for some lines as for many.

The pages mix everything that stands beside posts, by people of three servers, and are read by a
member and by a guest who filter words, mute somebody and keep a list.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from domain.audience import Audience
from domain.kinds import Role
from server.wiring import Role as ProcessRole
from social.purging import FORGOTTEN
from storage.tx import Tx
from tests.support import factories
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.support.pictures import upload
from tests.web.gathering import Club, found_club

ROUNDS = 5
TAG = "ladders"
FEW, MANY = 16, 40
SHORT, LONG = 10, 200


@dataclass
class World:
    """A node with much on it, its two readers, and two threads."""

    node: RunningNode
    ana: Person
    gina: Person
    bo: Person
    club: Club
    short: int
    long: int
    lists: dict[int, str]

    def pages(self, reader: Person) -> dict[str, str]:
        """What is read, by name."""
        return {
            "home": "/api/v1/timelines/home",
            "public": "/api/v1/timelines/public",
            "tag": f"/api/v1/timelines/tag/{TAG}",
            "list": f"/api/v1/timelines/list/{self.lists[reader.id]}",
            "community": self.club.timeline,
            "account": f"/api/v1/accounts/{self.bo.id}/statuses",
            "bookmarks": "/api/v1/bookmarks",
            "likes": "/api/v1/favourites",
            "told": "/api/v1/notifications",
            "told in groups": "/api/v2/notifications",
        }


@pytest.fixture
async def world(new_database_url: Callable[[], str]) -> AsyncIterator[World]:
    url = new_database_url()
    # A process that only serves: jobs in the background would be counted, too.
    folder = folder_beside(url) / "hq"
    async with running_node(url, folder, role=ProcessRole.WEB, link_previews="on") as node:
        yield await _filled(node)


async def _filled(node: RunningNode) -> World:
    ana, bo, cy = [await node.person(name) for name in ("ana", "bo", "cy")]
    gina = await node.person("gina", Role.GUEST)
    club = await found_club(ana, bo)
    await club.add(gina)
    for reader in (ana, gina):
        await node.db.write(factories.add_follow, reader.id, bo.id)
        await reader.home()
        await _with_wishes(reader, cy)
    far = [
        await node.db.write(_remote, handle, origin, (ana.id, gina.id))
        for handle, origin in (("fern", "https://far.example"), ("nils", "https://near.example"))
    ]
    short = await node.db.write(_thread, bo.id, far, SHORT)
    long = await node.db.write(_thread, bo.id, far, LONG)
    for _ in range(ROUNDS):
        await _round(node, bo, cy, far, (ana, gina))
    lists = {reader.id: await _list(reader, bo) for reader in (ana, gina)}
    for reader in (ana, gina):
        for status in (await reader.home(limit="40"))[:MANY]:
            shown = (status["reblog"] or status)["id"]
            await reader.post(f"/api/v1/statuses/{shown}/bookmark")
            await reader.post(f"/api/v1/statuses/{shown}/favourite")
    return World(node, ana, gina, bo, club, short, long, lists)


async def _with_wishes(reader: Person, muted: Person) -> None:
    await reader.post(
        *("/api/v2/filters",),
        title="Rungs",
        context=["home", "public", "thread", "notifications", "account"],
        filter_action="warn",
        keywords_attributes=[{"keyword": "rung", "whole_word": True}],
    )
    await reader.node.db.write(factories.add_mute, reader.id, muted.id, notifications=False)


async def _list(reader: Person, member: Person) -> str:
    made = await reader.post("/api/v1/lists", title="Mine")
    await reader.post(f"/api/v1/lists/{made['id']}/accounts", account_ids=[str(member.id)])
    return str(made["id"])


async def _round(
    node: RunningNode, bo: Person, cy: Person, far: list[int], readers: tuple[Person, Person]
) -> None:
    """One of each: plain, poll, quote, answer, share, picture, link, community, two from afar."""
    names = " ".join(f"@{reader.handle}" for reader in readers)
    said = await bo.say(f"{names} a rung #{TAG}")
    await bo.say(f"{names} which? #{TAG}", poll={"options": ["a", "b"], "expires_in": 3600})
    await bo.say(f"{names} as I said #{TAG}", quoted_status_id=said["id"])
    await bo.say(f"{names} and so on #{TAG}", in_reply_to_id=said["id"])
    await bo.say(f"{names} see https://pages.example/rungs #{TAG}")
    theirs = await cy.say(f"of cy #{TAG}")
    await bo.post(f"/api/v1/statuses/{theirs['id']}/reblog")
    picture = (await upload(bo))["id"]
    await bo.say(f"{names} look #{TAG}", media_ids=[picture])
    for number in range(4):
        await bo.say(f"@club {names} in the club a rung {number} #{TAG}")
    await bo.say(f"{names} followers", visibility="private")
    for author in far:
        await node.db.write(_public, author, tuple(reader.id for reader in readers))


def _remote(tx: Tx, handle: str, origin: str, followers: tuple[int, int]) -> int:
    author = factories.add_remote(tx, handle, origin)
    for follower in followers:
        factories.add_follow(tx, follower, author)
    return author


def _public(tx: Tx, author: int, readers: tuple[int, ...]) -> None:
    post = factories.add_post(tx, author, Audience.public(), tags=(TAG,), named=readers)
    for reader in readers:
        factories.add_home_entry(tx, reader, post, author)


def _thread(tx: Tx, author: int, far: list[int], length: int) -> int:
    """Answers of three servers' people, some to the beginning and some to each other."""
    public = Audience.public()
    root = last = factories.add_post(tx, author, public)
    for number in range(length):
        writer = (author, *far)[number % 3]
        answer = factories.add_reply(tx, writer, last if number % 4 else root)
        last = answer if number % 5 else root
    return root


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every statement from now on."""
    seen: list[int] = []
    real = Tx._rows

    def rows(self: Tx, fetch: Any, statement: Any, params: Any) -> Any:
        seen.append(id(statement))
        return real(self, fetch, statement, params)

    monkeypatch.setattr(Tx, "_rows", rows)
    return seen


async def _cost(counted: list[int], reader: Person, path: str, **params: str) -> tuple[int, int]:
    """How many statements a page takes of which nothing is rendered yet, and how many lines."""
    await reader.node.db.write(_forget_rendered)
    counted.clear()
    found = await reader.get(path, **params)
    spent = len(counted)
    groups = found.get("notification_groups") if isinstance(found, dict) else found
    return spent, len(found["descendants"] if groups is None else groups)


def _forget_rendered(tx: Tx) -> None:
    tx.publish(FORGOTTEN, b"")


async def test_pages_and_threads_take_as_many_statements_for_many_lines_as_for_few(
    world: World, counted: list[int]
) -> None:
    differing = {}
    for reader in (world.ana, world.gina):
        for name, path in world.pages(reader).items():
            few, short = await _cost(counted, reader, path, limit=str(FEW))
            many, lines = await _cost(counted, reader, path, limit=str(MANY))
            if many != few or lines <= short:
                differing[reader.handle, name] = (few, short, many, lines)
        few, short = await _cost(counted, reader, f"/api/v1/statuses/{world.short}/context")
        many, lines = await _cost(counted, reader, f"/api/v1/statuses/{world.long}/context")
        if many != few or (short, lines) != (SHORT, LONG):
            differing[reader.handle, "thread"] = (few, short, many, lines)
    assert not differing
