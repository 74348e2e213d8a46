"""A `Together` that counts its units of work, and can be made to wait until enough have come."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from activitypub.parse.posts import NoteDocument
from inbox.endpoint import Endpoint
from inbox.signed import SignedActivity
from inbox.together import MOST, Said, Together
from social.events import TOPIC, EventKind
from storage.database import Database
from storage.views.actors import ActorView
from tests.inbox.home import Home
from tests.support.stranger import Document, Person

ENOUGH = 40.0
"""Seconds in which everything has come."""


class Counted(Together):
    """Changes nothing of what is stored; `units`: of how many posts, and whether it was stored."""

    def __init__(self, here: Home, *, most: int = MOST, held: bool = False) -> None:
        """`held`: no unit begins before `release`."""
        super().__init__(here.db, here.node, most=most)
        self.units: list[int] = []
        self.asked = 0
        self.answers: Counter[bool] = Counter()
        self._begins = asyncio.Event()
        if not held:
            self._begins.set()
        here.endpoint = Endpoint(here.fetcher, together=self)

    async def _stored(self, said: Sequence[Said]) -> Sequence[bool]:
        await self._begins.wait()
        self.units.append(len(said))
        return await super()._stored(said)

    async def take(self, signed: SignedActivity, note: NoteDocument) -> bool:
        self.asked += 1
        answer = await super().take(signed, note)
        self.answers[answer] += 1
        return answer

    async def has_come(self, count: int) -> None:
        """Wait until so many posts have been brought here."""
        async with asyncio.timeout(ENOUGH):
            while self.asked < count:
                await asyncio.sleep(0.005)

    def release(self) -> None:
        """Let units begin."""
        self._begins.set()

    @property
    def in_line(self) -> int:
        """How many wait for the next unit."""
        return len(self._coming)

    async def comes_to_rest(self) -> None:
        """Wait until nothing waits, and no task is left that would store it."""
        async with asyncio.timeout(ENOUGH):
            while self._coming or self._storing:
                await asyncio.sleep(0.005)


class Streams:
    """Counts how often the streams were told of a new post."""

    def __init__(self, db: Database) -> None:
        self.told: Counter[int] = Counter()
        db.bus.subscribe(self._heard)

    def _heard(self, topic: str, payload: bytes) -> None:
        kind, identifier = orjson.loads(payload)[:2] if topic == TOPIC else (None, 0)
        if kind == EventKind.UPDATE:
            self.told[identifier] += 1


async def statuses(here: Home, *sent: tuple[Person, dict[str, object]]) -> list[int]:
    """Deliver at the same time; what was answered."""
    answers = await asyncio.gather(
        *(person.server.deliver(person, here.inbox, activity) for person, activity in sent)
    )
    return [answer.status for answer in answers]


def naming(person: ActorView) -> Document:
    """What a post says of itself that names somebody."""
    return {"cc": [person.uri], "tag": [{"type": "Mention", "href": person.uri}]}


def written(by: Person, **extra: Any) -> Document:
    """A Create of a new post."""
    note = by.server.note(by, **extra)
    return by.server.activity(by, "Create", note, to=note["to"], cc=note["cc"])


async def ids(here: Home, *creates: Document) -> list[int]:
    """Of the posts that are here, in the order given; each has to be."""
    found = {row[1]: row[0] for row in await here.rows("posts")}
    return [found[create["object"]["id"]] for create in creates]
