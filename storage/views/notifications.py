"""What somebody was told, as far as it may still be shown."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import and_, bindparam, func, or_, select

from domain.audience import Viewer
from domain.errors import NotFound
from domain.kinds import NotificationKind
from storage.audience import BOUND, fixed, shown, unblocked, viewer_params
from storage.columns import Id, any_of
from storage.queries.actors import by_uris as actors_by_uris
from storage.queries.actors import views
from storage.tables.posts import posts
from storage.tables.timelines import notifications
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.named import named_for
from storage.views.paging import Page, Paged
from storage.views.people import people as visible_people
from storage.views.posts import PostView, load
from storage.views.reports import ReportView, newest_by

MOST: Final = 80
ALL_KINDS: Final = tuple(NotificationKind)


class NotificationView(Struct, frozen=True, gc=False):
    """One line of the list. `post` is missing where no post is meant."""

    id: int
    kind: NotificationKind
    sender: ActorView
    post: PostView | None
    created_at: int
    target: ActorView | None = None  # the account that the sender moved to
    report: ReportView | None = None  # what the sender reported, for moderators


_post: Final = posts.alias("post")
_original: Final = posts.alias("original")
_visible: Final = (
    select(
        notifications.c.id,
        notifications.c.kind,
        notifications.c.from_id,
        notifications.c.post_id,
        notifications.c.created_at,
    )
    .select_from(
        notifications.outerjoin(_post, _post.c.id == notifications.c.post_id).outerjoin(
            _original, _original.c.id == _post.c.share_of_id
        )
    )
    .where(
        notifications.c.actor_id == BOUND.actor,
        or_(
            notifications.c.post_id == fixed(0),
            and_(_post.c.id.is_not(None), shown(_post, _original)),
        ),
        unblocked(notifications.c.from_id),
    )
)
_SENDER = bindparam("from_id", type_=Id)
_chosen: Final = _visible.where(
    any_of(notifications.c.kind, "kinds"),
    or_(fixed(0) == _SENDER, notifications.c.from_id == _SENDER),
)
_LIST: Final = Paged(_chosen, notifications.c.id)
_ONE: Final = _visible.where(notifications.c.id == bindparam("id", type_=Id))
_newer: Final = (
    _chosen.where(notifications.c.id > bindparam("after", type_=Id))
    .limit(bindparam("limit", type_=Id))
    .subquery()
)
_COUNT: Final = select(func.count()).select_from(_newer)


def page(
    tx: Tx,
    viewer: Viewer,
    page: Page,
    *,
    kinds: Collection[NotificationKind] = ALL_KINDS,
    from_id: int = 0,
) -> list[NotificationView]:
    """The viewer's notifications of these kinds, newest first; `from_id` 0 is everybody.

    Rights are asked now: what the viewer may no longer read is not there, and nor is its line.
    """
    params = _params(tx, viewer) | {"kinds": [int(kind) for kind in kinds], "from_id": from_id}
    return _filled(tx, _LIST.rows(tx, page.clamped(MOST), params), viewer)


def one(tx: Tx, viewer: Viewer, notification_id: int) -> NotificationView:
    """One notification of the viewer's own. Raises NotFound."""
    found = _filled(tx, tx.all(_ONE, **_params(tx, viewer), id=notification_id), viewer)
    if not found:
        raise NotFound
    return found[0]


def is_visible(tx: Tx, viewer: Viewer, notification_id: int) -> bool:
    """Whether this is a notification of the viewer's that may be shown now."""
    return bool(tx.all(_ONE, **_params(tx, viewer), id=notification_id))


def count_newer(
    tx: Tx,
    viewer: Viewer,
    after: int,
    *,
    limit: int = 100,
    kinds: Collection[NotificationKind] = ALL_KINDS,
) -> int:
    """How many visible notifications are newer than the id `after`, counted up to `limit`."""
    params = _params(tx, viewer) | {"kinds": [int(kind) for kind in kinds], "from_id": 0}
    return tx.one(_COUNT, **params, after=after, limit=limit)[0]


def _params(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    return viewer_params(viewer) | {"now": tx.now}


def _filled(tx: Tx, rows: Sequence[tuple[Any, ...]], viewer: Viewer) -> list[NotificationView]:
    posts_by_id = {view.id: view for view in load(tx, [row[3] for row in rows if row[3]], viewer)}
    people = by_id(named_for(tx, viewer, views(tx, sorted({row[2] for row in rows}))))
    moved = [row[2] for row in rows if row[1] is NotificationKind.MOVED and row[2] in people]
    targets = _targets(tx, viewer, [people[one].moved_to for one in moved])
    told = [row[2] for row in rows if row[1] is NotificationKind.REPORT]
    reports = newest_by(tx, viewer.actor, told) if told else {}
    return [
        NotificationView(
            identifier,
            kind,
            people[from_id],
            posts_by_id.get(post_id),
            created_at,
            targets.get(people[from_id].moved_to or "") if kind is NotificationKind.MOVED else None,
            reports.get(from_id) if kind is NotificationKind.REPORT else None,
        )
        for identifier, kind, from_id, post_id, created_at in rows
        if from_id in people
        and (not post_id or post_id in posts_by_id)
        and (kind is not NotificationKind.REPORT or from_id in reports)
    ]


def _targets(tx: Tx, viewer: Viewer, uris: Sequence[str | None]) -> dict[str, ActorView]:
    """The accounts that people moved to, as far as the viewer may know of them."""
    wanted = sorted({uri for uri in uris if uri is not None})
    if not wanted:
        return {}
    known = actors_by_uris(tx, wanted)
    return {one.uri: one for one in visible_people(tx, viewer, [actor.id for actor in known])}
