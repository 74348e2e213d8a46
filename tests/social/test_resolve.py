"""Asking other servers who or what a name means, and who may see the answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from aiohttp.web import Application, Request, Response, json_response

from domain.addresses import AddressPolicy
from domain.audience import ANONYMOUS, Audience
from domain.ids import HERE
from domain.kinds import Role, RuleAction
from domain.node import APPLICATION_HANDLE, HELPER_HANDLE, Federation, Node
from federation.client import Client
from federation.fetcher import Fetcher
from federation.keyring import Keyring
from server import bootstrap
from social import search as finding
from social.search import resolve
from storage.database import Database
from storage.queries import origins
from storage.tx import Tx
from tests.support.factories import (
    NODE,
    add_person,
    add_post,
    guest,
    member,
)


def handles(found: list[Any]) -> list[str]:
    return [actor.acct for actor in found]


PLAIN = replace(NODE, origin="http://here.localhost:8080")
"""A node in development asks over plain http."""


def ana_joins(tx: Tx, /, role: Role = Role.MEMBER) -> int:
    return add_person(tx, "ana", role=role)


@dataclass
class Far:
    """Another server on loopback: one person, one public post, one for nobody here."""

    server: TestServer
    asked: list[str] = field(default_factory=list)
    slow: asyncio.Event | None = None  # it answers when this is set
    robbed: bool = False  # WebFinger leads to somebody else

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def zoe(self) -> str:
        return f"@zoe@127.0.0.1:{self.server.port}"

    async def answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        if self.slow is not None:
            await self.slow.wait()
        documents: dict[str, Callable[[], dict[str, Any]]] = {
            "/.well-known/webfinger": self._finger,
            "/u/zoe": self._actor,
            "/n/1": lambda: self._note("1", ["https://www.w3.org/ns/activitystreams#Public"]),
            "/n/2": lambda: self._note("2", ["https://elsewhere.example/u/1"]),
        }
        make = documents.get(request.path)
        if make is None:
            return Response(status=404)
        kind = (
            "application/jrd+json" if "webfinger" in request.path else "application/activity+json"
        )
        return json_response(make(), content_type=kind)

    def _finger(self) -> dict[str, Any]:
        leads_to = "/u/other" if self.robbed else "/u/zoe"
        link = {"rel": "self", "type": "application/activity+json", "href": self.origin + leads_to}
        return {"subject": f"acct:{self.zoe[1:]}", "links": [link]}

    def _actor(self) -> dict[str, Any]:
        uri = f"{self.origin}/u/zoe"
        return {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": uri,
            "type": "Person",
            "preferredUsername": "zoe",
            "inbox": f"{uri}/inbox",
        }

    def _note(self, number: str, to: list[str]) -> dict[str, Any]:
        return {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{self.origin}/n/{number}",
            "type": "Note",
            "attributedTo": f"{self.origin}/u/zoe",
            "content": "<p>hello</p>",
            "to": to,
        }


@asynccontextmanager
async def asking(
    database: Database, folder: Path, federation: Federation = Federation.OPEN, node: Node = PLAIN
) -> AsyncIterator[tuple[Far, Fetcher]]:
    app = Application()
    server = TestServer(app)
    far = Far(server)
    app.router.add_route("*", "/{path:.*}", far.answer)
    node = replace(node, federation=federation)
    keyring = Keyring(folder)
    keys = keyring.make()
    await database.write(
        bootstrap.prepare, node=node, keys={HELPER_HANDLE: keys, APPLICATION_HANDLE: keys}
    )
    client = Client(AddressPolicy.parse("127.0.0.0/8"), "test", own_origin=node.origin)
    async with server, client:
        yield far, Fetcher(database, client, node, keyring)


async def test_a_handle_elsewhere_is_asked_for_and_found(
    database: Database, tmp_path: Path
) -> None:
    ana = member(await database.write(ana_joins))
    async with asking(database, tmp_path) as (far, fetcher):
        found = await resolve(database, fetcher, viewer=ana, q=far.zoe)
        assert handles(found.people) == [far.zoe[1:]]
        asked = len(far.asked)
        again = await resolve(database, fetcher, viewer=ana, q=f"{far.origin}/u/zoe")
        assert again.people == found.people
        assert len(far.asked) == asked, "who is known is not asked for again"


async def test_addresses_of_people_and_posts_are_found(database: Database, tmp_path: Path) -> None:
    ana = member(await database.write(ana_joins))
    async with asking(database, tmp_path) as (far, fetcher):
        post = await resolve(database, fetcher, viewer=ana, q=f"{far.origin}/n/1")
        assert [view.row.uri for view in post.posts] == [f"{far.origin}/n/1"]
        person = await resolve(database, fetcher, viewer=ana, q=f"{far.origin}/u/zoe")
        assert handles(person.people) == [far.zoe[1:]]


async def test_finding_a_post_gives_nobody_the_right_to_read_it(
    database: Database, tmp_path: Path
) -> None:
    ana = member(await database.write(ana_joins))
    async with asking(database, tmp_path) as (far, fetcher):
        assert not await resolve(database, fetcher, viewer=ana, q=f"{far.origin}/n/2")
        assert not await resolve(database, fetcher, viewer=ana, q=f"{far.origin}/n/404")


async def test_G_a_guest_and_the_anonymous_ask_no_other_server(
    database: Database, tmp_path: Path
) -> None:
    gina = guest(await database.write(ana_joins, Role.GUEST))
    async with asking(database, tmp_path) as (far, fetcher):
        for viewer in (gina, ANONYMOUS):
            for text in (far.zoe, f"{far.origin}/n/1"):
                assert not await resolve(database, fetcher, viewer=viewer, q=text)
        assert far.asked == []


@pytest.mark.parametrize("mode", [Federation.CLOSED, Federation.PARTNERS])
async def test_a_server_that_was_not_admitted_is_not_asked(
    database: Database, tmp_path: Path, mode: Federation
) -> None:
    ana = member(await database.write(ana_joins))
    async with asking(database, tmp_path, mode) as (far, fetcher):
        assert not await resolve(database, fetcher, viewer=ana, q=far.zoe)
        assert far.asked == []


async def test_a_handle_that_leads_to_somebody_else_is_nobody(
    database: Database, tmp_path: Path
) -> None:
    ana = member(await database.write(ana_joins))
    async with asking(database, tmp_path) as (far, fetcher):
        far.robbed = True
        assert not await resolve(database, fetcher, viewer=ana, q=far.zoe)
        assert not await resolve(database, fetcher, viewer=ana, q=f"{far.origin}/u/zoe")


async def test_a_slow_server_is_not_waited_for(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "RESOLVE_SECONDS", 0.1)
    ana = member(await database.write(ana_joins))
    async with asking(database, tmp_path) as (far, fetcher):
        far.slow = asyncio.Event()
        assert not await resolve(database, fetcher, viewer=ana, q=far.zoe)
        assert finding._under_way
        far.slow.set()
        await asyncio.wait(finding._under_way)
        found = await resolve(database, fetcher, viewer=ana, q=far.zoe)
        assert handles(found.people) == [far.zoe[1:]], "what came late was kept"


async def test_our_own_addresses_are_never_asked_over_the_network(
    database: Database, tmp_path: Path
) -> None:
    def prepare(tx: Tx) -> tuple[int, int, int]:
        ana = add_person(tx, "ana")
        return ana, add_post(tx, ana, Audience.network(HERE)), add_person(tx, "g", role=Role.GUEST)

    identifier, post, other = await database.write(prepare)
    ana, gina = member(identifier), guest(other)
    async with asking(database, tmp_path, node=NODE) as (_, fetcher):
        for text in ("@ana", "@ana@here.example", f"{NODE.origin}/@ana", NODE.actor(identifier)):
            found = await resolve(database, fetcher, viewer=ana, q=text)
            assert handles(found.people) == ["ana"], text
            assert not await resolve(database, fetcher, viewer=gina, q=text)
        for text in (NODE.post(post), NODE.post_page("ana", post)):
            found = await resolve(database, fetcher, viewer=ana, q=text)
            assert [view.id for view in found.posts] == [post], text
            assert not await resolve(database, fetcher, viewer=gina, q=text)
        for text in (f"{NODE.origin}/", f"{NODE.origin}/@nobody", f"{NODE.origin}/a/9", "@nobody"):
            assert not await resolve(database, fetcher, viewer=ana, q=text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ana",
        "http://",
        "https://user@far.example/",
        "javascript://x",
        "@",
        "@a@b@c",
        "x" * 5000,
    ],
)
async def test_what_is_no_name_is_not_asked_for(
    database: Database, tmp_path: Path, text: str
) -> None:
    ana = member(await database.write(ana_joins))
    async with asking(database, tmp_path) as (far, fetcher):
        assert not await resolve(database, fetcher, viewer=ana, q=text)
        assert far.asked == []


async def test_N03_a_block_ends_asking_at_once(database: Database, tmp_path: Path) -> None:
    ana = member(await database.write(ana_joins))
    async with asking(database, tmp_path) as (far, fetcher):
        await database.write(origins.set_rule, "127.0.0.1", RuleAction.BLOCK)
        assert not await resolve(database, fetcher, viewer=ana, q=far.zoe)
        assert far.asked == []
