"""Block: somebody elsewhere wants nothing to do with one of ours."""

from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social.blocks import receive_block
from storage.tx import Tx


async def verify(signed: SignedActivity, fetcher: Fetcher) -> str:
    """Whom they block, who has to live here.

    With a `target` it is no matter between two people, but somebody put out of a community or a
    server (FEP-1b12 as Lemmy speaks it): that is for the community to tell.
    """
    blocked = signed.activity.object_id
    if signed.activity.target is not None:
        raise Dropped("somebody was put out of a place elsewhere")
    if blocked is None or not blocked.startswith(f"{fetcher.node.origin}/"):
        raise Dropped("whom they block does not live here")
    return blocked


def receive(tx: Tx, node: Node, signed: SignedActivity, blocked_uri: str) -> str | None:
    """Hide the two from each other, and end what there was between them."""
    return receive_block(
        tx, node=node, blocker=signed.signer, blocked_uri=blocked_uri, uri=signed.activity.id
    )
