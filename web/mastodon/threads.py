"""A post's thread as apps show it, with what is missing of it said aloud.

Opening a thread that reaches other servers asks them for the rest of it, at most once in a while;
the answer comes at once with what is here. Apps that know Mastodon's header look again when the
asking has ended (mastodon-api.md §3, async refreshes).
"""

from typing import Final

import orjson
from aiohttp.web import StreamResponse

from domain.audience import Viewer
from social import completing
from social.completing import Gaps
from storage.tx import Tx
from storage.views.posts import visible
from storage.views.threads import Thread, thread
from web.call import Call
from web.mastodon.rendering import several
from web.responses import json, raw_json
from web.routes import Access, Route, get

HEADER: Final = "Mastodon-Async-Refresh"
#: Seconds after which an app may look again.
LOOK_AGAIN: Final = 3


async def context(call: Call) -> StreamResponse:
    """GET /api/v1/statuses/:id/context."""
    found, gaps = await call.read(_thread, post_id=call.id(), viewer=call.viewer)
    gaps = await asked_for(call, gaps)
    parts = (
        b'{"ancestors":',
        several(call, found.above),
        b',"descendants":',
        several(call, found.below),
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


def _thread(tx: Tx, *, post_id: int, viewer: Viewer) -> tuple[Thread, Gaps]:
    return thread(tx, post_id, viewer), completing.gaps(tx, post_id)


def _told(found: Thread, gaps: Gaps) -> dict[str, bool]:
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
    get("/api/v1/statuses/{id}/context", context, Access.ANYONE, "read:statuses"),
    get("/api/v1_alpha/async_refreshes/{id}", refresh, Access.ACCOUNT, "read:statuses"),
]
