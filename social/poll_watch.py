"""Polls elsewhere that somebody here looks at: how they stand is asked of their own server.

Most servers tell figures to followers and voters alone. So whoever looks makes this node ask, once
a minute and poll, and only for what anybody may read: nothing else would be answered.
"""

from functools import partial
from typing import Final

from activitypub.json import MalformedDocument
from activitypub.parse.posts import parse_note
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from social.places import travels_through
from social.remote_changes import update_remote_post
from storage.queries import actors, polls, posts
from storage.tx import Tx
from storage.views.posts import PostView

REFRESH: Final = "refresh_poll"
"""The job that asks; its payload is the post's id."""

FRESH_MS: Final = 60_000
"""For how long figures are believed without asking."""


def is_due(post: PostView) -> bool:
    """Whether a poll that was loaded for somebody may have other figures by now."""
    poll, row = post.poll, post.row
    if poll is None or poll.is_over or row.is_local or travels_through(row):
        return False
    return row.is_world_public and poll.seen_at - poll.told_at > FRESH_MS


def want(tx: Tx, post_id: int) -> None:
    """Have a poll's server asked."""
    polls.told(tx, post_id, tx.now)
    enqueue(tx, REFRESH, post_id, unique=f"{REFRESH} {post_id}")


async def refresh(fetcher: Fetcher, post_id: int) -> bool:
    """Ask how a poll stands; whether there was news. Raises CannotFetch."""
    row = await fetcher.db.read(posts.by_id, post_id)
    author = await fetcher.db.read(actors.by_id, row.author_id) if row is not None else None
    if row is None or author is None or row.deleted_at is not None:
        return False
    found = await fetcher.document(row.uri)
    try:
        note = parse_note(found.body)
    except MalformedDocument as problem:
        raise CannotFetch(problem.reason) from None
    if note.id != row.uri:
        return False
    return await fetcher.db.write(update_remote_post, node=fetcher.node, note=note, signer=author)


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kind of job, for the worker."""
    return {REFRESH: Each(partial(_refresh, fetcher), attempts=1, limit=4)}


async def _refresh(fetcher: Fetcher, job: Job) -> Decision:
    try:
        await refresh(fetcher, int(job.payload))
    except CannotFetch:
        return None  # the next look asks again
    return None
