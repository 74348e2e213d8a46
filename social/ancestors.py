"""Posts of other servers that somebody here needs: one by its id, or what a reply answers.

Threads are fetched upwards, within a budget of posts and seconds, and never on behalf of a
stranger: the reply that started it was one that concerns somebody here.
"""

import asyncio
from typing import Final

from activitypub.json import MalformedDocument
from activitypub.parse.fields import origin_of
from activitypub.parse.polls import is_vote
from activitypub.parse.posts import NoteDocument, parse_note
from federation.discovery import find_actor
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import enqueue
from social.remote_posts import store_remote_post
from storage.queries import posts
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

FETCH_ANCESTORS: Final = "fetch_ancestors"
"""The kind of job that fetches what a reply answers; its payload is the missing post's id."""

#: Posts and seconds that one thread may cost (D09).
MOST: Final = 20
SECONDS: Final = 10.0


def want_ancestors(tx: Tx, *, note: NoteDocument) -> None:
    """Ask for what a stored post answers, unless it is here already."""
    uri = note.in_reply_to
    if uri is not None and posts.by_uri(tx, uri) is None and posts.buried_by(tx, uri) is None:
        enqueue(tx, FETCH_ANCESTORS, uri, unique=f"ancestors {uri}")


async def fetch_ancestors(fetcher: Fetcher, *, uri: str) -> int:
    """Fetch a post and what it answers, upwards, until one is known; how many were stored.

    What cannot be had ends it: the replies stay, and say that something is missing.
    """
    end = asyncio.get_running_loop().time() + SECONDS
    wanted: str | None = uri
    for stored in range(MOST):
        if wanted is None or asyncio.get_running_loop().time() > end:
            return stored
        if await fetcher.db.read(posts.by_uri, wanted) is not None:
            return stored
        try:
            note, author = await read_post(fetcher, wanted)
        except CannotFetch:
            return stored
        if await store_fetched(fetcher, note, author) is None:
            return stored
        wanted = note.in_reply_to
    return MOST


async def find_post(fetcher: Fetcher, uri: str) -> PostRow | None:
    """The post with this id, fetched if it is unknown; None if it may not be kept here.

    The caller asks whether a viewer may read it. Raises CannotFetch.
    """
    known = await fetcher.db.read(posts.by_uri, uri)
    if known is not None:
        return known
    note, author = await read_post(fetcher, uri)
    await store_fetched(fetcher, note, author)
    return await fetcher.db.read(posts.by_uri, note.id)


async def read_post(fetcher: Fetcher, uri: str) -> tuple[NoteDocument, ActorView]:
    """A post from its own server, and its author, who has to live there too (O07).

    Raises CannotFetch.
    """
    found = await fetcher.document(uri)
    if is_vote(found.body):
        raise CannotFetch("a vote is no post")
    try:
        note = parse_note(found.body)
    except MalformedDocument as problem:
        raise CannotFetch(problem.reason) from None
    if origin_of(note.attributed_to) != origin_of(note.id):
        raise CannotFetch("the author lives on another server than the post")
    return note, await find_actor(fetcher, note.attributed_to)


async def store_fetched(fetcher: Fetcher, note: NoteDocument, author: ActorView) -> int | None:
    """Store what `read_post` gave; its id here, or None if it may not be kept."""
    return await fetcher.db.write(
        store_remote_post, node=fetcher.node, note=note, signer=author, wanted=True
    )
