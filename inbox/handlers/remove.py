"""Remove: somebody elsewhere takes a post of theirs down from the top of their page."""

from domain.kinds import ActorType
from domain.node import Node
from federation.fetcher import Fetcher
from inbox.handlers.add import own_and_featured
from inbox.signed import SignedActivity
from social import featuring, pins
from storage.tx import Tx


async def verify(signed: SignedActivity, _fetcher: Fetcher) -> str:
    """The id of the post, out of the signer's own collection."""
    return own_and_featured(signed)


def receive(tx: Tx, _node: Node, signed: SignedActivity, post_uri: str) -> str | None:
    """Take it down."""
    if signed.signer.type is ActorType.GROUP:
        return featuring.receive(tx, community=signed.signer, post_uri=post_uri, on=False)
    removed = pins.receive_remove(tx, signer=signed.signer, post_uri=post_uri)
    return None if removed else "it was not pinned"
