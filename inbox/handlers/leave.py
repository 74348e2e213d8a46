"""Leave: somebody elsewhere leaves a community of ours, or asks no more."""

from domain.kinds import ActorType
from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social import memberships
from storage.queries import actors
from storage.tx import Tx


async def verify(signed: SignedActivity, fetcher: Fetcher) -> str:
    """What they leave, which has to lie here."""
    target = signed.activity.object_id
    if target is None or not target.startswith(f"{fetcher.node.origin}/"):
        raise Dropped("what they leave does not live here")
    return target


def receive(tx: Tx, node: Node, signed: SignedActivity, target_uri: str) -> str | None:
    """End the membership or the request; who never belonged learns nothing."""
    target = actors.by_uri(tx, target_uri)
    if target is None or not target.is_local or target.type is not ActorType.GROUP:
        return "there is no community of that id"
    left = memberships.leave(
        tx,
        node=node,
        actor_id=signed.signer.id,
        community_id=target.id,
        uri=signed.activity.id,
    )
    return None if left else "they do not belong there"
