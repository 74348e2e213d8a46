"""Notifications as rows. They hold no text: who, what about, why, and when (protocol §1)."""

from typing import Final

from sqlalchemy import bindparam, delete, exists, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import AccountState, FollowState, Limit, NotificationKind
from storage.audience import fixed, local_reader, unblocked
from storage.columns import Enum8, Id, Time
from storage.queries.ids import new_notification_id
from storage.tables.accounts import accounts
from storage.tables.actors import actors
from storage.tables.polls import votes
from storage.tables.posts import mentions, posts
from storage.tables.relations import follows
from storage.tables.timelines import notifications
from storage.tx import Tx

_ACTOR = bindparam("actor_id", type_=Id)
_KIND = bindparam("kind", type_=Enum8(NotificationKind))
_FROM = bindparam("from_id", type_=Id)
_POST = bindparam("post_id", type_=Id)
_told_somebody: Final = select(
    bindparam("id", type_=Id), accounts.c.id, _KIND, _FROM, _POST, bindparam("now", type_=Time)
).where(
    accounts.c.id == _ACTOR,
    accounts.c.state == fixed(AccountState.ACTIVE),
    or_(
        fixed(NotificationKind.NOTICE) == _KIND,
        unblocked(_FROM, local_reader(accounts.c.id)),
    ),
    or_(
        ~exists().where(actors.c.id == _FROM, actors.c.limited != fixed(Limit.NONE)),
        exists().where(
            follows.c.follower_id == accounts.c.id,
            follows.c.target_id == _FROM,
            follows.c.state == fixed(FollowState.ACCEPTED),
        ),
    ),
)
_ADD: Final = (
    insert(notifications)
    .from_select([column.name for column in notifications.c], _told_somebody)
    .on_conflict_do_nothing()
    .returning(notifications.c.id)
)


def add(
    tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int = 0
) -> int | None:
    """Store a notification; its id, or None if nobody is to be told of it.

    Only people with an active account are told, once of the same; a block between the two keeps
    away everything but notices (protocol §4), and of who is silenced only followers hear.
    """
    return tx.scalar(
        _ADD,
        id=new_notification_id(tx),
        actor_id=actor_id,
        kind=kind,
        from_id=from_id,
        post_id=post_id,
        now=tx.now,
    )


_RETRACT: Final = delete(notifications).where(
    notifications.c.actor_id == bindparam("actor_id"),
    notifications.c.kind == bindparam("kind"),
    notifications.c.from_id == bindparam("from_id"),
    notifications.c.post_id == _POST,
)
_told = union_all(
    select(mentions.c.actor_id).where(mentions.c.post_id == _POST),
    select(posts.c.author_id).where(or_(posts.c.id == _POST, posts.c.share_of_id == _POST)),
    select(votes.c.actor_id).where(votes.c.post_id == _POST),
)
_FORGET_POST: Final = delete(notifications).where(
    notifications.c.actor_id.in_(_told), notifications.c.post_id == _POST
)
_DISMISS: Final = delete(notifications).where(
    notifications.c.actor_id == bindparam("actor_id"), notifications.c.id == bindparam("id")
)
_CLEAR: Final = delete(notifications).where(notifications.c.actor_id == bindparam("actor_id"))


def retract(
    tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int = 0
) -> None:
    """Remove a notification whose reason is gone."""
    tx.change(_RETRACT, actor_id=actor_id, kind=kind, from_id=from_id, post_id=post_id)


def forget_post(tx: Tx, post_id: int) -> None:
    """Remove what people were told about a post: whom it names, its author, sharers, voters."""
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


def clear(tx: Tx, actor_id: int) -> None:
    """Remove all of somebody's notifications."""
    tx.change(_CLEAR, actor_id=actor_id)
