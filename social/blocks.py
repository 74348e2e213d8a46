"""Blocking somebody: neither is shown to the other any more (protocol §4).

Who blocks whom is asked by every list, stream and notification (`storage.audience.unblocked`); here
are the rows, the follows that end with it, and what other servers say and are told. What a steward
or the node has to say always arrives.
"""

from typing import Final

from domain.errors import NotAllowed, NotFound
from domain.kinds import ActorType
from domain.node import Node
from outbox import blocks as outbox
from social import follows, memberships, quotes
from social.helper import is_helper
from storage.queries import actors, blocks, communities, notifications, posts, timelines
from storage.queries import follows as stored
from storage.queries.disclosures import is_disclosed
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView

UNDONE: Final = "it was undone before it arrived"


def block(tx: Tx, *, node: Node, actor_id: int, other_id: int) -> None:
    """Block somebody; again changes nothing. The caller made sure that they may know of them.

    Raises:
        NotFound: there is nobody.
        NotAllowed: oneself, the helper, a server's own actor, or a community, which one leaves.
    """
    follows.hold(tx, actor_id, other_id)
    me, other = _existing(tx, actor_id), _existing(tx, other_id)
    _refuse_impossible(tx, me, other)
    activity_id = new_id(tx)
    told = _is_told(tx, me, other)  # before the follows go
    uri = node.activity(activity_id) if told else None
    if not blocks.add(tx, blocker_id=me.id, blocked_id=other.id, uri=uri):
        return
    follows.part(tx, node=node, one_id=me.id, other_id=other.id)
    quotes.revoke_all(tx, node=node, author_id=me.id, quoter_id=other.id)
    _forget_between(tx, me.id, other.id)
    if uri is not None:
        outbox.blocked(tx, blocker=me, other=other, activity_id=activity_id, uri=uri)


def unblock(tx: Tx, *, node: Node, actor_id: int, other_id: int) -> None:
    """Take a block back; nothing happens if there was none. No follow comes back with it.

    Raises:
        NotFound: there is nobody.
    """
    me, other = _existing(tx, actor_id), _existing(tx, other_id)
    known = blocks.remove(tx, me.id, other.id)
    if known is not None and known.uri is not None:
        outbox.unblocked(tx, node=node, blocker=me, other=other, block_uri=known.uri)


def blocks_somebody(tx: Tx, actor_id: int, other_id: int) -> bool:
    """Whether the one blocks the other; the way back is not asked."""
    return blocks.find(tx, actor_id, other_id) is not None


def _existing(tx: Tx, actor_id: int) -> ActorView:
    actor = actors.by_id(tx, actor_id)
    if actor is None:
        raise NotFound
    return actor


def _refuse_impossible(tx: Tx, me: ActorView, other: ActorView) -> None:
    if me.id == other.id:
        raise NotAllowed("Nobody blocks themselves")
    if other.type is ActorType.APPLICATION or is_helper(other):
        raise NotAllowed("What this account tells you is about your own account and communities")
    if communities.by_id(tx, other.id) is not None:
        raise NotAllowed("A community is not blocked: leave it, and you see nothing of it any more")


def _is_told(tx: Tx, me: ActorView, other: ActorView) -> bool:
    """Whether the other's server is told: one that knows of who blocks, and nobody else."""
    if other.is_local or not other.inbox or other.gone_at is not None:
        return False
    pairs = ((me.id, other.id), (other.id, me.id))
    return is_disclosed(tx, me.id, other.origin_id) or any(
        stored.find(tx, one, two) is not None for one, two in pairs
    )


def _forget_between(tx: Tx, one_id: int, other_id: int) -> None:
    """What either brought to the other's home and list: rows are only hints, but stale ones."""
    for reader, author in ((one_id, other_id), (other_id, one_id)):
        timelines.drop_author(tx, reader, author)
        notifications.forget_from(tx, reader, author)


# What other servers say. The caller made sure that the signer is the actor who acts.


def receive_block(
    tx: Tx, *, node: Node, blocker: ActorView, blocked_uri: str, uri: str
) -> str | None:
    """Somebody elsewhere blocks one of ours; why it had no effect, if it had none.

    Nobody unknown is confirmed: unknown, gone and not ours are the same.
    """
    if posts.buried_by(tx, uri) == blocker.uri:
        return UNDONE
    other = actors.by_uri(tx, blocked_uri)
    if other is None or not other.is_local or other.gone_at is not None:
        return "there is nobody of that id"
    follows.hold(tx, other.id)
    blocks.add(tx, blocker_id=blocker.id, blocked_id=other.id, uri=uri)
    if blocker.type is ActorType.GROUP:
        memberships.rejected(
            tx, node=node, community=blocker, actor_id=other.id, reason="", uri=uri
        )
    follows.receive_undo_follow(tx, follower_id=blocker.id, target_id=other.id)
    follows.receive_reject(tx, follower_id=other.id, target_id=blocker.id)
    _forget_between(tx, blocker.id, other.id)
    return None


def receive_undo_block(
    tx: Tx, *, blocker_id: int, uri: str | None, blocked_uri: str | None
) -> bool:
    """Somebody elsewhere takes a block back, named by its id or by whom it was about."""
    known = blocks.by_uri(tx, blocker_id, uri) if uri is not None else None
    other = actors.by_uri(tx, blocked_uri) if known is None and blocked_uri is not None else None
    blocked_id = known.blocked_id if known is not None else other.id if other is not None else 0
    return blocks.remove(tx, blocker_id, blocked_id) is not None
