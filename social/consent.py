"""Consent to quotes (FEP-044f): what a quote comes to, whoever said what first.

A quote stands once the quoted author has accepted it. Everything that happens to either post ends
here, in `settle`, so that every order of the same events ends in the same figures and notices.
"""

from functools import reduce
from operator import or_
from typing import Final

from msgspec.structs import replace

from activitypub.parse.quotes import QuoteRule
from domain.addressing import PUBLIC_URI
from domain.audience import counts_for
from domain.ids import HERE
from domain.kinds import NotificationKind
from domain.node import Node
from domain.quotes import (
    CHOICES,
    QuotePolicy,
    QuoteState,
    Standing,
    may_be_quoted,
    reaches_elsewhere,
    standing,
)
from social.notifications import notify, retract
from social.streaming import announce, edited
from storage.audience import readers_among
from storage.queries import follows, posts, quotes
from storage.queries.quotes import QuoteRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

# Who may quote without asking, and who after asking.
_NOBODY: Final = (QuotePolicy.NOBODY, QuotePolicy.NOBODY)
_PUBLIC: Final = (QuotePolicy.PUBLIC, QuotePolicy.ASK_PUBLIC)
_FOLLOWERS: Final = (QuotePolicy.FOLLOWERS, QuotePolicy.ASK_FOLLOWERS)
_FOLLOWING: Final = (QuotePolicy.FOLLOWING, QuotePolicy.ASK_FOLLOWING)
_OTHERS: Final = (QuotePolicy.OTHERS, QuotePolicy.ASK_OTHERS)


def policy_for(row: PostRow, choice: str) -> QuotePolicy:
    """The policy of a new post of ours: what its author chose, where there is a choice.

    Nobody quotes what is for some people only, not even its author (protocol §1).
    """
    if not may_be_quoted(row.audience, row.root_audience):
        return QuotePolicy.NOBODY
    return CHOICES[choice]


def policy_said(author: ActorView, rule: QuoteRule | None) -> QuotePolicy:
    """What a document's policy means here; who says nothing agrees to nothing."""
    if rule is None:
        return QuotePolicy.NOBODY
    known = {
        PUBLIC_URI: _PUBLIC,
        author.followers or "": _FOLLOWERS,
        author.following or "": _FOLLOWING,
        author.uri: _NOBODY,
    }
    said = [known.get(uri, _OTHERS)[0] for uri in rule.automatic]
    said += [known.get(uri, _OTHERS)[1] for uri in rule.manual]
    # Most say one thing, and to join two flags takes longer than all the rest.
    return said[0] if len(said) == 1 else reduce(or_, said, QuotePolicy.NOBODY)


def asked_of(tx: Tx, quoted: PostRow, quoter: ActorView) -> Standing:
    """What our author's policy says to somebody who lives elsewhere and may read the post."""
    if not reaches_elsewhere(quoted.audience, quoted.root_audience):
        return Standing.DENIED
    return standing(
        QuotePolicy(quoted.quote_policy),
        is_author=quoter.id == quoted.author_id,
        follows=follows.is_following(tx, quoter.id, quoted.author_id),
        is_followed=follows.is_following(tx, quoted.author_id, quoter.id),
    )


def authorization_of(node: Node, quote: QuoteRow) -> str:
    """Where our author's consent to a quote is found."""
    return node.authorization(quote.id)


def held(tx: Tx, quote: QuoteRow) -> QuoteRow | None:
    """A quote as it is now, which nobody else settles until the unit ends; None: there is none.

    `settle` stores the whole row: what was read before the lock may be another unit's past.
    """
    tx.lock(f"quote {quote.uri}")
    return quotes.by_id(tx, quote.id)


def settle(tx: Tx, quote: QuoteRow, *, fresh: bool = False) -> QuoteRow:
    """Store a quote, count it if it counts, and tell its quoted author if that is one of ours.

    `fresh`: the quoting post is new, so nobody has to be told that it changed.
    """
    quoting = posts.by_id(tx, quote.post_id) if quote.post_id is not None else None
    quoted = posts.by_id(tx, quote.quoted_id) if quote.quoted_id is not None else None
    stands = quote.state is QuoteState.ACCEPTED and _is_there(quoting) and _is_there(quoted)
    counts = stands and _counts(tx, quoting, quoted)
    if quoted is not None and counts != quote.counted:
        quotes.count(tx, quoted.id, 1 if counts else -1)
        quote = replace(quote, counted=counts)
    quotes.change(tx, quote)
    if quoting is not None and quoted is not None:
        _tell(tx, quoting, quoted, stands=stands)
    if quoting is not None and _is_there(quoting) and not fresh:
        announce(tx, edited(quoting.id))
    return quote


def _is_there(row: PostRow | None) -> bool:
    return row is not None and row.deleted_at is None


def _counts(tx: Tx, quoting: PostRow | None, quoted: PostRow | None) -> bool:
    """Whether all who read the quoted post read the quoting one: a figure tells of no other."""
    if quoting is None or quoted is None:
        return False
    return counts_for(posts.facts(tx, quoted), posts.facts(tx, quoting))


def _tell(tx: Tx, quoting: PostRow, quoted: PostRow, *, stands: bool) -> None:
    author, quoter = quoted.author_id, quoting.author_id
    if quoted.origin_id != HERE or author == quoter:
        return
    about = {"actor_id": author, "from_id": quoter, "post_id": quoting.id}
    if not stands:
        retract(tx, kind=NotificationKind.QUOTE, **about)
    elif author in readers_among(tx, quoting.id, [author]):
        notify(tx, kind=NotificationKind.QUOTE, **about)


def drop(tx: Tx, quote: QuoteRow) -> None:
    """A post quotes something else now, or nothing."""
    settle(tx, replace(quote, state=QuoteState.PENDING))
    quotes.forget(tx, quote.id)


def gone(tx: Tx, row: PostRow) -> None:
    """A post was deleted: what it quoted counts it no more, and who quoted it has no quote."""
    ended = [quotes.of_post(tx, row.id)] if row.quote_uri is not None else []
    for quote in (*ended, *quotes.of_quoted(tx, row.id)):
        now = held(tx, quote) if quote is not None else None
        if now is not None:
            settle(tx, now)
