"""Undo: somebody elsewhere takes back a follow, a like, a share or a block of theirs."""

from msgspec.structs import replace

from activitypub.parse.activities import Inner, inner_activity
from activitypub.parse.fields import origin_of
from domain.kinds import ActorType
from domain.node import Node
from federation.fetcher import Fetcher
from inbox import gathered
from inbox.signed import Dropped, SignedActivity
from social import plain
from social.blocks import receive_undo_block
from social.follows import receive_undo_follow
from social.gathering import take_undo_like
from social.memberships import leave
from social.reactions import receive_undo_like, receive_undo_share
from storage.queries import actors
from storage.queries.likes import post_liked_by
from storage.queries.posts import bury, by_id, by_uri
from storage.tx import Tx
from storage.views.posts import PostRow

_UNDONE = frozenset({"Follow", "Join", "Like", "EmojiReact", "Announce", "Block"})


async def verify(signed: SignedActivity, _fetcher: Fetcher) -> Inner:
    """What is taken back; it has to be the signer's own (O11)."""
    inner = inner_activity(signed.activity)
    if inner.actor is not None and inner.actor != signed.signer.uri:
        raise Dropped("only one's own activities are taken back")
    if inner.id is not None and origin_of(inner.id) != origin_of(signed.signer.uri):
        raise Dropped("what is taken back lies on another server")
    if inner.type is not None and inner.type not in _UNDONE:
        raise Dropped("this cannot be taken back")
    if inner.id is None and inner.object_id is None:
        raise Dropped("nothing says what is taken back")
    return inner


def receive(tx: Tx, node: Node, signed: SignedActivity, inner: Inner) -> str | None:
    """Take it back. What is not here yet is remembered by its id, in case it arrives later."""
    post = _liked_post(tx, signed, inner)
    community = gathered.meant(tx, signed, post.uri) if post is not None else None
    if post is not None and community is not None:
        how = replace(gathered.given(signed), said_with=inner.said_with)
        return take_undo_like(
            tx,
            node=node,
            community=community,
            post=post,
            signer=signed.signer,
            given=how,
            like_uri=inner.id,
        )
    heard = _of_relay_note(tx, node, signed, inner)
    if heard is not None:
        return heard.reason
    undone = (
        _unfollow(tx, node, signed, inner),
        _unlike(tx, node, signed, inner),
        _unshare(tx, node, signed, inner),
        _unblock(tx, signed, inner),
    )
    if not any(undone) and inner.id is not None:
        bury(tx, inner.id, signed.signer.uri)
    return None


def _unfollow(tx: Tx, node: Node, signed: SignedActivity, inner: Inner) -> bool:
    if inner.type not in {None, "Follow", "Join"} or inner.object_id is None:
        return False
    target = actors.by_uri(tx, inner.object_id)
    if target is None or not target.is_local:
        return False
    if target.type is ActorType.GROUP:
        return leave(
            tx,
            node=node,
            actor_id=signed.signer.id,
            community_id=target.id,
            uri=signed.activity.id,
        )
    return receive_undo_follow(tx, follower_id=signed.signer.id, target_id=target.id)


def _liked_post(tx: Tx, signed: SignedActivity, inner: Inner) -> PostRow | None:
    """The post of the like that is taken back, if that is what is taken back."""
    if inner.type not in {None, "Like", "EmojiReact"}:
        return None
    liked = post_liked_by(tx, signed.signer.id, inner.id) if inner.id is not None else None
    if liked is not None:
        return by_id(tx, liked)
    return by_uri(tx, inner.object_id) if inner.object_id is not None else None


def _of_relay_note(
    tx: Tx, node: Node, signed: SignedActivity, inner: Inner
) -> plain.Outcome | None:
    if inner.type not in {None, "Like", "EmojiReact"} or inner.object_id is None:
        return None
    return plain.receive_undo(
        tx,
        node=node,
        uri=inner.id,
        post_uri=inner.object_id,
        signer=signed.signer,
        said_with=inner.said_with,
    )


def _unlike(tx: Tx, node: Node, signed: SignedActivity, inner: Inner) -> bool:
    if inner.type not in {None, "Like", "EmojiReact"}:
        return False
    return receive_undo_like(
        tx,
        node=node,
        actor_id=signed.signer.id,
        uri=inner.id,
        post_uri=inner.object_id,
        said_with=inner.said_with,
    )


def _unshare(tx: Tx, node: Node, signed: SignedActivity, inner: Inner) -> bool:
    if inner.type not in {None, "Announce"}:
        return False
    return receive_undo_share(
        tx, node=node, actor_id=signed.signer.id, uri=inner.id, post_uri=inner.object_id
    )


def _unblock(tx: Tx, signed: SignedActivity, inner: Inner) -> bool:
    if inner.type not in {None, "Block"}:
        return False
    about = inner.object_id if inner.type is not None else None
    return receive_undo_block(tx, blocker_id=signed.signer.id, uri=inner.id, blocked_uri=about)
