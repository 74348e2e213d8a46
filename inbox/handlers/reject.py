"""Reject: somebody elsewhere refuses one of ours, or ends a follow that was accepted before."""

from domain.node import Node
from inbox.handlers.answers import AnsweredFollow, answered_follow, follower_of
from inbox.signed import SignedActivity
from social.follows import receive_reject
from storage.tx import Tx

verify = answered_follow


def receive(tx: Tx, node: Node, signed: SignedActivity, follow: AnsweredFollow) -> str | None:
    """End the follow or the request."""
    follower_id = follower_of(tx, node.origin, signed, follow)
    answered = receive_reject(tx, follower_id=follower_id, target_id=signed.signer.id)
    return None if answered else "nobody here asked for that"
