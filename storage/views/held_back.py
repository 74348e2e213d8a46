"""Of whom something is held back, as far as it may still be shown (notification requests).

Rights are asked now: a request of which nothing may be shown any more is not there, and is not
counted.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import bindparam, func, select

from domain.audience import Viewer
from domain.errors import NotFound
from storage.audience import BOUND, viewer_params
from storage.columns import Id, Number
from storage.queries.actors import views
from storage.tables.notifying import requests
from storage.tables.timelines import notifications
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.named import named_for
from storage.views.notifications import MOST, VISIBLE
from storage.views.paging import Page, Paged
from storage.views.posts import PostView, load

MOST_COUNTED: Final = 100
"""Requests that are counted (Mastodon API: capped at 100)."""


class RequestView(Struct, frozen=True, gc=False):
    """Somebody whose notifications wait, how many, and the newest post among what they are about.

    Times are ms UTC.
    """

    id: int
    sender: ActorView
    created_at: int
    updated_at: int
    count: int
    last_post: PostView | None


class Waiting(Struct, frozen=True, gc=False):
    """How many senders wait to be heard, and how much they have to say."""

    senders: int = 0
    notifications: int = 0


_held = VISIBLE.where(notifications.c.filtered).subquery("held")
_by_sender = (
    select(
        _held.c.from_id,
        func.count().label("size"),
        func.max(_held.c.post_id).label("post_id"),
    )
    .group_by(_held.c.from_id)
    .subquery("by_sender")
)
_REQUESTS = (
    select(
        requests.c.id,
        requests.c.from_id,
        requests.c.created_at,
        requests.c.updated_at,
        _by_sender.c.size,
        _by_sender.c.post_id,
    )
    .join(_by_sender, _by_sender.c.from_id == requests.c.from_id)
    .where(requests.c.actor_id == BOUND.actor)
)
_LIST: Final = Paged(_REQUESTS, requests.c.id)
_ONE: Final = _REQUESTS.where(requests.c.id == bindparam("id", type_=Id))
_some = _REQUESTS.limit(bindparam("limit", type_=Number)).subquery("some")
_WAITING: Final = select(func.count(), func.sum(_some.c.size, type_=Number())).select_from(_some)


def page(tx: Tx, viewer: Viewer, page: Page) -> list[RequestView]:
    """The viewer's requests, the newest first."""
    return _filled(tx, _LIST.rows(tx, page.clamped(MOST), _params(tx, viewer)), viewer)


def request(tx: Tx, viewer: Viewer, request_id: int) -> RequestView:
    """One of the viewer's requests. Raises NotFound."""
    found = _filled(tx, tx.all(_ONE, **_params(tx, viewer), id=request_id), viewer)
    if not found:
        raise NotFound
    return found[0]


def waiting(tx: Tx, viewer: Viewer) -> Waiting:
    """How much is held back."""
    senders, size = tx.one(_WAITING, **_params(tx, viewer), limit=MOST_COUNTED)
    return Waiting(senders, int(size or 0))


def _params(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    return viewer_params(viewer) | {"now": tx.now}


def _filled(tx: Tx, rows: Sequence[tuple[Any, ...]], viewer: Viewer) -> list[RequestView]:
    about = {view.id: view for view in load(tx, [row[5] for row in rows if row[5]], viewer)}
    people = by_id(named_for(tx, viewer, views(tx, sorted({row[1] for row in rows}))))
    return [
        RequestView(row[0], people[row[1]], row[2], row[3], row[4], about.get(row[5]))
        for row in rows
        if row[1] in people
    ]
