"""What Accept and Reject have in common: finding the follow that is answered.

Servers answer with the whole Follow, with its id alone, or with parts of it. The pair (who asked,
the signer) is what counts; an id only helps to find it.
"""

from msgspec import Struct

from activitypub.parse.activities import Inner, inner_activity
from activitypub.parse.quotes import QUOTE_REQUEST
from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social import quoted
from storage.queries import actors, quotes
from storage.queries.intake import asked_by
from storage.tx import Tx


class AnsweredFollow(Struct, frozen=True):
    """What an answer says of the follow that it is about."""

    uri: str | None
    follower_uri: str | None


class AnsweredQuote(Struct, frozen=True):
    """What an answer says of the QuoteRequest that it is about (FEP-044f)."""

    about: quoted.Answer


async def answered_quote(inner: Inner, fetcher: Fetcher) -> AnsweredQuote | None:
    """The QuoteRequest that an answer is about; None if it is about something else."""
    if inner.type is None and inner.id is not None:
        if await fetcher.db.read(quotes.by_request, inner.id) is None:
            return None
    elif inner.type != QUOTE_REQUEST:
        return None
    return AnsweredQuote(quoted.Answer(inner.id, inner.instrument, inner.object_id))


def quote_answered(
    tx: Tx, node: Node, signed: SignedActivity, answer: AnsweredQuote, *, agreed: bool
) -> str | None:
    """Do what a quoted author said; why it had no effect."""
    done = quoted.answered(
        tx,
        node=node,
        signer=signed.signer,
        about=answer.about,
        authorization=signed.activity.result_id,
        agreed=agreed,
    )
    return None if done else "nobody here asked for that"


async def answered_follow(signed: SignedActivity, fetcher: Fetcher) -> AnsweredFollow:
    """Read an answer; raises Dropped unless it is about a follow of ours, of the signer."""
    inner = inner_activity(signed.activity)
    if inner.type not in {None, "Follow", "Join"}:
        raise Dropped("only follows are answered here")
    if inner.object_id is not None and inner.object_id != signed.signer.uri:
        raise Dropped("the follow is of somebody else")
    here = f"{fetcher.node.origin}/"
    if not any(known is not None and known.startswith(here) for known in (inner.id, inner.actor)):
        raise Dropped("the follow is not by one of ours")
    return AnsweredFollow(inner.id, inner.actor)


def follower_of(tx: Tx, origin: str, signed: SignedActivity, follow: AnsweredFollow) -> int:
    """Who of ours asked to follow the signer. Raises Dropped if nobody did."""
    if follow.follower_uri is not None:
        follower = actors.by_uri(tx, follow.follower_uri)
        if follower is not None and follower.is_local:
            return follower.id
    pair = _by_activity(tx, origin, follow.uri)
    if pair is None or pair[1] != signed.signer.id:
        raise Dropped("nobody here asked for that")
    return pair[0]


def _by_activity(tx: Tx, origin: str, uri: str | None) -> tuple[int, int] | None:
    number = (uri or "").removeprefix(f"{origin}/act/")
    if uri is None or not number.isascii() or not number.isdigit() or len(number) > 19:
        return None
    return asked_by(tx, int(number), uri)
