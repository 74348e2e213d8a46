"""What somebody was told, as far as it may still be shown."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct
from sqlalchemy import and_, bindparam, func, or_, select

from domain.audience import Viewer
from domain.errors import NotFound
from domain.kinds import NotificationKind
from storage.audience import BOUND, fixed, heard, shown, viewer_params
from storage.columns import Flag, Id, any_of
from storage.queries.actors import by_uris as actors_by_uris
from storage.queries.actors import views
from storage.tables.posts import posts
from storage.tables.timelines import notifications
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.entries import Entry, entries_named
from storage.views.named import named_for
from storage.views.paging import Page, Paged
from storage.views.people import people as visible_people
from storage.views.posts import PostView, load
from storage.views.reports import ReportView, is_told_by, newest_by

MOST: Final = 80
ALL_KINDS: Final = tuple(NotificationKind)


Post = TypeVar("Post")


class NotificationView(Struct, Generic[Post], frozen=True, gc=False):
    """One line of the list. `post_id` is 0 and `post` is missing where no post is meant.

    `post` is loaded whole, or is the entry of the words that are shown (of a share: those that were
    shared), for whoever keeps rendered posts.
    """

    id: int
    kind: NotificationKind
    sender: ActorView
    post_id: int
    post: Post | None
    created_at: int
    target: ActorView | None = None  # the account that the sender moved to
    report: ReportView | None = None  # what the sender reported, for moderators


_post: Final = posts.alias("post")
_original: Final = posts.alias("original")
_writer: Final = func.coalesce(_original.c.author_id, _post.c.author_id)
VISIBLE: Final = (
    select(
        notifications.c.id,
        notifications.c.kind,
        notifications.c.from_id,
        notifications.c.post_id,
        notifications.c.created_at,
        func.coalesce(_original.c.id, _post.c.id).label("shown_id"),
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
        or_(
            notifications.c.kind == fixed(NotificationKind.NOTICE),
            and_(
                heard(notifications.c.from_id),
                # A community's bell tells of words that somebody else wrote.
                or_(_writer.is_(None), _writer == notifications.c.from_id, heard(_writer)),
            ),
        ),
        or_(
            notifications.c.kind != fixed(NotificationKind.REPORT),
            is_told_by(notifications.c.from_id),
        ),
    )
)
_SENDER = bindparam("from_id", type_=Id)
_HELD = bindparam("held", type_=Flag())  # whether what the policy holds back comes, too
CHOSEN: Final = VISIBLE.where(
    any_of(notifications.c.kind, "kinds"),
    or_(fixed(0) == _SENDER, notifications.c.from_id == _SENDER),
    or_(_HELD, ~notifications.c.filtered),
)
_LIST: Final = Paged(CHOSEN, notifications.c.id)
_ONE: Final = VISIBLE.where(notifications.c.id == bindparam("id", type_=Id))
_LIVE: Final = _ONE.where(~notifications.c.filtered)
_newer: Final = (
    CHOSEN.where(notifications.c.id > bindparam("after", type_=Id))
    .limit(bindparam("limit", type_=Id))
    .subquery()
)
_COUNT: Final = select(func.count()).select_from(_newer)


class Wanted(Struct, frozen=True):
    """Which lines: of these kinds, by `sender` (0: by anybody), with what is held back or not."""

    kinds: Collection[NotificationKind] = ALL_KINDS
    sender: int = 0
    held: bool = False


EVERYTHING: Final = Wanted()


Rows = Sequence[tuple[Any, ...]]
"""Rows of a statement that is made of `VISIBLE`."""


def page(
    tx: Tx, viewer: Viewer, page: Page, wanted: Wanted = EVERYTHING
) -> list[NotificationView[PostView]]:
    """The viewer's notifications, newest first.

    Rights are asked now: what the viewer may no longer read is not there, and nor is its line.
    """
    return _filled(tx, _rows(tx, viewer, page, wanted), viewer, _loaded)


def page_entries(
    tx: Tx, viewer: Viewer, page: Page, wanted: Wanted = EVERYTHING
) -> list[NotificationView[Entry]]:
    """The same, for who keeps rendered posts."""
    return with_entries(tx, _rows(tx, viewer, page, wanted), viewer)


def _rows(tx: Tx, viewer: Viewer, page: Page, wanted: Wanted) -> Rows:
    return _LIST.rows(tx, page.clamped(MOST), chosen_params(tx, viewer, wanted))


def one(tx: Tx, viewer: Viewer, notification_id: int) -> NotificationView[PostView]:
    """One notification of the viewer's own, held back or not. Raises NotFound."""
    return _only(_filled(tx, _row(tx, viewer, notification_id), viewer, _loaded))


def one_entry(tx: Tx, viewer: Viewer, notification_id: int) -> NotificationView[Entry]:
    """The same, for who keeps rendered posts. Raises NotFound."""
    return _only(with_entries(tx, _row(tx, viewer, notification_id), viewer))


def _row(tx: Tx, viewer: Viewer, notification_id: int) -> Rows:
    return tx.all(_ONE, **_params(tx, viewer), id=notification_id)


def _only(found: Sequence[NotificationView[Post]]) -> NotificationView[Post]:
    if not found:
        raise NotFound
    return found[0]


def is_visible(tx: Tx, viewer: Viewer, notification_id: int) -> bool:
    """Whether this is a notification of the viewer's that may be told now: held back is not."""
    return bool(tx.all(_LIVE, **_params(tx, viewer), id=notification_id))


def count_newer(
    tx: Tx, viewer: Viewer, after: int, wanted: Wanted = EVERYTHING, *, limit: int = 100
) -> int:
    """How many visible notifications are newer than the id `after`, counted up to `limit`."""
    return tx.one(_COUNT, **chosen_params(tx, viewer, wanted), after=after, limit=limit)[0]


def chosen_params(tx: Tx, viewer: Viewer, wanted: Wanted) -> dict[str, Any]:
    """The parameters of statements that are made of `CHOSEN`."""
    return _params(tx, viewer) | {
        "kinds": [int(kind) for kind in wanted.kinds],
        "from_id": wanted.sender,
        "held": wanted.held,
    }


def _params(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    return viewer_params(viewer) | {"now": tx.now}


def with_entries(tx: Tx, rows: Rows, viewer: Viewer) -> list[NotificationView[Entry]]:
    """The lines of these rows, with whom and what they are about."""
    return _filled(tx, rows, viewer, _entries)


def _loaded(tx: Tx, rows: Rows, viewer: Viewer) -> dict[int, PostView]:
    return {view.id: view for view in load(tx, [row[3] for row in rows if row[3]], viewer)}


def _entries(tx: Tx, rows: Rows, viewer: Viewer) -> dict[int, Entry]:
    shown_ids = {row[3]: row[5] for row in rows if row[3]}
    found = entries_named(tx, set(shown_ids.values()), viewer)
    return {post_id: found[one] for post_id, one in shown_ids.items() if one in found}


def _filled(
    tx: Tx,
    rows: Rows,
    viewer: Viewer,
    posts_of: Callable[[Tx, Rows, Viewer], Mapping[int, Post]],
) -> list[NotificationView[Post]]:
    posts_by_id = posts_of(tx, rows, viewer)
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
            post_id,
            posts_by_id.get(post_id),
            created_at,
            targets.get(people[from_id].moved_to or "") if kind is NotificationKind.MOVED else None,
            reports.get(from_id) if kind is NotificationKind.REPORT else None,
        )
        for identifier, kind, from_id, post_id, created_at, _ in rows
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
