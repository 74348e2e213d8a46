"""Together: plain posts that come at the same time are stored in one unit of work.

A busy server sends many posts a second, and most are alike: somebody writes to the world, perhaps
names somebody here. What each costs is mostly the asking and telling of the database, statement by
statement; so they are looked up and stored many at a time (`social/arrivals`). While one unit is
being stored, what comes gathers for the next.

It is never more than a shorter way. What is not plain, or fails, goes one by one (`inbox/at_once`)
as if it had not been tried, and 202 is answered after the same commit as ever.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from activitypub.parse.posts import NoteDocument
from domain.node import Node
from inbox.intake import order_key
from inbox.signed import SignedActivity
from jobs.queue import waiting_keys
from social import arrivals, refreshing
from social.arrivals import Arrival, Plain
from storage.database import Database
from storage.queries import intake
from storage.tx import Tx
from storage.views.actors import ActorView

#: Posts of one unit: a few ms of the one writer's time.
MOST: Final = 64
#: Lines that one unit writes into homes, some more ms; a post that brings more goes alone.
MOST_LINES: Final = 4_000
#: Seconds for which posts gather while many come: fewer commits, each for more of them.
PAUSE: Final = 0.003
#: Seconds after which it is quiet again: then a post that comes alone waits for nothing.
CROWDED: Final = 0.1
#: Posts that may wait for the next units; beyond, each goes the long way and is refused there.
MOST_WAITING: Final = 1_024


class Said(NamedTuple):
    """A Create of a post that may be plain."""

    signed: SignedActivity
    note: NoteDocument


_Coming: TypeAlias = "tuple[Said, asyncio.Future[bool]]"


class Together:
    """Gathers plain posts. One per process."""

    def __init__(self, db: Database, node: Node, *, most: int = MOST) -> None:
        """`most`: of one unit; 0 leaves every post to the long way."""
        self._db = db
        self._node = node
        self._most = most
        self._coming: deque[_Coming] = deque()
        self._storing: asyncio.Task[None] | None = None
        self._crowded_until = 0.0

    async def take(self, signed: SignedActivity, note: NoteDocument) -> bool:
        """Store a post with what comes beside it; False if it has to go the long way."""
        if not self._most or len(self._coming) >= MOST_WAITING or not may_go(signed, note):
            return False
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()
        self._coming.append((Said(signed, note), done))
        if self._storing is None:
            self._storing = loop.create_task(self._store())
        return await done

    async def _store(self) -> None:
        """Store what has gathered until nothing is left."""
        try:
            while self._coming:
                if time.monotonic() < self._crowded_until:
                    await asyncio.sleep(PAUSE)
                count = of_one_unit((one.signed.signer for one, _ in self._coming), self._most)
                batch = [self._coming.popleft() for _ in range(count)]
                await self._store_these(batch)
                if count > 1:
                    self._crowded_until = time.monotonic() + CROWDED
        finally:
            self._storing = None
            self._send_on()

    def _send_on(self) -> None:
        """Whoever still waits goes the long way: we were ended."""
        while self._coming:
            _, done = self._coming.popleft()
            if not done.done():
                done.set_result(False)

    async def _store_these(self, batch: Sequence[_Coming]) -> None:
        stored: Sequence[bool] = [False] * len(batch)
        try:
            stored = await self._stored([said for said, _ in batch])
        finally:  # whoever waits is answered, even if we are ended
            for (_, done), is_stored in zip(batch, stored, strict=True):
                if not done.done():
                    done.set_result(is_stored)

    async def _stored(self, said: Sequence[Said]) -> Sequence[bool]:
        try:
            return await self._db.write(store, node=self._node, said=said)
        except Exception:  # noqa: BLE001 - nothing of it is stored; each finds out what is wrong
            return [False] * len(said)


def of_one_unit(authors: Iterable[ActorView], most: int) -> int:
    """How many of those who wait go into one unit, in their order: its work is bounded."""
    count = lines = 0
    for author in authors:
        lines += author.followers_count  # of those whom we know: few live elsewhere
        if count == most or (count and lines > MOST_LINES):
            break
        count += 1
    return count


def may_go(signed: SignedActivity, note: NoteDocument) -> bool:
    """Whether a Create may bring a plain post: nothing but its post says for whom it is."""
    activity = signed.activity
    if activity.audience or activity.hidden or activity.ours or activity.more:
        return False
    if not arrivals.may_be_plain(note, signed.signer):
        return False
    return not {*activity.to, *activity.cc}.difference(note.to, note.cc)


def store(tx: Tx, *, node: Node, said: Sequence[Said]) -> list[bool]:
    """The ledger's rows and the posts, of what is plain; for each, whether that was all of it.

    Raises StorageError, and then has stored nothing.
    """
    for signer_id in sorted({one.signed.signer.id for one in said}):
        tx.lock(f"signer {signer_id}")
    keys = [order_key(one.signed.signer, one.signed.activity) for one in said]
    waiting = waiting_keys(tx, keys)
    found = arrivals.plain_among(tx, node, [_arrival(one) for one in said])
    plain = [
        (one, its) for one, key, its in zip(said, keys, found, strict=True) if key not in waiting
    ]
    chosen = [(one, its) for one, its in plain if its is not None]
    if chosen:
        _store(tx, chosen)
    taken = {id(one) for one, _ in chosen}
    return [id(one) in taken for one in said]


def _arrival(one: Said) -> Arrival:
    return Arrival(one.note, one.signed.signer, one.signed.received_at)


def _store(tx: Tx, chosen: Sequence[tuple[Said, Plain]]) -> None:
    """What its origin said before has its row already, and has no effect again (S15)."""
    signed = [one.signed for one, _ in chosen]
    new = intake.take_done(
        tx, [(one.signer.origin_id, one.activity.id, one.signer.id) for one in signed]
    )
    arrivals.store(tx, [its for (_, its), is_new in zip(chosen, new, strict=True) if is_new])
    for signer in {one.signer.id: one.signer for one in signed}.values():
        refreshing.want(tx, signer)
