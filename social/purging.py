"""Forgetting a community elsewhere once nobody here belongs to it, and saying so (protocol §6).

A membership ends with its row, at once, in every question that is asked of the database. What is
here tidies up after it: what waited is sent no more, what was written into homes goes, and the last
member's end makes the node forget everything but our own people's words. The community's node is
told when that is done.
"""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Struct

from domain.ids import HERE
from domain.node import Node
from federation.fetcher import Fetcher
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from outbox import memberships as outbox
from storage.blobs import Blobs
from storage.database import Database
from storage.queries import actors, cards, communities, files
from storage.queries import purging as stored
from storage.queries.communities import MemberRow
from storage.tx import Tx

PURGE: Final = "purge"
"""The job that forgets a community, and acknowledges what asked for it."""

FORGOTTEN: Final = "forgotten"
"""The topic that makes every process drop what it keeps rendered in memory."""

AT_ONCE: Final = 50
"""Posts that are forgotten in one unit: there is one writer."""


class Asked(Struct, frozen=True):
    """The activity that ended a membership: what is acknowledged. `type`: Reject or Undo."""

    id: str
    type: str
    actor: str


class _Purge(Struct, frozen=True):
    """The payload. `asked`: what the community's node waits to hear of."""

    community: int
    asked: Asked | None = None


def cut_off(tx: Tx, known: MemberRow) -> None:
    """What ends with a membership besides the row, which the caller has written."""
    stored.drop_one(tx, known.community_id, known.actor_id)
    community, person = actors.by_id(tx, known.community_id), actors.by_id(tx, known.actor_id)
    if community is None or person is None:
        return
    if community.is_local:
        if not person.is_local:
            _nothing_more_to(tx, community.id, person.origin_id)
    elif not communities.members_at(tx, community.id, HERE):
        row = communities.by_id(tx, community.id)
        if row is None or not row.is_for_the_world:  # of what anybody reads nothing is forgotten
            forget_later(tx, community.id)


def _nothing_more_to(tx: Tx, community_id: int, origin_id: int) -> None:
    """If the last member there has gone, nothing goes there, and it holds no cards."""
    if not communities.members_at(tx, community_id, origin_id):
        stored.drop_announces(tx, community_id, origin_id)
        cards.forget_held(tx, community_id, origin_id)


def forget_later(tx: Tx, community_id: int, asked: Asked | None = None) -> None:
    """Queue the purge of a community elsewhere, if nobody here belongs to it by then.

    `asked` is acknowledged in any case, after it.
    """
    payload = msgspec.to_builtins(_Purge(community_id, asked))
    enqueue(tx, PURGE, payload, order_key=f"{PURGE} {community_id}")


async def forget(db: Database, blobs: Blobs | None, community_id: int) -> bool:
    """Forget a community elsewhere; False if somebody here belongs to it (again).

    In small steps: there is one writer. Doing it again changes nothing.
    """
    for of_kind in (stored.words_aside, stored.others_posts):
        while found := await db.slow(of_kind, community_id, AT_ONCE):
            gone = await db.write(_forget_posts, community_id, found)
            if gone is None:
                return False
            await _drop(db, blobs, gone)
    rest = await db.write(_forget_rest, community_id)
    if rest is None:
        return False
    await _drop(db, blobs, rest)
    return True


def _is_over(tx: Tx, community_id: int) -> bool:
    """Whether it lives elsewhere and nobody here is its member."""
    community = actors.by_id(tx, community_id)
    if community is None or community.is_local:
        return False
    return not communities.members_at(tx, community_id, HERE)


def _forget_posts(tx: Tx, community_id: int, post_ids: list[int]) -> set[str] | None:
    return stored.forget_posts(tx, community_id, post_ids) if _is_over(tx, community_id) else None


def _forget_rest(tx: Tx, community_id: int) -> set[str] | None:
    if not _is_over(tx, community_id):
        return None
    tx.publish(FORGOTTEN)
    return stored.forget_rest(tx, community_id)


async def _drop(db: Database, blobs: Blobs | None, names: Collection[str]) -> None:
    """Remove bytes that no row names any more. What a crash leaves, the daily sweep finds."""
    if blobs is None or not names:
        return
    needed = await db.read(files.needed, names)
    for name in sorted(set(names) - needed):
        await asyncio.to_thread(blobs.drop, name, young=0.0)


def _acknowledge(tx: Tx, *, node: Node, community_id: int, asked: Asked) -> None:
    community = actors.by_id(tx, community_id)
    if community is not None and not community.is_local:
        about: dict[str, Any] = msgspec.to_builtins(asked)
        outbox.forgotten(tx, node=node, community=community, about=about)


async def _run(fetcher: Fetcher, blobs: Blobs | None, job: Job) -> Decision:
    said = msgspec.convert(job.payload, _Purge)
    await forget(fetcher.db, blobs, said.community)
    if said.asked is not None:
        await fetcher.db.write(
            _acknowledge, node=fetcher.node, community_id=said.community, asked=said.asked
        )
    return None


def job_handlers(fetcher: Fetcher, blobs: Blobs | None = None) -> dict[str, Handler]:
    """The kind of job, for the worker."""
    return {PURGE: Each(partial(_run, fetcher, blobs), limit=4)}
