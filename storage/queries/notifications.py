"""Notifications as rows. They hold no text: who, what about, why, and when (protocol §1)."""

from typing import Final

from sqlalchemy import bindparam, delete, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import NotificationKind
from storage.columns import Id
from storage.queries.ids import new_notification_id
from storage.tables.posts import mentions, posts
from storage.tables.timelines import notifications
from storage.tx import Tx

_ADD: Final = (
    insert(notifications)
    .values({column.name: bindparam(column.name) for column in notifications.c})
    .on_conflict_do_nothing()
    .returning(notifications.c.id)
)


def add(
    tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int = 0
) -> int | None:
    """Store a notification; its id, or None if the same was there already."""
    return tx.scalar(
        _ADD,
        id=new_notification_id(tx),
        actor_id=actor_id,
        kind=kind,
        from_id=from_id,
        post_id=post_id,
        created_at=tx.now,
    )


_POST = bindparam("post_id", type_=Id)
_RETRACT: Final = delete(notifications).where(
    notifications.c.actor_id == bindparam("actor_id"),
    notifications.c.kind == bindparam("kind"),
    notifications.c.from_id == bindparam("from_id"),
    notifications.c.post_id == _POST,
)
_told = union_all(
    select(mentions.c.actor_id).where(mentions.c.post_id == _POST),
    select(posts.c.author_id).where(or_(posts.c.id == _POST, posts.c.share_of_id == _POST)),
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
    """Remove what people were told about a post: whom it names, its author and its sharers."""
    tx.change(_FORGET_POST, post_id=post_id)


def dismiss(tx: Tx, actor_id: int, notification_id: int) -> bool:
    """Remove one of somebody's notifications; whether it was there."""
    return tx.change(_DISMISS, actor_id=actor_id, id=notification_id) > 0


def clear(tx: Tx, actor_id: int) -> None:
    """Remove all of somebody's notifications."""
    tx.change(_CLEAR, actor_id=actor_id)
