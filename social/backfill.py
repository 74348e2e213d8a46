"""What was said in a community before one of ours joined, read from the community itself.

Its outbox holds its Announces, as far as the member may read them (the history rule is decided
there). Each is checked like one that was delivered, and nobody is told of what is long past.
Deliveries say who of ours belongs (FEP-8fcf), these pages do not: so the community is asked first,
and what comes is never shown to somebody whose removal got lost.
"""

import asyncio
from typing import Any, Final

import structlog

from activitypub.json import MalformedDocument
from activitypub.parse.activities import Activity, parse_activity
from activitypub.parse.fields import listed, optional_reference, origin_of
from activitypub.vocabulary import LIKED, TALLIES
from federation.fetcher import CannotFetch, Fetcher
from social import announced, readers
from social.group_past import read_up
from social.groups import is_group_of_ours
from social.roll_call import call_roll
from social.vouching import Heard, NotBelieved, hear
from storage.queries import actors, communities
from storage.queries import timelines as homes
from storage.tx import Tx
from storage.views.actors import ActorView

log = structlog.get_logger("social")

#: Where a thread's collection says what was announced in it (FEP-171b).
HISTORY: Final = "contextHistory"
PAGES: Final = 10
PER_PAGE: Final = 20
LIKES_PER_PAGE: Final = 500
#: Seconds between two pages (federation.md §4.10).
PAUSE: Final = 1.0


async def backfill(
    fetcher: Fetcher, *, community_id: int, actor_id: int, pause: float = PAUSE
) -> int:
    """Read up what a new member may read; how many announcements had an effect.

    Raises CannotFetch if the first page cannot be had; what comes after it may be missing.
    """
    community = await fetcher.db.read(actors.by_id, community_id)
    if community is None or community.outbox is None or community.is_local:
        return 0
    if await fetcher.db.read(is_group_of_ours, community_id):
        taken = await read_up(fetcher, community)
        await fetcher.db.write(_show, community_id=community_id, actor_id=actor_id)
        return taken
    await call_roll(fetcher, community_id)
    taken, url = 0, f"{community.outbox}?page=true"
    for number in range(PAGES):
        if not await fetcher.db.read(communities.is_member, community_id, actor_id):
            break
        try:
            found = await fetcher.document(url, as_actor_id=actor_id)
        except CannotFetch:
            if number == 0:
                raise
            break
        items = listed(found.body.get("orderedItems"))[:PER_PAGE]
        items += listed(found.body.get(LIKED))[:LIKES_PER_PAGE]
        items += listed(found.body.get(TALLIES))[:PER_PAGE]
        taken += sum([await _take(fetcher, community, item) for item in items])
        following = optional_reference(found.body.get("next"))
        if following is None or origin_of(following) != origin_of(community.uri):
            break
        url = following
        await asyncio.sleep(pause)
    await fetcher.db.write(_show, community_id=community_id, actor_id=actor_id)
    return taken


async def read_thread(
    fetcher: Fetcher, *, community: ActorView, actor_id: int, thread: str, pause: float = PAUSE
) -> int:
    """Read up one thread of a community, as a member; how many announcements had an effect.

    `thread`: its collection, which says where the Announces are. Raises CannotFetch.
    """
    await call_roll(fetcher, community.id)
    found = await fetcher.document(thread, as_actor_id=actor_id)
    history = optional_reference(found.body.get(HISTORY))
    if history is None or origin_of(history) != origin_of(community.uri):
        return 0
    begin = await fetcher.document(history, as_actor_id=actor_id)
    taken, url = 0, optional_reference(begin.body.get("first"))
    for number in range(PAGES):
        if url is None or origin_of(url) != origin_of(community.uri):
            break
        if number:
            await asyncio.sleep(pause)
        page = await fetcher.document(url, as_actor_id=actor_id)
        items = listed(page.body.get("orderedItems"))[:PER_PAGE]
        taken += sum([await _take(fetcher, community, item) for item in items])
        url = optional_reference(page.body.get("next"))
    return taken


async def _take(fetcher: Fetcher, community: ActorView, item: Any) -> bool:
    """Do what one line of the outbox says, if it may be believed."""
    try:
        announce = _announce(community, item)
        now = fetcher.now_ms()
        heard = await hear(fetcher, community, announce, received_at=now, fresh=False)
    except (NotBelieved, MalformedDocument, CannotFetch) as problem:
        log.info("not read up", community=community.id, reason=problem.reason)
        return False
    return await fetcher.db.write(_receive, fetcher, heard)


def _announce(community: ActorView, item: Any) -> Activity:
    announce = parse_activity(item if isinstance(item, dict) else {})
    if announce.type != "Announce" or announce.actor != community.uri:
        raise NotBelieved("the community did not announce this")
    if origin_of(announce.id) != origin_of(community.uri):
        raise NotBelieved("its id lies on another server")
    return announce


def _receive(tx: Tx, fetcher: Fetcher, heard: Heard) -> bool:
    tx.lock(f"signer {heard.community.id}")
    return announced.take(tx, node=fetcher.node, heard=heard) is None


def _show(tx: Tx, *, community_id: int, actor_id: int) -> None:
    """The newest of it appear in the member's home."""
    actor = actors.by_id(tx, actor_id)
    if actor is not None:
        homes.merge_author(tx, readers.viewer_for(tx, actor), community_id)
