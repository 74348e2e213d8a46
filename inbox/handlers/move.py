"""Move: somebody elsewhere goes on under another account, and those who follow go along."""

from domain.moving import may_move
from domain.node import Node
from federation.discovery import fetch_actor
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social import moves
from storage.tx import Tx


async def verify(signed: SignedActivity, fetcher: Fetcher) -> str:
    """The id of the new account, as its own server describes it now.

    Only oneself moves. Nobody is asked unless somebody here is concerned (F01): then the new
    account is fetched from its own server, which has to name the old one (`alsoKnownAs`).
    """
    activity, signer = signed.activity, signed.signer
    if activity.object_id != signer.uri:
        raise Dropped("only oneself moves")
    if activity.target is None or activity.target == signer.uri:
        raise Dropped("nothing says where to")
    if not may_move(signer.type, signer.type):
        raise Dropped("only people move")
    if not await fetcher.db.read(moves.concerns_somebody, signer):
        raise Dropped("it concerns nobody here, or they moved a short while ago")
    if not activity.target.startswith(f"{fetcher.node.origin}/"):
        found = await fetch_actor(fetcher, activity.target)
        if found.uri != activity.target:
            raise Dropped("the new account is not what its id says")
    return activity.target


def receive(tx: Tx, _node: Node, signed: SignedActivity, target_uri: str) -> str | None:
    """Lead the followers there, if the new account agrees."""
    return moves.receive_move(tx, signer=signed.signer, target_uri=target_uri)
