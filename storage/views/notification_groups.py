"""What somebody was told, with what belongs together as one (Mastodon's grouped notifications).

A group stands where its newest notification stands, once, and never on two pages. Nothing about
groups is stored: which notifications are one follows from their kind, their post and their time.
"""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select

from domain.audience import Viewer
from domain.errors import NotFound
from domain.ids import LARGEST
from domain.kinds import NotificationKind
from domain.notifying import GROUPED, SPAN_MS, Group, group_key
from storage.audience import BOUND, fixed, heard, viewer_params
from storage.columns import Id, Number, Time, any_of
from storage.queries.actors import views
from storage.tables.timelines import notifications
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.entries import Entry
from storage.views.named import named_for
from storage.views.notifications import (
    CHOSEN,
    EVERYTHING,
    MOST,
    VISIBLE,
    NotificationView,
    Wanted,
    chosen_params,
    one_entry,
    with_entries,
)
from storage.views.paging import Page, Paged

SAMPLED: Final = 8
"""People of a group who are shown with it."""


class GroupView(Struct, frozen=True, gc=False):
    """One line of the grouped list: its newest notification, and how many there are.

    `senders`: some of the people, the newest first. `oldest_id`: of those on this page.
    """

    key: str
    newest: NotificationView[Entry]
    count: int
    oldest_id: int
    senders: tuple[ActorView, ...]


class Listed(Struct, frozen=True, gc=False):
    """One person of a group; `cursor` is what its pages go by."""

    cursor: int
    actor: ActorView


def _span(row: Any) -> ColumnElement[int]:
    number: ColumnElement[int] = row.c.created_at // fixed(SPAN_MS)
    return number


def _with(row: Any, other: Any) -> ColumnElement[bool]:
    """Whether two notifications of the viewer's are in one group."""
    return and_(
        row.c.actor_id == BOUND.actor,
        row.c.kind == other.c.kind,
        row.c.post_id == other.c.post_id,
        _span(row) == _span(other),
        ~row.c.filtered,
        heard(row.c.from_id),
    )


_TOGETHER: Final = any_of(notifications.c.kind, "together")
_newer: Final = notifications.alias("newer")
_SENDER = bindparam("from_id", type_=Id)
_next_id = (  # by order and limit: every plan walks the index of groups, to the next and no further
    select(_newer.c.id)
    .where(
        _with(_newer, notifications),
        _newer.c.id > notifications.c.id,
        or_(fixed(0) == _SENDER, _newer.c.from_id == _SENDER),
    )
    .order_by(_newer.c.id)
    .limit(fixed(1))
    .correlate_except(_newer)
    .scalar_subquery()
)
_heads = CHOSEN.where(or_(notifications.c.filtered, ~_TOGETHER, _next_id.is_(None)))
_LIST: Final = Paged(_heads, notifications.c.id)
_unread = (
    _heads.where(notifications.c.id > bindparam("after", type_=Id))
    .limit(bindparam("limit", type_=Number))
    .subquery()
)
_COUNT: Final = select(func.count()).select_from(_unread)

# What the groups of a page hold: no join, so that no plan begins at the wrong end.
_in_groups = (
    notifications.c.actor_id == BOUND.actor,
    any_of(notifications.c.kind, "kinds"),
    any_of(notifications.c.post_id, "posts"),
    notifications.c.created_at >= bindparam("since", type_=Time),
    notifications.c.created_at < bindparam("until", type_=Time),
    or_(fixed(0) == _SENDER, notifications.c.from_id == _SENDER),
    ~notifications.c.filtered,
    heard(notifications.c.from_id),
)
_GROUP_OF: Final = (notifications.c.kind, notifications.c.post_id, _span(notifications))
_ABOVE = bindparam("above", type_=Id)
_SIZES: Final = (
    select(
        *_GROUP_OF,
        func.count(),
        func.min(case((notifications.c.id > _ABOVE, notifications.c.id))),
    )
    .where(*_in_groups)
    .group_by(*_GROUP_OF)
)
_rank = func.row_number().over(partition_by=_GROUP_OF, order_by=notifications.c.id.desc())
_ranked = (
    select(
        notifications.c.kind,
        notifications.c.post_id,
        _span(notifications).label("span"),
        notifications.c.from_id,
        _rank.label("rank"),
    )
    .where(*_in_groups)
    .subquery()
)
_SAMPLES: Final = (
    select(_ranked.c.kind, _ranked.c.post_id, _ranked.c.span, _ranked.c.from_id)
    .where(_ranked.c.rank <= fixed(SAMPLED))
    .order_by(_ranked.c.rank)
)
_in_group = VISIBLE.where(
    notifications.c.kind == bindparam("kind", type_=notifications.c.kind.type),
    notifications.c.post_id == bindparam("post_id", type_=Id),
    notifications.c.created_at >= bindparam("since", type_=Time),
    notifications.c.created_at < bindparam("until", type_=Time),
    ~notifications.c.filtered,
)
_GROUP: Final = Paged(_in_group, notifications.c.id)


def page(
    tx: Tx,
    viewer: Viewer,
    page: Page,
    wanted: Wanted = EVERYTHING,
    together: Collection[NotificationKind] = GROUPED,
) -> list[GroupView]:
    """The viewer's groups, that with the newest notification first.

    `together`: the kinds that come as groups; all others come one by one. What is held back is
    never part of a group.
    """
    params = chosen_params(tx, viewer, wanted) | _together(together)
    heads = with_entries(tx, _LIST.rows(tx, page.clamped(MOST), params), viewer)
    above = page.min_id if page.min_id is not None else page.since_id
    return _grouped(
        *(tx, viewer, heads, together),
        sender=wanted.sender,
        above=max(0, min(above or 0, LARGEST)),
    )


def count_newer(
    tx: Tx,
    viewer: Viewer,
    after: int,
    wanted: Wanted = EVERYTHING,
    together: Collection[NotificationKind] = GROUPED,
    *,
    limit: int = 100,
) -> int:
    """How many groups have something newer than the id `after`, counted up to `limit`."""
    params = chosen_params(tx, viewer, wanted) | _together(together)
    return tx.one(_COUNT, **params, after=after, limit=limit)[0]


def group(tx: Tx, viewer: Viewer, group: Group) -> GroupView:
    """One group of the viewer's. Raises NotFound."""
    if group.kind is None:
        return _grouped(tx, viewer, [one_entry(tx, viewer, group.alone)], ())[0]
    heads = _members(tx, viewer, group, Page(limit=1))
    if not heads:
        raise NotFound
    return _grouped(tx, viewer, heads, (group.kind,))[0]


def people(tx: Tx, viewer: Viewer, group: Group, page: Page) -> list[Listed]:
    """Who is in a group of the viewer's, the newest first. Raises NotFound where there is none."""
    if group.kind is None:
        found = [one_entry(tx, viewer, group.alone)]
    else:
        found = _members(tx, viewer, group, page.clamped(MOST))
        if not found and not _members(tx, viewer, group, Page(limit=1)):
            raise NotFound
    return [Listed(view.id, view.sender) for view in found]


def _together(kinds: Collection[NotificationKind]) -> dict[str, list[int]]:
    return {"together": [int(kind) for kind in kinds if kind in GROUPED]}


def _members(tx: Tx, viewer: Viewer, group: Group, page: Page) -> list[NotificationView[Entry]]:
    since = group.span * SPAN_MS
    params = viewer_params(viewer) | {
        "now": tx.now,
        "kind": group.kind,
        "post_id": group.post_id,
        "since": since,
        "until": since + SPAN_MS,
    }
    return with_entries(tx, _GROUP.rows(tx, page, params), viewer)


class _Members(Struct, gc=False):
    """What a group holds beside its newest notification."""

    size: int
    oldest_id: int
    senders: list[int]


_Key = tuple[NotificationKind, int, int]


def _grouped(
    tx: Tx,
    viewer: Viewer,
    heads: list[NotificationView[Entry]],
    together: Collection[NotificationKind],
    *,
    sender: int = 0,
    above: int = 0,
) -> list[GroupView]:
    kinds = {kind for kind in together if kind in GROUPED}
    keys = [_key(view) for view in heads if view.kind in kinds]
    found = _held(tx, viewer, keys, sender=sender, above=above) if keys else {}
    wanted = {one for members in found.values() for one in members.senders}
    known = by_id(named_for(tx, viewer, views(tx, sorted(wanted)))) if wanted else {}
    return [_view(head, found.get(_key(head)), known, kinds) for head in heads]


def _key(head: NotificationView[Entry]) -> _Key:
    return head.kind, head.post_id, head.created_at // SPAN_MS


def _held(
    tx: Tx, viewer: Viewer, keys: list[_Key], *, sender: int, above: int
) -> dict[_Key, _Members]:
    """What these groups hold; perhaps others, too, of which nobody asks."""
    spans = [span for _, _, span in keys]
    asked = {
        "viewer_id": viewer.actor,
        "now": tx.now,
        "kinds": sorted({int(kind) for kind, _, _ in keys}),
        "posts": sorted({post_id for _, post_id, _ in keys}),
        "since": min(spans) * SPAN_MS,
        "until": (max(spans) + 1) * SPAN_MS,
        "from_id": sender,
    }
    found: dict[_Key, _Members] = {}
    for kind, post_id, span, size, oldest in tx.all(_SIZES, **asked, above=above):
        found[kind, post_id, span] = _Members(size, oldest or 0, [])
    for kind, post_id, span, from_id in tx.all(_SAMPLES, **asked):
        found[kind, post_id, span].senders.append(from_id)
    return {key: found[key] for key in keys if key in found}


def _view(
    head: NotificationView[Entry],
    members: _Members | None,
    known: dict[int, ActorView],
    together: Collection[NotificationKind],
) -> GroupView:
    if head.kind not in together:
        members = None
    key = group_key(
        head.kind,
        identifier=head.id,
        post_id=head.post_id,
        made_at=head.created_at,
        together=members is not None,
    )
    if members is None:
        return GroupView(key, head, 1, head.id, (head.sender,))
    senders = tuple(known[one] for one in members.senders if one in known)
    return GroupView(key, head, members.size, members.oldest_id, senders or (head.sender,))
