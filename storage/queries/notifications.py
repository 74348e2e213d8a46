"""Notifications as rows. They hold no text: who, what about, why, and when (protocol §1)."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import AccountState, Limit, NotificationKind
from domain.notifying import HELD_BACK, SPAN_MS, Group, Stance
from storage.audience import fixed, heard, local_reader
from storage.columns import Enum8, Flag, Id, Time, any_of
from storage.queries.ids import new_notification_id, new_notification_ids
from storage.queries.muted_threads import is_muted, is_root_muted
from storage.queries.policies import follows_accepted, is_permitted, ruled
from storage.tables.accounts import accounts
from storage.tables.actors import actors
from storage.tables.notifying import policies
from storage.tables.posts import mentions, posts
from storage.tables.timelines import notifications
from storage.tx import Tx

_ACTOR = bindparam("actor_id", type_=Id)
_KIND = bindparam("kind", type_=Enum8(NotificationKind))
_FROM = bindparam("from_id", type_=Id)
_POST = bindparam("post_id", type_=Id)
_JUDGED = bindparam("judged", type_=Flag())
_LISTENER: Final = local_reader(accounts.c.id)
_words, _shared = posts.alias("words"), posts.alias("shared_words")
_news, _named = posts.alias("news"), mentions.alias("named")


def _from_limited(sender: ColumnElement[int], limit: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(actors.c.id == sender, limit).correlate_except(actors)


def _written_by_unheard(
    sender: ColumnElement[int], post_id: ColumnElement[int]
) -> ColumnElement[bool]:
    """A community's bell tells of words that somebody else wrote."""
    writer = func.coalesce(_shared.c.author_id, _words.c.author_id)
    return exists(
        select(_words.c.id)
        .select_from(_words.outerjoin(_shared, _shared.c.id == _words.c.share_of_id))
        .where(_words.c.id == post_id, writer != sender, ~heard(writer, _LISTENER))
        .correlate_except(_words, _shared)
    )


def _is_told(
    kind: ColumnElement[NotificationKind],
    sender: ColumnElement[int],
    post_id: ColumnElement[int],
    unwanted: ColumnElement[bool],
) -> ColumnElement[bool]:
    """Whether the person behind `accounts` hears of this at all; `unwanted`: of its words or thread
    they do not, whoever sends it.

    For a statement that has `policies` outer-joined, with `judged` and `now` among its parameters.
    """
    silenced = _from_limited(sender, actors.c.limited != fixed(Limit.NONE))
    dropped = ruled(Stance.DROP, accounts.c.id, sender, post_id)
    return and_(
        accounts.c.state == fixed(AccountState.ACTIVE),
        or_(
            fixed(NotificationKind.NOTICE) == kind,
            and_(heard(sender, _LISTENER), ~unwanted),
        ),
        ~_from_limited(sender, actors.c.limited > fixed(Limit.SILENCED)),
        # About whom a policy does not decide, followers alone hear of who is silenced.
        or_(_JUDGED, ~silenced, follows_accepted(accounts.c.id, sender)),
        or_(~_JUDGED, ~dropped, is_permitted(accounts.c.id, sender)),
    )


def _is_held_back(sender: ColumnElement[int], post_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether it waits until the person wants to hear of it; as `_is_told`."""
    filtered = ruled(Stance.FILTER, accounts.c.id, sender, post_id)
    # Few choose a policy: whoever has none is not asked for permissions.
    held = and_(_JUDGED, filtered, ~is_permitted(accounts.c.id, sender))
    return case((held, true()), else_=false())


_with_policy = accounts.outerjoin(policies, policies.c.actor_id == accounts.c.id)
_told_somebody: Final = (
    select(
        *(bindparam("id", type_=Id), accounts.c.id, _KIND, _FROM, _POST),
        bindparam("now", type_=Time),
        _is_held_back(_FROM, _POST),
    )
    .select_from(_with_policy)
    .where(
        accounts.c.id == _ACTOR,
        _is_told(
            *(_KIND, _FROM, _POST),
            or_(_written_by_unheard(_FROM, _POST), is_muted(accounts.c.id, _POST)),
        ),
    )
)
_ADD: Final = (
    insert(notifications)
    .from_select([column.name for column in notifications.c], _told_somebody)
    .on_conflict_do_nothing()
    .returning(notifications.c.id, notifications.c.filtered)
)
_NAMED: Final = (
    select(
        accounts.c.id,
        _news.c.author_id,
        _news.c.id,
        type_coerce(_is_held_back(_news.c.author_id, _news.c.id), Flag()),
    )
    .select_from(
        _news.join(_named, and_(_named.c.post_id == _news.c.id, ~_named.c.silent))
        .join(accounts, accounts.c.id == _named.c.actor_id)
        .outerjoin(policies, policies.c.actor_id == accounts.c.id)
    )
    .where(
        any_of(_news.c.id, "ids"),
        accounts.c.id != _news.c.author_id,
        # Whose words they are was asked with who sends them, as they are no shares.
        _is_told(
            *(_KIND, _news.c.author_id, _news.c.id),
            is_root_muted(accounts.c.id, _news.c.root_id),
        ),
    )
    .order_by(_news.c.id, _named.c.actor_id)
)
_ROW: Final = ("id", "actor_id", "kind", "from_id", "post_id", "created_at", "filtered")
_ADD_NEW: Final = (
    insert(notifications).values({name: bindparam(name) for name in _ROW}).on_conflict_do_nothing()
)


class Added(Struct, frozen=True, gc=False):
    """A notification that was stored; `filtered`: held back by the person's own policy."""

    id: int
    filtered: bool


def add(
    tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int = 0
) -> Added | None:
    """Store a notification, or None if nobody is to be told of it.

    Only people with an active account are told, once of the same; a block between the two keeps
    away everything but notices (protocol §4), and so does a thread that the person muted, and a
    block or a mute between the person and whose words they would be told of. Of who is
    silenced only followers hear, unless they chose to be told by such people, too; of who is
    suspended nobody does.
    """
    row = tx.first(
        _ADD,
        id=new_notification_id(tx),
        actor_id=actor_id,
        kind=kind,
        from_id=from_id,
        post_id=post_id,
        judged=kind in HELD_BACK,
        now=tx.now,
    )
    return None if row is None else Added(row[0], bool(row[1]))


class Told(Struct, frozen=True, gc=False):
    """Somebody whom a post names, and what was stored for them."""

    actor_id: int
    from_id: int
    added: Added


def add_named(tx: Tx, post_ids: Collection[int]) -> list[Told]:
    """Store who of ours is named in the text of posts, as `add` would one by one.

    The posts were stored in this unit of work, are no shares, and anybody may read them.
    """
    kind = NotificationKind.MENTION
    rows = tx.all(_NAMED, ids=list(post_ids), kind=kind, judged=kind in HELD_BACK, now=tx.now)
    ids = new_notification_ids(tx, len(rows))
    lines = [
        (identifier, actor_id, kind, from_id, post_id, tx.now, held)
        for identifier, (actor_id, from_id, post_id, held) in zip(ids, rows, strict=True)
    ]
    tx.many_lines(_ADD_NEW, _ROW, lines)
    return [Told(line[1], line[3], Added(line[0], line[6])) for line in lines]


_RETRACT: Final = delete(notifications).where(
    notifications.c.actor_id == bindparam("actor_id"),
    notifications.c.kind == bindparam("kind"),
    notifications.c.from_id == bindparam("from_id"),
    notifications.c.post_id == _POST,
)
_FORGET_POST: Final = delete(notifications).where(
    notifications.c.post_id == _POST, notifications.c.post_id > fixed(0)
)
_DISMISS: Final = delete(notifications).where(
    notifications.c.actor_id == bindparam("actor_id"), notifications.c.id == bindparam("id")
)
_CLEAR: Final = delete(notifications).where(
    notifications.c.actor_id == bindparam("actor_id"), ~notifications.c.filtered
)
_DISMISS_GROUP: Final = delete(notifications).where(
    notifications.c.actor_id == bindparam("actor_id"),
    notifications.c.kind == bindparam("kind"),
    notifications.c.post_id == _POST,
    notifications.c.created_at >= bindparam("since", type_=Time),
    notifications.c.created_at < bindparam("until", type_=Time),
    ~notifications.c.filtered,
)


def retract(
    tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int = 0
) -> None:
    """Remove a notification whose reason is gone."""
    tx.change(_RETRACT, actor_id=actor_id, kind=kind, from_id=from_id, post_id=post_id)


def forget_post(tx: Tx, post_id: int) -> None:
    """Remove what people were told about a post."""
    tx.change(_FORGET_POST, post_id=post_id)


_FORGET_FROM: Final = delete(notifications).where(
    notifications.c.actor_id == bindparam("actor_id"),
    notifications.c.from_id == bindparam("from_id"),
    notifications.c.kind != fixed(NotificationKind.NOTICE),
)


def forget_from(tx: Tx, actor_id: int, from_id: int) -> None:
    """Remove what somebody was told of what one other person did; notices stay."""
    tx.change(_FORGET_FROM, actor_id=actor_id, from_id=from_id)


def dismiss(tx: Tx, actor_id: int, notification_id: int) -> bool:
    """Remove one of somebody's notifications; whether it was there."""
    return tx.change(_DISMISS, actor_id=actor_id, id=notification_id) > 0


def dismiss_group(tx: Tx, actor_id: int, group: Group) -> bool:
    """Remove all of one group of somebody's; whether there was anything."""
    if group.kind is None:
        return dismiss(tx, actor_id, group.alone)
    since = group.span * SPAN_MS
    about = {"kind": group.kind, "post_id": group.post_id}
    return (
        tx.change(_DISMISS_GROUP, actor_id=actor_id, **about, since=since, until=since + SPAN_MS)
        > 0
    )


def clear(tx: Tx, actor_id: int) -> None:
    """Remove all of somebody's notifications, but those that are held back."""
    tx.change(_CLEAR, actor_id=actor_id)
