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

import structlog

from activitypub.parse.activities import Activity
from activitypub.parse.posts import NoteDocument
from domain.node import Node
from inbox.intake import order_key
from inbox.signed import SignedActivity
from jobs.queue import waiting_keys
from social import arrivals, refreshing
from social.arrivals import Arrival, Plain
from storage.database import Database
from storage.dialects import is_postgresql
from storage.queries import intake
from storage.tx import Tx
from storage.views.actors import ActorView

log = structlog.get_logger("inbox")

#: Posts of one unit: a few ms of the one writer's time.
MOST: Final = 64
#: The work of one unit, in lines of homes (a µs each): what is more than that goes alone.
MOST_WORK: Final = 4_000
#: What somebody named, and a file, are beside a line.
_NAMED: Final = 50
_FILE: Final = 100
#: Seconds after which a unit is thought to wait for a row that somebody holds (PostgreSQL); then
#: another is stored beside it, of so many at most.
SOON: Final = 0.1
_AT_A_TIME: Final = 3
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
        self._line: dict[str, asyncio.Future[bool]] = {}  # by what has to keep its order
        self._storing: set[asyncio.Task[None]] = set()
        self._at_a_time = _AT_A_TIME if is_postgresql(db.url) else 1
        self._stuck = 0  # of those who store, so many wait for something
        self._crowded_until = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def take(self, signed: SignedActivity, note: NoteDocument) -> bool:
        """Store a post with what comes beside it; False if it has to go the long way."""
        if not self._most or len(self._coming) >= MOST_WAITING or not may_go(signed, note):
            return False
        key = order_key(signed.signer, signed.activity)
        if self._loop is None:  # kept: asking for it each time is a system call
            self._loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = self._loop.create_future()
        self._line[key] = done
        self._coming.append((Said(signed, note), done))
        self._begin()
        try:
            return await done
        finally:
            if self._line.get(key) is done:
                del self._line[key]

    async def behind(self, signer: ActorView, activity: Activity) -> None:
        """Wait until nothing gathers here that `activity` must not overtake: an edit comes right
        behind its post.
        """
        before = self._line.get(order_key(signer, activity)) if self._line else None
        if before is not None:
            await asyncio.wait([before])

    def _begin(self) -> None:
        """Have it stored, unless somebody does who does not wait for something."""
        if len(self._storing) <= min(self._stuck, self._at_a_time - 1):
            storing = asyncio.get_running_loop().create_task(self._store())
            self._storing.add(storing)
            storing.add_done_callback(self._ended)

    def _ended(self, storing: asyncio.Task[None]) -> None:
        self._storing.discard(storing)
        problem = None if storing.cancelled() else storing.exception()
        if problem is not None:
            log.error("posts cannot be stored together", exc_info=problem)
        if storing.cancelled() or problem is not None:
            if not self._storing:
                self._send_on()
        elif self._coming:
            self._begin()  # for what came since it saw that nothing was left

    async def _store(self) -> None:
        """Store what has gathered until nothing is left."""
        while self._coming:
            if time.monotonic() < self._crowded_until:
                await asyncio.sleep(PAUSE)
                if not self._coming:
                    break
            count = of_one_unit((one for one, _ in self._coming), self._most)
            await self._store_these([self._coming.popleft() for _ in range(count)])
            if count > 1:
                self._crowded_until = time.monotonic() + CROWDED

    def _send_on(self) -> None:
        """Whoever still waits goes the long way: we were ended."""
        while self._coming:
            _, done = self._coming.popleft()
            if not done.done():
                done.set_result(False)

    async def _store_these(self, batch: Sequence[_Coming]) -> None:
        stored: Sequence[bool] = [False] * len(batch)
        is_stuck = False

        def begin_beside() -> None:
            nonlocal is_stuck
            is_stuck = True
            self._stuck += 1
            if self._coming:
                self._begin()

        soon = asyncio.get_running_loop().call_later(SOON, begin_beside)
        try:
            stored = await self._stored([said for said, _ in batch])
        finally:  # whoever waits is answered, even if we are ended
            soon.cancel()
            self._stuck -= is_stuck
            for (_, done), is_stored in zip(batch, stored, strict=True):
                if not done.done():
                    done.set_result(is_stored)

    async def _stored(self, said: Sequence[Said]) -> Sequence[bool]:
        try:
            return await self._db.write(store, node=self._node, said=said)
        except Exception:  # noqa: BLE001 - nothing of it is stored; each finds out what is wrong
            return [False] * len(said)


def of_one_unit(waiting: Iterable[Said], most: int) -> int:
    """How many of those that wait go into one unit, in their order: its work is bounded."""
    count = work = 0
    for signed, note in waiting:
        work += signed.signer.followers_count  # of those whom we know: few live elsewhere
        work += _NAMED * len(note.mentions) + _FILE * len(note.attachments)
        if count == most or (count and work > MOST_WORK):
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
    plain = arrivals.plain_among(tx, node, [_arrival(one) for one in said])
    found = [None if key in waiting else its for key, its in zip(keys, plain, strict=True)]
    chosen = [(one, its) for one, its in zip(said, found, strict=True) if its is not None]
    if chosen:
        _store(tx, chosen)
    return [its is not None for its in found]


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
