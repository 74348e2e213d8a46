"""Figures of polls: counted in one place, told to whoever has the poll, and at last its end.

A vote is told to nobody but whoever counts. The count goes out soon after the first vote and then
now and then, never once per vote; and when the poll has ended, once more.
"""

from functools import partial
from typing import Any, Final

from domain.node import Node
from federation.fetcher import Fetcher
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from outbox import polls as out
from social.notifications import tell_ended
from social.places import community_of, travels_through
from social.streaming import announce, edited
from storage.queries import actors, polls, posts
from storage.queries.polls import Poll
from storage.tx import Tx
from storage.views.posts import PostRow, for_delivery

TALLY: Final = "tally"
"""The job that tells others how a poll stands; its payload is the post's id."""

CLOSE: Final = "close_poll"
"""The job that ends a poll at its time: `post`, and `ends`, the end that was meant, in ms."""

SOON_MS: Final = 1_000
EVERY_MS: Final = 20_000
"""How long after a vote figures are told, and how often at most."""


def counted_here(tx: Tx, row: PostRow) -> bool:
    """Whether votes are counted on this node: by the community, or else where it was written."""
    if travels_through(row):
        community = community_of(tx, row)
        return community is not None and community.is_local
    return row.is_local


def tell_later(tx: Tx, row: PostRow, poll: Poll) -> None:
    """Figures have changed: readers see them at once, others are told soon."""
    posts.touch(tx, row.id)
    at = max(tx.now + SOON_MS, poll.told_at + EVERY_MS)
    enqueue(tx, TALLY, row.id, run_at=at, unique=f"{TALLY} {row.id}", about=row.place_id)


def close_later(tx: Tx, row: PostRow, ends_at: int | None) -> None:
    """Have a poll end at its time."""
    if ends_at is not None:
        payload = {"post": row.id, "ends": ends_at}
        unique = f"{CLOSE} {row.id} {ends_at}"
        enqueue(tx, CLOSE, payload, run_at=ends_at, unique=unique, about=row.place_id)


def show(tx: Tx, row: PostRow) -> None:
    """What readers see of a poll has changed: tell those who look at it now."""
    posts.touch(tx, row.id)
    announce(tx, edited(row.id))


def end(tx: Tx, row: PostRow, at: int) -> bool:
    """End a poll and tell whoever voted or asked here; False if it had ended before."""
    if not polls.close(tx, row.id, at):
        return False
    show(tx, row)
    told = set(polls.voters_here(tx, row.id))
    author = actors.by_id(tx, row.author_id)
    if author is not None and author.is_local:
        told.add(author.id)
    tell_ended(tx, row, told)
    return True


def tell(tx: Tx, *, node: Node, post_id: int) -> None:
    """Tell others how a poll stands, if it is counted here."""
    row = posts.by_id(tx, post_id)
    if row is None or row.deleted_at is not None or not counted_here(tx, row):
        return
    polls.told(tx, post_id, tx.now)
    announce(tx, edited(post_id))
    post = for_delivery(tx, post_id)
    community = community_of(tx, row) if travels_through(row) else None
    if community is not None:
        out.tallied_in(tx, node=node, community=community, post=post)
    else:
        out.tallied(tx, node=node, post=post)


def close(tx: Tx, *, node: Node, post_id: int, ends: int) -> None:
    """The time of a poll has come; nothing happens if its end was moved or told before."""
    tx.lock(f"poll {post_id}")
    row, poll = posts.by_id(tx, post_id), polls.of_post(tx, post_id)
    if row is None or row.deleted_at is not None or poll is None or poll.ends_at != ends:
        return
    if end(tx, row, ends):
        tell(tx, node=node, post_id=post_id)


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kinds of job that belong to polls, for the worker."""
    return {
        TALLY: Each(partial(_tell, fetcher), limit=8),
        CLOSE: Each(partial(_close, fetcher), limit=8),
    }


async def _tell(fetcher: Fetcher, job: Job) -> Decision:
    await fetcher.db.write(tell, node=fetcher.node, post_id=int(job.payload))
    return None


async def _close(fetcher: Fetcher, job: Job) -> Decision:
    said: dict[str, Any] = job.payload
    await fetcher.db.write(close, node=fetcher.node, post_id=said["post"], ends=said["ends"])
    return None
