"""Like and EmojiReact: somebody elsewhere likes a post that is known here (FEP-c0e0)."""

from domain.node import Node
from federation.fetcher import Fetcher
from inbox import gathered
from inbox.signed import Dropped, SignedActivity
from social import plain
from social.gathering import take_like
from social.reactions import receive_like
from storage.queries.posts import buried_by
from storage.tx import Tx


async def verify(signed: SignedActivity, _fetcher: Fetcher) -> str:
    """The id of the post."""
    if signed.activity.object_id is None:
        raise Dropped("the object has no id")
    return signed.activity.object_id


def receive(tx: Tx, node: Node, signed: SignedActivity, post_uri: str) -> str | None:
    """Count the like; an unknown post and one that they may not read are the same (O11)."""
    if buried_by(tx, signed.activity.id) == signed.signer.uri:
        return "it was undone before it arrived"
    community = gathered.meant(tx, signed, post_uri)
    if community is not None:
        how = gathered.given(signed)
        return take_like(
            tx, node=node, community=community, post_uri=post_uri, signer=signed.signer, given=how
        )
    said_with = signed.activity.said_with
    heard = plain.receive_like(
        tx, node=node, post_uri=post_uri, signer=signed.signer, said_with=said_with
    )
    if heard is not None:
        return heard.reason
    liked = receive_like(
        tx,
        node=node,
        actor_id=signed.signer.id,
        post_uri=post_uri,
        uri=signed.activity.id,
        said_with=said_with,
    )
    return None if liked else "no post of ours that they may read"
