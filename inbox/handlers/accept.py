"""Accept: somebody elsewhere lets one of ours follow, a community takes one of ours in, or another
of our nodes says that it has forgotten what it was to forget."""

from activitypub.groups import MEMBERSHIP, Terms
from activitypub.parse.activities import Inner, inner_activity
from activitypub.parse.groups import parse_terms
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
from inbox.signed import Dropped, SignedActivity
from social import memberships, removal
from social.follows import receive_accept
from storage.tx import Tx


async def verify(
    signed: SignedActivity, fetcher: Fetcher
) -> AnsweredFollow | AnsweredQuote | Inner:
    """The follow or the quote that is answered, or what is acknowledged."""
    inner = inner_activity(signed.activity)
    quote = await answered_quote(inner, fetcher)
    if quote is not None:
        return quote
    if inner.type not in removal.FORGETS:
        return await answered_follow(signed, fetcher)
    if inner.id is None:
        raise Dropped("nothing says what is acknowledged")
    return inner


def receive(
    tx: Tx, node: Node, signed: SignedActivity, about: AnsweredFollow | AnsweredQuote | Inner
) -> str | None:
    """Turn the request into a follow, or into a membership; or write down what was forgotten."""
    if isinstance(about, Inner):
        return _forgotten(tx, signed, about)
    if isinstance(about, AnsweredQuote):
        return quote_answered(tx, node, signed, about, agreed=True)
    follower_id, signer = follower_of(tx, node.origin, signed, about), signed.signer
    if signer.type is ActorType.GROUP and memberships.accepted(
        tx, node=node, community=signer, actor_id=follower_id, terms=_terms(signed)
    ):
        return None
    answered = receive_accept(tx, follower_id=follower_id, target_id=signer.id)
    return None if answered else "nobody here asked for that"


def _forgotten(tx: Tx, signed: SignedActivity, about: Inner) -> str | None:
    audience = signed.activity.audience
    return removal.acknowledged(
        tx,
        by=signed.signer,
        uri=about.id or "",
        kind=about.type,
        community_uri=audience[0] if audience else None,
    )


def _terms(signed: SignedActivity) -> Terms | None:
    """What the membership is like; none: it is no community of our kind."""
    result = signed.activity.result
    return parse_terms(result) if result is not None and result.get("type") == MEMBERSHIP else None
