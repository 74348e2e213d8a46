"""What was said in a group of another server before somebody here followed it.

Its outbox lists its announcements (FEP-1b12), or nothing: not every kind of server has one. Each is
checked like one that was delivered, and nobody is told of what is long past.
"""

import asyncio
from typing import Any, Final

import structlog

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.activities import parse_activity
from activitypub.parse.fields import listed, optional_reference, origin_of
from federation.fetcher import CannotFetch, Fetcher
from social.groups import Told, hear
from social.in_groups import take
from social.vouching import NotBelieved
from storage.tx import Tx
from storage.views.actors import ActorView

log = structlog.get_logger("social")

MOST: Final = 20
"""Announcements that are read up (D08): the newest."""
SECONDS: Final = 30.0


async def read_up(fetcher: Fetcher, group: ActorView) -> int:
    """Read what a group announced of late; how much of it had an effect. What fails is left."""
    if group.outbox is None:
        return 0
    taken, end = 0, asyncio.get_running_loop().time() + SECONDS
    for item in reversed((await _items(fetcher, group.outbox))[:MOST]):
        if asyncio.get_running_loop().time() > end:
            break
        taken += await _take(fetcher, group, item)
    return taken


async def _items(fetcher: Fetcher, outbox: str) -> list[Any]:
    """The newest entries: on the collection itself, or on its first page."""
    try:
        document = (await fetcher.document(outbox)).body
        found = _entries(document)
        first = document.get("first")
        if not found and isinstance(first, dict):
            found = _entries(first)
        page = optional_reference(first)
        if not found and page is not None and origin_of(page) == origin_of(outbox):
            found = _entries((await fetcher.document(page)).body)
    except (CannotFetch, MalformedDocument) as problem:
        log.info("not read up", reason=problem.reason)
        return []
    return found


def _entries(document: JsonObject) -> list[Any]:
    return listed(document.get("orderedItems")) or listed(document.get("items"))


async def _take(fetcher: Fetcher, group: ActorView, item: Any) -> bool:
    now = fetcher.now_ms()
    try:
        announce = parse_activity(item if isinstance(item, dict) else {})
        if announce.type != "Announce" or announce.actor != group.uri:
            raise NotBelieved("the group did not announce this")
        if origin_of(announce.id) != origin_of(group.uri):
            raise NotBelieved("its id lies on another server")
        told = await hear(fetcher, group, announce, received_at=now, fresh=False)
        await fetcher.db.write(_receive, fetcher, told)
    except (NotBelieved, MalformedDocument, CannotFetch) as problem:
        log.info("not read up", group=group.id, reason=problem.reason)
        return False
    return True


def _receive(tx: Tx, fetcher: Fetcher, told: Told) -> None:
    tx.lock(f"signer {told.group.id}")
    reason = take(tx, node=fetcher.node, told=told)
    if reason is not None:
        raise NotBelieved(reason)  # what it would have left is undone with it
