"""Ana of our node follows a community of a scripted Lemmy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from storage.queries import posts
from tests.support.forums import Place
from tests.support.lemmy import Lemmy
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.stranger import Person as Foreigner
from tests.support.stranger import stranger
from tests.together.stories import following, known, settled_with


class Following:
    """Ana of our node follows `books` on a Lemmy, where Lia moderates and Mo writes."""

    def __init__(self, node: RunningNode, lemmy: Lemmy) -> None:
        self.node = node
        self.lemmy = lemmy
        self.lia, self.mo = lemmy.person("lia"), lemmy.person("mo")
        self.group = lemmy.community("books", self.lia)
        self.ana: Person
        self.account: Json

    @property
    def place(self) -> Place:
        return self.lemmy.places[self.group.uri]

    @property
    def timeline(self) -> str:
        return f"/api/v1/timelines/list/g{self.account['id']}"

    async def begin(self) -> None:
        self.ana = await known(self.node, "ana")
        self.account = await self.ana.follow(f"@books@{self.lemmy.server.authority}")
        await following(self.ana, self.account["id"])

    async def calm(self) -> None:
        await settled_with(self.lemmy, self.node)

    async def shown(self) -> list[str]:
        """What the community's list shows, newest first."""
        found = await self.ana.get(self.timeline)
        return [one["reblog"]["content"] for one in found]

    async def likes(self, uri: str) -> int:
        """How many like a post, as Ana sees it."""
        row = await self.stored(uri)
        return int((await self.ana.get(f"/api/v1/statuses/{row.id}"))["favourites_count"])

    async def stored(self, uri: str) -> Any:
        return await self.node.db.read(posts.by_uri, uri)

    async def sees_mention(self, words: str) -> None:
        async def there() -> bool:
            told = await self.ana.notifications()
            return any(words in (one.get("status") or {"content": ""})["content"] for one in told)

        await until(there)

    async def refused(self, what: Any, speaker: Foreigner | None = None) -> None:
        """An Announce is taken, and has no effect."""
        before = await self.shown()
        answer = await self.lemmy.announce(self.place, what, speaker)
        assert answer.status == 202
        await self.calm()
        assert await self.shown() == before


@asynccontextmanager
async def following_books(nodes: Nodes, kind: type[Lemmy] = Lemmy) -> AsyncIterator[Following]:
    """The story, begun."""
    node = await nodes.start("hq")
    async with stranger(kind.software) as server:
        story = Following(node, kind(server, f"{node.origin}/inbox"))
        await story.begin()
        yield story
