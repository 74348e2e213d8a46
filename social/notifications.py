"""Telling people: rows without text, once for each reason; what they show is asked when shown."""

from collections.abc import Collection

from domain.audience import Kind
from domain.kinds import NotificationKind
from social.streaming import announce, notified
from storage.audience import readers_among
from storage.queries import notifications, posts
from storage.queries.notifications import clear, dismiss
from storage.queries.quotes import quoters_here
from storage.tx import Tx
from storage.views.posts import PostRow

__all__ = ["clear", "dismiss", "notify", "retract", "tell_ended", "tell_named", "tell_sharers"]


def notify(
    tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int = 0
) -> bool:
    """Tell one of ours what `from_id` did; False if nobody is to be told.

    Nobody is told of their own acts, of somebody with whom a block stands, or twice of the same.
    The caller has made sure that the person may read the post.
    """
    if actor_id == from_id:
        return False
    identifier = notifications.add(
        tx, actor_id=actor_id, kind=kind, from_id=from_id, post_id=post_id
    )
    if identifier is None:
        return False
    announce(tx, notified(actor_id, identifier))
    return True


def retract(
    tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int = 0
) -> None:
    """Take back what somebody was told: the like or the share is gone."""
    notifications.retract(tx, actor_id=actor_id, kind=kind, from_id=from_id, post_id=post_id)


def tell_named(tx: Tx, row: PostRow, actor_ids: Collection[int]) -> None:
    """Tell those of ours whom a post names, if they may read it."""
    _tell_readers(tx, row, actor_ids, NotificationKind.MENTION)


def tell_sharers(tx: Tx, row: PostRow) -> None:
    """Tell those of ours who share or quote a post that it says something else now."""
    sharers = [share.author_id for share in posts.shares(tx, row.id)]
    _tell_readers(tx, row, sharers, NotificationKind.EDIT)
    _tell_readers(tx, row, quoters_here(tx, row.id), NotificationKind.QUOTED_EDIT)


def tell_ended(tx: Tx, row: PostRow, actor_ids: Collection[int]) -> None:
    """Tell those of ours who voted, or asked, that a poll has ended; its author too."""
    for actor_id in sorted(readers_among(tx, row.id, actor_ids)) if actor_ids else ():
        identifier = notifications.add(
            tx,
            actor_id=actor_id,
            kind=NotificationKind.POLL,
            from_id=row.author_id,
            post_id=row.id,
        )
        if identifier is not None:
            announce(tx, notified(actor_id, identifier))


def _tell_readers(tx: Tx, row: PostRow, actor_ids: Collection[int], kind: NotificationKind) -> None:
    if not actor_ids:
        return
    everybody = row.kind is Kind.PUBLIC and row.root_kind is Kind.PUBLIC
    readers = actor_ids if everybody else readers_among(tx, row.id, actor_ids)
    for actor_id in sorted(readers):
        notify(tx, actor_id=actor_id, kind=kind, from_id=row.author_id, post_id=row.id)
