"""A members' community on a running node, with members on a scripted Mastodon and GoToSocial."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import bindparam, select

from domain.kinds import Preset, Way
from federation.discovery import find_actor
from social import communities, memberships
from storage.queries import actors, posts, relay_notes
from storage.tables.communities import communities as communities_table
from storage.tables.posts import posts as posts_table
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views.posts import PostRow
from tests.support.gotosocial import GoToSocial
from tests.support.mastodon import Mastodon, ScriptedServer, Status
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.stranger import Document, Page, stranger
from tests.support.stranger import Person as Theirs
from tests.together.stories import known, settled, the_wait_is_over

_PLACED = (
    select(posts_table.c.id)
    .where(
        posts_table.c.place_id == bindparam("place"),
        posts_table.c.share_of_id.is_(None),
        posts_table.c.deleted_at.is_(None),
    )
    .order_by(posts_table.c.id)
)
_BODIES = select(activities.c.body).order_by(activities.c.id)
_TAKES_WIDER = (
    communities_table.update()
    .where(communities_table.c.actor_id == bindparam("key"))
    .values(takes_wider=True)
)

SECRET = "the lock of hall 3 is broken"
WORDS = "I have the key"


@dataclass
class PlainClub:
    """Ana (steward) and Bo on hq; Dee on Mastodon; Gil on GoToSocial; each with followers."""

    hq: RunningNode
    ana: Person
    bo: Person
    mastodon: Mastodon
    gotosocial: GoToSocial
    dee: Theirs
    gil: Theirs
    id: int = 0

    @property
    def uri(self) -> str:
        return self.hq.node.actor(self.id)

    @property
    def timeline(self) -> str:
        return f"/api/v1/timelines/list/g{self.id}"

    async def found(self) -> None:
        keys = await self.hq.parts.keyring.generate()
        self.id = await self.hq.db.write(
            communities.found,
            node=self.hq.node,
            handle="club",
            name="Safe lifting",
            purpose="To lift safely",
            preset=Preset.PARTNERS,
            by_id=self.ana.id,
            keys=keys,
        )

    async def ask(self, server: ScriptedServer, person: Theirs) -> None:
        """Follow from there, and wait until it is here."""
        await server.follow(person, self.uri)
        await settled(self.hq)

    async def join(self, server: ScriptedServer, person: Theirs) -> None:
        """An invitation by private mention, accepted by following."""
        await find_actor(self.hq.parts.fetcher, person.uri)
        await self.hq.db.write(_invite, club=self, uri=person.uri)
        await settled(self.hq)
        await self.ask(server, person)

    async def expel(self, person: Theirs) -> None:
        await self.hq.db.write(_remove, club=self, uri=person.uri)
        await settled(self.hq)

    async def out_of_order(self, server: ScriptedServer, *people: Theirs) -> None:
        """Their server answers nothing for a while."""
        for person in people:
            server.server.pages[f"{person.path}/inbox"] = Page(status=503)

    async def in_order(self, server: ScriptedServer, *people: Theirs) -> None:
        """It is back, and everything that waits was tried again."""
        for person in people:
            server.server.pages[f"{person.path}/inbox"] = server.take
        await the_wait_is_over(self.hq)
        await settled(self.hq)

    async def say(self, person: Person, text: str, **more: Any) -> Json:
        """A post in the community, or an answer there."""
        mention = "" if "in_reply_to_id" in more else "@club "
        said = await person.say(f"{mention}{text}", visibility="private", **more)
        await settled(self.hq)
        return said

    async def take_wider(self) -> None:
        await self.hq.db.write(lambda tx: tx.change(_TAKES_WIDER, key=self.id))

    async def posts(self) -> list[PostRow]:
        """What stands in the community, its authors' refused words too."""
        return await self.hq.db.read(_placed, self.id)

    async def heard(self, document: Document) -> PostRow | None:
        """The post that became of a note there."""
        return await self.hq.db.read(_heard, str(document["id"]))

    async def sent(self) -> list[Document]:
        """Every activity that left, or was to leave."""
        bodies = await self.hq.db.read(lambda tx: [row[0] for row in tx.all(_BODIES)])
        return [orjson.loads(body) for body in bodies]

    def copy(self, server: ScriptedServer, person: Theirs, text: str) -> Status:
        """The member's copy of a post, as the member's app shows it."""
        found = [
            one
            for one in (*server.home_of(person), *server.notices_of(person))
            if text in one.content
        ]
        assert found, f"{person.handle} does not see {text!r}"
        return found[-1]

    async def notices(self, server: ScriptedServer, person: Theirs) -> list[str]:
        """What our helper wrote to somebody there."""
        helper = await self.hq.db.read(actors.local_by_handle, "tertulia")
        assert helper is not None
        return [one.content for one in server.notices_of(person) if one.author == helper.uri]


def _invite(tx: Tx, *, club: PlainClub, uri: str) -> None:
    person = actors.by_uri(tx, uri)
    assert person is not None
    memberships.invite(
        tx,
        node=club.hq.node,
        community_id=club.id,
        actor_id=person.id,
        by_id=club.ana.id,
        way=Way.PLAIN,
    )


def _remove(tx: Tx, *, club: PlainClub, uri: str) -> None:
    person = actors.by_uri(tx, uri)
    assert person is not None
    memberships.remove(
        tx, node=club.hq.node, community_id=club.id, actor_id=person.id, by_id=club.ana.id
    )


def _placed(tx: Tx, place: int) -> list[PostRow]:
    found = (posts.by_id(tx, row[0]) for row in tx.all(_PLACED, place=place))
    return [row for row in found if row is not None]


def _heard(tx: Tx, uri: str) -> PostRow | None:
    words = relay_notes.words_by_uri(tx, uri)
    return posts.by_id(tx, words.post_id) if words is not None else None


@asynccontextmanager
async def plain_club(nodes: Nodes) -> AsyncIterator[PlainClub]:
    """The community with its members, all invited, and joined by a Follow."""
    hq = await nodes.start("hq")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    async with stranger("masto") as one, stranger("gts") as two:
        inbox = f"{hq.origin}/inbox"
        mastodon, gotosocial = Mastodon(one, inbox), GoToSocial(two, inbox)
        dee, gil = mastodon.person("dee"), gotosocial.person("gil")
        club = PlainClub(hq, ana, bo, mastodon, gotosocial, dee, gil)
        await club.found()
        await hq.db.write(_add_here, club=club)
        await club.join(mastodon, dee)
        await club.join(gotosocial, gil)
        await until(_are_in(club))
        yield club


def _add_here(tx: Tx, *, club: PlainClub) -> None:
    memberships.add(
        tx, node=club.hq.node, community_id=club.id, actor_id=club.bo.id, by_id=club.ana.id
    )


def _are_in(club: PlainClub) -> Any:
    async def so() -> bool:
        return (
            club.uri in club.mastodon.following[club.dee.uri]
            and club.uri in club.gotosocial.following[club.gil.uri]
        )

    return so


def servers(club: PlainClub) -> list[tuple[ScriptedServer, Theirs]]:
    return [(club.mastodon, club.dee), (club.gotosocial, club.gil)]


async def answer(
    club: PlainClub, server: ScriptedServer, person: Theirs, text: str, visibility: str = "direct"
) -> dict[str, object]:
    status = club.copy(server, person, text)
    if server is club.mastodon:
        written = await club.mastodon.reply(person, status, WORDS, visibility=visibility)
    else:
        written = await club.gotosocial.reply(person, status, WORDS, visibility=visibility)
    await settled(club.hq)
    return written
