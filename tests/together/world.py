"""An open community of one of our nodes, with followers on servers of other kinds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.kinds import Preset
from storage.queries import posts
from storage.views.posts import PostRow
from tests.support.boosting import Boosting
from tests.support.forums import Place
from tests.support.lemmy import Lemmy
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.stranger import Document, stranger
from tests.together.communities import Community, found
from tests.together.stories import following, known, settled_with

HANDLE = "safe-lifting"


class World:
    """Ana and Bo founded it, Cy follows it on another node, Lia on Lemmy, Dee on Mastodon."""

    def __init__(self, hq: RunningNode, far: RunningNode, lemmy: Lemmy, mastodon: Boosting) -> None:
        self.hq, self.far, self.lemmy, self.mastodon = hq, far, lemmy, mastodon
        self.lia, self.mo = lemmy.person("lia"), lemmy.person("mo")
        self.dee, self.dan = mastodon.person("dee"), mastodon.person("dan")
        self.ana: Person
        self.bo: Person
        self.cy: Person
        self.there: Json
        self.community: Community

    @property
    def uri(self) -> str:
        return self.community.uri

    @property
    def place(self) -> Place:
        """The community as Lemmy knows it."""
        return self.lemmy.places[self.uri]

    async def begin(self) -> None:
        self.ana, self.bo = await known(self.hq, "ana"), await known(self.hq, "bo")
        self.cy = await known(self.far, "cy")
        self.community = await found(self.hq, self.ana, self.bo, preset=Preset.WORLD)
        self.there = await self.cy.follow(self.community.acct)
        await following(self.cy, self.there["id"])
        await self.lemmy.subscribe(self.lia, self.uri)
        await self.mastodon.follow(self.dee, self.uri)

        async def accepted() -> bool:
            of_lemmy = self.lia.uri in self.place.subscribed
            return of_lemmy and self.uri in self.mastodon.following[self.dee.uri]

        await until(accepted)

    async def from_mastodon(self, words: str, *, visibility: str = "public") -> Document:
        """Dee writes, naming the community, as Mastodon does; it can be fetched."""
        note = await self.mastodon.send(
            self.dee, f"<p>{words}</p>", visibility=visibility, group=self.uri
        )
        server = self.mastodon.server
        server.add(str(note["id"]).removeprefix(server.origin), note)
        return note

    async def calm(self) -> None:
        await settled_with(self.lemmy, self.hq, self.far)

    async def listed(self, person: Person | None = None) -> list[str]:
        """What the community's list shows to somebody, newest first."""
        reader = person or self.ana
        community_id = self.community.id if reader.node is self.hq else self.there["id"]
        found = await reader.get(f"/api/v1/timelines/list/g{community_id}")
        return [one["reblog"]["content"] for one in found]

    async def row(self, uri: str, node: RunningNode | None = None) -> PostRow | None:
        return await (node or self.hq).db.read(posts.by_uri, uri)


@asynccontextmanager
async def open_world(nodes: Nodes) -> AsyncIterator[World]:
    """The story, begun."""
    hq, far = await nodes.start("hq"), await nodes.start("far")
    home = f"{hq.origin}/inbox"
    async with stranger("lemmy") as one, stranger("social") as other:
        world = World(hq, far, Lemmy(one, home), Boosting(other, home))
        await world.begin()
        yield world
