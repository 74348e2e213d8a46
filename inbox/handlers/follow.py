"""Follow: somebody elsewhere asks to follow one of ours."""

from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social.follows import receive_follow
from storage.queries import actors
from storage.queries.posts import buried_by
from storage.tx import Tx


async def verify(signed: SignedActivity, fetcher: Fetcher) -> str:
    """The id of whom they ask to follow, which has to lie here."""
    target = signed.activity.object_id
    if target is None or not target.startswith(f"{fetcher.node.origin}/"):
        raise Dropped("whom they ask to follow does not live here")
    return target


def receive(tx: Tx, node: Node, signed: SignedActivity, target_uri: str) -> str | None:
    """Store the request, or the follow; an unknown target and a block look the same."""
    target = actors.by_uri(tx, target_uri)
    if target is None or not target.is_local or target.gone_at is not None:
        return "there is nobody of that id"
    if buried_by(tx, signed.activity.id) == signed.signer.uri:
        return "it was undone before it arrived"
    receive_follow(
        tx,
        node=node,
        follower_id=signed.signer.id,
        target_id=target.id,
        uri=signed.activity.id,
    )
    return None
