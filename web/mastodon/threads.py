"""A post's thread as apps show it, with what is missing of it said aloud.

Opening a thread that reaches other servers asks them for the rest of it, at most once in a while;
the answer comes at once with what is here. Apps that know Mastodon's header look again when the
asking has ended (mastodon-api.md §3, async refreshes).
"""

from collections.abc import Iterable, Mapping
from typing import Final

import orjson
from aiohttp.web import StreamResponse

from domain.audience import Viewer
from social import completing
from social.completing import Gaps
from storage.tx import Tx
from storage.views.entries import Entry
from storage.views.posts import visible
from storage.views.threads import Thread, thread_entries
from web.call import Call
from web.mastodon.entities.statuses import listing
from web.mastodon.entities.threads import Context, WrappedRefresh
from web.mastodon.rendering import Found, complete, statuses
from web.responses import json, raw_json
from web.routes import Access, Route, get

HEADER: Final = "Mastodon-Async-Refresh"
#: Seconds after which an app may look again.
LOOK_AGAIN: Final = 3


async def context(call: Call) -> StreamResponse:
    """GET /api/v1/statuses/:id/context."""
    found, page, gaps = await call.read(_thread, call=call, post_id=call.id())
    gaps = await asked_for(call, gaps)
    shown = statuses(call, page)
    parts = (
        b'{"ancestors":',
        _listed(found.above, shown),
        b',"descendants":',
        _listed(found.below, shown),
        b',"tertulia":',
        orjson.dumps(_told(found, gaps)),
        b"}",
    )
    headers = {HEADER: _refresh(call.id(), gaps)} if gaps.is_running else None
    return raw_json(b"".join(parts), headers=headers)


async def asked_for(call: Call, gaps: Gaps) -> Gaps:
    """Ask other servers for what is missing, for a full member; what is so then.

    Guests and strangers make nobody ask, and do not learn that a member just opened the thread.
    """
    if not call.viewer.full:
        return gaps.at_rest()
    if not gaps.is_due:
        return gaps
    await call.services.db.write(completing.want_thread, gaps.root_id)
    return gaps.begun()


def _listed(entries: Iterable[Entry], shown: Mapping[int, bytes]) -> bytes:
    return listing(shown[entry.post_id] for entry in entries if entry.post_id in shown)


def _thread(tx: Tx, *, call: Call, post_id: int) -> tuple[Thread[Entry], Found, Gaps]:
    found = thread_entries(tx, post_id, call.viewer)
    entries = [*found.above, *found.below]
    page = complete(tx, entries, call.viewer, call.services.fragments)
    return found, page, completing.gaps(tx, post_id)


def _told(found: Thread[Entry], gaps: Gaps) -> dict[str, bool]:
    return {
        "ancestors_cut": found.above_cut,
        "descendants_cut": found.below_cut,
        "parent_missing": gaps.parent,
        "replies_missing": gaps.answers,
        "fetching": gaps.is_running,
    }


def _refresh(post_id: int, gaps: Gaps) -> str:
    return f'id="{post_id}", retry={LOOK_AGAIN}, result_count={gaps.found}'


async def refresh(call: Call) -> StreamResponse:
    """GET /api/v1_alpha/async_refreshes/:id: whether the asking has ended. The id is the post's."""
    gaps = await call.read(_gaps, post_id=call.id(), viewer=call.viewer)
    told = {
        "id": str(call.id()),
        "status": "running" if gaps.is_running else "finished",
        "result_count": gaps.found,
    }
    return json({"async_refresh": told})


def _gaps(tx: Tx, *, post_id: int, viewer: Viewer) -> Gaps:
    visible(tx, post_id, viewer)
    gaps = completing.gaps(tx, post_id)
    return gaps if viewer.full else gaps.at_rest()


ROUTES: list[Route] = [
    get("/api/v1/statuses/{id}/context", context, Access.ANYONE, "read:statuses", answers=Context),
    get(
        "/api/v1_alpha/async_refreshes/{id}",
        refresh,
        Access.ACCOUNT,
        "read:statuses",
        answers=WrappedRefresh,
    ),
]
