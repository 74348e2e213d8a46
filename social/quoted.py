"""What other servers say of quotes: posts that quote, requests, answers, consent taken back.

Nothing is believed but what the quoted author's own server says (FEP-044f, "Verifying third-party
quote posts"). Whoever quotes what they may not read is heard as if it did not exist (O11).
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from activitypub.parse.fields import origin_of
from activitypub.parse.posts import NoteDocument
from activitypub.parse.quotes import Quoting
from domain.node import Node
from domain.quotes import QuoteState, Standing, is_inside, may_be_quoted, stays_inside
from jobs.queue import enqueue
from outbox import quotes as out
from social import consent, readers
from social.consent import asked_of, authorization_of, held, policy_said, settle
from social.quotes import say_again
from storage.queries import actors, follows, posts, quotes
from storage.queries.ids import new_id
from storage.queries.quotes import QuoteRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

VERIFY_QUOTE: Final = "verify_quote"
"""The kind of job that asks a quoted author's server; its payload is the quote's number."""


# A post that quotes.


def heard(tx: Tx, *, node: Node, note: NoteDocument, row: PostRow, author: ActorView) -> bool:
    """What a post of another server says of quotes, new or changed; False if nothing is new.

    An older version that comes late says nothing.
    """
    if note.updated is not None and note.updated < (row.edited_at or 0):
        return False
    tx.lock(f"quote {row.uri}")
    new_rule = quotes.set_policy(tx, row.id, policy_said(author, note.quote_rule))
    said, known = note.quoting, quotes.by_uri(tx, row.uri)
    if said is None or said.uri == row.uri:
        return _no_quote(tx, row, known) or new_rule
    if known is not None and known.quoted_uri != said.uri:
        consent.drop(tx, known)
        known = None
    quote = known or _new(tx, row.uri, author, said.uri, unasked=not said.asked)
    fresh = replace(
        quote,
        post_id=row.id,
        quoted_id=_meant(tx, author, said.uri, row),
        unasked=not said.asked,
    )
    fresh = _decided(tx, node, fresh, said, author)
    if fresh == quote and known is not None:
        return new_rule
    if row.quote_uri != said.uri:
        quotes.set_quoted(tx, row.id, said.uri)
    settle(tx, fresh, fresh=known is None)
    _ask_about(tx, node, fresh)
    return True


def _no_quote(tx: Tx, row: PostRow, known: QuoteRow | None) -> bool:
    if known is None or known.post_id is None:
        return False
    consent.drop(tx, known)
    quotes.set_quoted(tx, row.id, None)
    return True


def _new(tx: Tx, uri: str, quoter: ActorView, quoted_uri: str, *, unasked: bool) -> QuoteRow:
    quote = QuoteRow(
        id=new_id(tx),
        uri=uri,
        post_id=None,
        quoter_id=quoter.id,
        quoted_uri=quoted_uri,
        quoted_id=None,
        state=QuoteState.PENDING,
        unasked=unasked,
        counted=False,
        request_uri=None,
        authorization_uri=None,
        created_at=tx.now,
        checked_at=0,
    )
    quotes.put(tx, quote)
    return quote


def _meant(tx: Tx, author: ActorView, uri: str, row: PostRow) -> int | None:
    """The post that is quoted, if its quoter may quote it there: else as if there were none."""
    quoted = _readable(tx, author, uri)
    if quoted is None:
        return None
    inside = stays_inside(
        (quoted.audience, quoted.root_audience), (row.audience, row.root_audience)
    )
    return quoted.id if inside else None


def _readable(tx: Tx, actor: ActorView, uri: str) -> PostRow | None:
    row = posts.by_uri(tx, uri)
    if row is None or row.deleted_at is not None or row.share_of_id is not None:
        return None
    if not may_be_quoted(row.audience, row.root_audience):
        return None
    if follows.is_blocked(tx, actor.id, row.author_id):
        return None
    return row if readers.may(tx, actor, posts.facts(tx, row)) else None


def _decided(tx: Tx, node: Node, quote: QuoteRow, said: Quoting, author: ActorView) -> QuoteRow:
    """What the quote comes to by what is known here; the rest is found out by a job."""
    quoted = posts.by_id(tx, quote.quoted_id) if quote.quoted_id is not None else None
    if quoted is not None and quoted.author_id == author.id:
        return replace(quote, state=QuoteState.ACCEPTED)
    if quoted is not None and quoted.is_local:
        return _decided_here(tx, node, quote, quoted, author)
    if quoted is not None and author.id in posts.named_in(tx, quoted.id):
        return replace(quote, state=QuoteState.ACCEPTED)  # named in it: a part of the talk
    if quoted is not None and _is_agreed_by_policy(tx, quote, quoted, author):
        return replace(quote, state=QuoteState.ACCEPTED)
    if said.authorization == quote.authorization_uri:
        return quote
    given = said.authorization
    return replace(quote, state=QuoteState.PENDING, authorization_uri=given, checked_at=0)


def _decided_here(
    tx: Tx, node: Node, quote: QuoteRow, quoted: PostRow, author: ActorView
) -> QuoteRow:
    """Our own author was asked or not; a consent that is named is looked up, never believed.

    Who knows no asking is answered as if they had asked: by the post's policy.
    """
    if not quote.unasked or quote.state is not QuoteState.PENDING:
        return quote
    if asked_of(tx, quoted, author) is not Standing.AUTOMATIC:
        return quote
    return replace(
        quote, state=QuoteState.ACCEPTED, authorization_uri=authorization_of(node, quote)
    )


def _is_agreed_by_policy(tx: Tx, quote: QuoteRow, quoted: PostRow, author: ActorView) -> bool:
    """Whether its author could not be asked about it, and agrees to every quote beforehand.

    Of somebody on the quoter's own server there is consent to look up.
    """
    row = posts.by_id(tx, quote.post_id) if quote.post_id is not None else None
    if row is None or not is_inside(row.audience, row.root_audience):
        return False
    if quoted.origin_id == author.origin_id:
        return False
    return asked_of(tx, quoted, author) is Standing.AUTOMATIC


def _ask_about(tx: Tx, node: Node, quote: QuoteRow) -> None:
    """Have a job fetch the quoted post, and its author's consent, where they lie elsewhere."""
    if quote.state is not QuoteState.PENDING or origin_of(quote.quoted_uri) == node.origin:
        return
    if quotes.waiting_for(tx, quote.uri):
        return  # fetched to be shown in a quote: what it quotes in turn is not opened (D09)
    if quote.quoted_id is None or quote.authorization_uri is not None:
        enqueue(tx, VERIFY_QUOTE, quote.id, unique=f"{VERIFY_QUOTE} {quote.id}")


def adopt(tx: Tx, *, node: Node, quoted: PostRow) -> None:
    """A post came that others quoted before it was here."""
    for quote in quotes.waiting_for(tx, quoted.uri):
        found = find(tx, node=node, quote=quote)
        if found is not None:
            _ask_about(tx, node, found)


def find(tx: Tx, *, node: Node, quote: QuoteRow) -> QuoteRow | None:
    """Connect a quote with the quoted post that is here now; None if its quoter may not read it."""
    now = held(tx, quote)
    author = actors.by_id(tx, quote.quoter_id)
    row = posts.by_id(tx, now.post_id) if now is not None and now.post_id is not None else None
    if now is None or author is None or row is None:
        return None
    said = Quoting(now.quoted_uri, now.authorization_uri, asked=not now.unasked)
    linked = replace(now, quoted_id=_meant(tx, author, now.quoted_uri, row))
    if linked.quoted_id is None:
        return None
    linked = _decided(tx, node, linked, said, author)
    return settle(tx, linked)


# Somebody elsewhere asks to quote one of ours.


def may_ask(tx: Tx, quoter: ActorView, quoted_uri: str) -> bool:
    """Whether a request is worth looking at: for a post of ours that they may read."""
    quoted = _readable(tx, quoter, quoted_uri)
    return quoted is not None and quoted.is_local


def requested(
    tx: Tx, *, node: Node, quoter: ActorView, quoted_uri: str, quoting: PostRow, request_uri: str
) -> bool:
    """Answer a QuoteRequest by the policy of the post; False where there is no such post for them.

    `quoting` is stored, is theirs and quotes it; `heard` has seen it. Consent that was taken back
    is not given again.
    """
    tx.lock(f"quote {quoting.uri}")
    quoted, quote = _readable(tx, quoter, quoted_uri), quotes.by_uri(tx, quoting.uri)
    if quoted is None or not quoted.is_local or quote is None or quote.quoted_uri != quoted_uri:
        return False
    author = actors.by_id(tx, quoted.author_id)
    if author is None:
        return False
    quote = replace(quote, request_uri=request_uri, quoted_id=quoted.id, unasked=False)
    agreed = asked_of(tx, quoted, quoter) is Standing.AUTOMATIC
    if quote.state is QuoteState.REVOKED:
        quotes.change(tx, quote)
        out.answered(
            *(tx,), node=node, quote=_refused(quote), author=author, quoter=quoter, uri=request_uri
        )
        return True
    if agreed or quote.state is QuoteState.ACCEPTED:
        stamp = authorization_of(node, quote)
        quote = replace(quote, state=QuoteState.ACCEPTED, authorization_uri=stamp)
    else:
        quote = _refused(replace(quote, state=QuoteState.REJECTED))
    settle(tx, quote)
    out.answered(tx, node=node, quote=quote, author=author, quoter=quoter, uri=request_uri)
    return True


def _refused(quote: QuoteRow) -> QuoteRow:
    return replace(quote, authorization_uri=None)


# Answers to what our people asked.


class Answer(Struct, frozen=True):
    """What an Accept or a Reject says of a QuoteRequest; any of the three may be missing."""

    request_uri: str | None
    quoting_uri: str | None
    quoted_uri: str | None


def answered(
    tx: Tx, *, node: Node, signer: ActorView, about: Answer, authorization: str | None, agreed: bool
) -> bool:
    """The quoted author agrees to a quote of ours, or does not; False if nobody asked them."""
    quote = _asked_by_us(tx, about)
    if quote is None or quote.post_id is None:
        return False
    tx.lock(f"quote {quote.uri}")
    quote = quotes.by_id(tx, quote.id) or quote
    row = posts.by_id(tx, quote.post_id or 0)
    quoted = posts.by_id(tx, quote.quoted_id) if quote.quoted_id is not None else None
    if row is None or quoted is None or not row.is_local or quoted.author_id != signer.id:
        return False
    if agreed:
        return _agreed(tx, node, quote, row, signer=signer, authorization=authorization)
    return _disagreed(tx, node, quote, row)


def _asked_by_us(tx: Tx, about: Answer) -> QuoteRow | None:
    if about.request_uri is not None:
        known = quotes.by_request(tx, about.request_uri)
        if known is not None:
            return known
    quote = quotes.by_uri(tx, about.quoting_uri) if about.quoting_uri is not None else None
    return quote if quote is not None and about.quoted_uri == quote.quoted_uri else None


def _agreed(
    tx: Tx,
    node: Node,
    quote: QuoteRow,
    row: PostRow,
    *,
    signer: ActorView,
    authorization: str | None,
) -> bool:
    """Believed from the quoted author alone, with a consent that lies on their own server."""
    if authorization is None or origin_of(authorization) != origin_of(signer.uri):
        return False
    if posts.buried_by(tx, authorization) == signer.uri:
        settle(tx, replace(quote, state=QuoteState.REVOKED, authorization_uri=authorization))
        return True
    if quote.state is QuoteState.ACCEPTED and quote.authorization_uri == authorization:
        return True
    settle(
        tx,
        replace(
            quote,
            state=QuoteState.ACCEPTED,
            authorization_uri=authorization,
            checked_at=tx.now,
        ),
    )
    say_again(tx, node=node, row=row)
    return True


def _disagreed(tx: Tx, node: Node, quote: QuoteRow, row: PostRow) -> bool:
    had = quote.state is QuoteState.ACCEPTED
    if quote.state is QuoteState.PENDING or had:
        state = QuoteState.REVOKED if had else QuoteState.REJECTED
        settle(tx, replace(quote, state=state))
        if had:
            say_again(tx, node=node, row=row)
    return True


def revoked(tx: Tx, *, node: Node, uri: str, signer: ActorView) -> bool | None:
    """A quoted author deletes a consent: whether they may; None if no quote here names it.

    It is remembered in any case: a consent that comes after its end is none.
    """
    named = quotes.by_authorization(tx, uri)
    meant = [
        quote
        for quote in named
        if (quoted := posts.by_id(tx, quote.quoted_id or 0)) and quoted.author_id == signer.id
    ]
    if meant:
        posts.bury(tx, uri, signer.uri)
    for quote in meant:
        revoke(tx, node=node, quote=quote)
    return bool(meant) if named else None


def revoke(tx: Tx, *, node: Node, quote: QuoteRow) -> None:
    """There is no consent any more; if the post is ours, whoever has it is told."""
    now = held(tx, quote)
    if now is None or now.state is QuoteState.REVOKED:
        return  # it ended a moment ago
    settle(tx, replace(now, state=QuoteState.REVOKED))
    row = posts.by_id(tx, now.post_id) if now.post_id is not None else None
    if row is not None:
        say_again(tx, node=node, row=row)
