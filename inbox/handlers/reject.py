"""Reject: somebody elsewhere refuses one of ours, or ends what was accepted before; or a community
did not take in what one of ours wrote."""

from activitypub.parse.activities import inner_activity
from domain.kinds import ActorType
from domain.node import Node
from federation.fetcher import Fetcher
from inbox.handlers.answers import (
    AnsweredFollow,
    AnsweredQuote,
    answered_follow,
    answered_quote,
    follower_of,
    quote_answered,
)
from inbox.signed import SignedActivity
from social import announced, memberships
from social.follows import receive_reject
from storage.queries.activities import sent
from storage.tx import Tx


async def verify(signed: SignedActivity, fetcher: Fetcher) -> AnsweredFollow | AnsweredQuote | str:
    """The follow or quote that is refused; or, from a community, the id of what we handed in."""
    quote = await answered_quote(inner_activity(signed.activity), fetcher)
    if quote is not None:
        return quote
    uri = signed.activity.object_id
    if signed.signer.type is ActorType.GROUP and uri is not None:
        about = await fetcher.db.read(sent, uri)
        if about is not None and about.post_id is not None:
            return uri
    return await answered_follow(signed, fetcher)


def receive(
    tx: Tx, node: Node, signed: SignedActivity, about: AnsweredFollow | AnsweredQuote | str
) -> str | None:
    """End the follow, the membership, or the request for it; or leave the post to its author."""
    if isinstance(about, AnsweredQuote):
        return quote_answered(tx, node, signed, about, agreed=False)
    signer, reason = signed.signer, signed.activity.summary
    if isinstance(about, str):
        refused = announced.refused(
            tx, node=node, community=signer, activity_uri=about, reason=reason
        )
        return None if refused else "no post that waited for that community"
    follower_id = follower_of(tx, node.origin, signed, about)
    if signer.type is ActorType.GROUP and memberships.rejected(
        tx,
        node=node,
        community=signer,
        actor_id=follower_id,
        reason=reason,
        uri=signed.activity.id,
    ):
        return None
    answered = receive_reject(tx, follower_id=follower_id, target_id=signer.id)
    return None if answered else "nobody here asked for that"
