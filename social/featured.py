"""What people elsewhere have pinned: their collection, read when somebody here looks or follows.

The owner's server says what stands there, and only for posts of the owner's own on that server.
Within a budget of posts and seconds; what is not public does not come this way.
"""

import asyncio
from functools import partial
from typing import Final

import structlog

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import listed, optional_reference, origin_of
from domain.kinds import ActorType
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import Decision, Job
from jobs.worker import Each, Handler
from social.ancestors import find_post
from social.pins import FETCH_FEATURED, MOST_ELSEWHERE, pinnable_by
from storage.queries import actors, communities, follows, pins, posts
from storage.tx import Tx
from storage.views.actors import ActorView

log = structlog.get_logger("pins")

SECONDS: Final = 10.0
"""That one collection may cost (D08)."""


async def fetch_featured(fetcher: Fetcher, *, actor_id: int) -> int:
    """Read what somebody elsewhere has pinned; how many posts of it are shown here now.

    What cannot be had, or is not theirs, is left out; within ten posts and ten seconds (D08).
    """
    actor = await fetcher.db.read(actors.by_id, actor_id)
    if actor is None or actor.featured is None or actor.gone_at is not None:
        return 0
    asking = await fetcher.db.read(_asking, actor_id)
    try:
        listed_uris = _items(await _first_page(fetcher, actor.featured, asking), actor)
    except (CannotFetch, MalformedDocument) as problem:
        log.info("pinned posts not read", origin=origin_of(actor.uri), reason=problem.reason)
        return 0
    if actor.type is ActorType.GROUP:
        return await fetcher.db.write(_feature, community_id=actor_id, uris=listed_uris)
    end = asyncio.get_running_loop().time() + SECONDS
    for uri in listed_uris:
        if asyncio.get_running_loop().time() > end:
            break
        try:
            await find_post(fetcher, uri)
        except CannotFetch:
            continue
    return await fetcher.db.write(_replace, actor_id=actor_id, uris=listed_uris)


def _asking(tx: Tx, actor_id: int) -> int | None:
    """As whom a community is asked: one of its members here, to whom alone it tells."""
    if communities.by_id(tx, actor_id) is None:
        return None
    members = [row.actor_id for row in communities.active_members(tx, actor_id)]
    here = follows.local_ids(tx, members)
    return min(here) if here else None


async def _first_page(fetcher: Fetcher, uri: str, as_actor_id: int | None) -> JsonObject:
    """The collection, or the first page of one that is paged. Raises CannotFetch."""
    found = (await fetcher.document(uri, as_actor_id=as_actor_id)).body
    first = found.get("first")
    if "orderedItems" in found or "items" in found or first is None:
        return found
    if isinstance(first, dict):
        return first
    page = optional_reference(first)
    if page is None or origin_of(page) != origin_of(uri):
        raise CannotFetch("the first page lies elsewhere")
    return (await fetcher.document(page, as_actor_id=as_actor_id)).body


def _items(page: JsonObject, actor: ActorView) -> list[str]:
    """Ids of posts on the actor's own server, of a group's anywhere; some list whole posts."""
    raw = page.get("orderedItems", page.get("items"))
    found: list[str] = []
    for item in listed(raw)[: 4 * MOST_ELSEWHERE]:
        uri = optional_reference(item.get("id") if isinstance(item, dict) else item)
        is_group = actor.type is ActorType.GROUP
        if uri is not None and (is_group or origin_of(uri) == origin_of(actor.uri)):
            found.append(uri)
    return list(dict.fromkeys(found))[:MOST_ELSEWHERE]


def _replace(tx: Tx, *, actor_id: int, uris: list[str]) -> int:
    """Make the pins those of the collection; the first of it stands highest."""
    actor = actors.by_id(tx, actor_id)
    if actor is None:
        return 0
    rows = [row for uri in uris if (row := pinnable_by(tx, actor, uri)) is not None]
    pins.clear(tx, actor_id)
    for row in reversed(rows):
        pins.add(tx, actor_id, row.id)
    return len(rows)


def _feature(tx: Tx, *, community_id: int, uris: list[str]) -> int:
    """The same for a community, of posts that came through it."""
    found = [posts.by_uri(tx, uri) for uri in uris]
    rows = [row for row in found if row is not None and row.place_id == community_id]
    pins.clear(tx, community_id)
    for row in reversed([row for row in rows if row.deleted_at is None]):
        pins.add(tx, community_id, row.id)
    return len(rows)


async def _fetch(fetcher: Fetcher, job: Job) -> Decision:
    await fetch_featured(fetcher, actor_id=job.payload)
    return None


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kind of job that belongs to pins, for the worker."""
    return {FETCH_FEATURED: Each(partial(_fetch, fetcher), attempts=3, limit=4)}
