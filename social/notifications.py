"""Telling people: rows without text, once for each reason; what they show is asked when shown."""

from collections.abc import Collection, Iterable, Mapping

from domain.audience import Kind
from domain.kinds import NotificationKind
from social.events import announce, notified
from social.pushing import tell_apps
from storage.audience import readers_among
from storage.queries import held_back, notifications, posts
from storage.queries.notifications import Told, clear, dismiss, dismiss_group
from storage.queries.quotes import quoters_here
from storage.tx import Tx
from storage.views.posts import PostRow

__all__ = [
    "clear",
    "dismiss",
    "dismiss_group",
    "notify",
    "retract",
    "tell_all_named",
    "tell_ended",
    "tell_named",
    "tell_sharers",
]


def notify(
    tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int = 0
) -> bool:
    """Tell one of ours what `from_id` did; False if nobody is to be told now.

    Nobody is told of their own acts, of somebody with whom a block stands, or twice of the same;
    and what the person's policy holds back waits until they want to hear of it.
    The caller has made sure that the person may read the post.
    """
    if actor_id == from_id:
        return False
    return _tell(tx, actor_id=actor_id, kind=kind, from_id=from_id, post_id=post_id)


def _tell(tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int) -> bool:
    added = notifications.add(tx, actor_id=actor_id, kind=kind, from_id=from_id, post_id=post_id)
    if added is None:
        return False
    _pass_on(tx, kind, [Told(actor_id, from_id, added)])
    return not added.filtered


def _pass_on(tx: Tx, kind: NotificationKind, told: Iterable[Told]) -> None:
    """What is stored is said at once, unless it is held back."""
    said: list[tuple[int, int]] = []
    for each in told:
        if each.added.filtered:
            held_back.hold(tx, each.actor_id, each.from_id)
        else:
            announce(tx, notified(each.actor_id, each.added.id))
            said.append((each.actor_id, each.added.id))
    if said:
        tell_apps(tx, kind, said)


def retract(
    tx: Tx, *, actor_id: int, kind: NotificationKind, from_id: int, post_id: int = 0
) -> None:
    """Take back what somebody was told: the like or the share is gone."""
    notifications.retract(tx, actor_id=actor_id, kind=kind, from_id=from_id, post_id=post_id)


def tell_named(tx: Tx, row: PostRow, actor_ids: Collection[int]) -> None:
    """Tell those of ours whom a post names, if they may read it."""
    _tell_readers(tx, row, actor_ids, NotificationKind.MENTION)


def tell_all_named(tx: Tx, post_ids: Collection[int]) -> None:
    """Tell everybody of ours whom posts name that anybody may read, and that are new."""
    _pass_on(tx, NotificationKind.MENTION, notifications.add_named(tx, post_ids))


def tell_sharers(tx: Tx, row: PostRow) -> None:
    """Tell those of ours who share or quote a post that it says something else now.

    Whom an earlier change was told hears of this one in its place. Who quotes is shown the own
    quote, as in Mastodon.
    """
    sharers = {share.author_id: row.id for share in posts.shares(tx, row.id)}
    _tell_changed(tx, row, sharers, NotificationKind.EDIT)
    _tell_changed(tx, row, quoters_here(tx, row.id), NotificationKind.QUOTED_EDIT)


def _tell_changed(tx: Tx, row: PostRow, about: Mapping[int, int], kind: NotificationKind) -> None:
    """`about`: who is told, and with which post."""
    for actor_id in sorted(_readers(tx, row, about)):
        told = {"actor_id": actor_id, "from_id": row.author_id, "post_id": about[actor_id]}
        retract(tx, kind=kind, **told)
        notify(tx, kind=kind, **told)


def tell_ended(tx: Tx, row: PostRow, actor_ids: Collection[int]) -> None:
    """Tell those of ours who voted, or asked, that a poll has ended; its author too."""
    for actor_id in sorted(readers_among(tx, row.id, actor_ids)) if actor_ids else ():
        _tell(
            tx,
            actor_id=actor_id,
            kind=NotificationKind.POLL,
            from_id=row.author_id,
            post_id=row.id,
        )


def _tell_readers(tx: Tx, row: PostRow, actor_ids: Collection[int], kind: NotificationKind) -> None:
    for actor_id in sorted(_readers(tx, row, actor_ids)):
        notify(tx, actor_id=actor_id, kind=kind, from_id=row.author_id, post_id=row.id)


def _readers(tx: Tx, row: PostRow, actor_ids: Collection[int]) -> Collection[int]:
    if not actor_ids:
        return ()
    everybody = row.kind is Kind.PUBLIC and row.root_kind is Kind.PUBLIC
    return actor_ids if everybody else readers_among(tx, row.id, actor_ids)
