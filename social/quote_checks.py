"""Asking a quoted author's server whether a quote is theirs to show (FEP-044f).

What a quoting post embeds or claims is not looked at: a consent counts if the server that the
quoted author lives on serves it, names that author, and means these two posts (O01, O10).
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from activitypub.json import MalformedDocument
from activitypub.parse.fields import origin_of
from activitypub.parse.quotes import Authorization, authorization
from domain.audience import Kind
from domain.node import Node
from domain.quotes import QuoteState
from federation.fetcher import CannotFetch, Fetcher
from social import quoted
from social.ancestors import find_post
from social.consent import settle
from storage.queries import actors, communities, follows, origins, posts, quotes
from storage.queries.disclosures import is_disclosed
from storage.queries.quotes import QuoteRow
from storage.tx import Tx
from storage.views.posts import PostRow

RECHECK_QUOTES: Final = "recheck_quotes"
RECHECK_EVERY_MS: Final = 3600 * 1000
AGAIN_MS: Final = 7 * 24 * 3600 * 1000
"""How long consent is believed without asking again."""

WATCHED_MS: Final = 90 * 24 * 3600 * 1000
"""How old a quote may be to be asked for again."""

MOST_AT_ONCE: Final = 50


class _Task(Struct, frozen=True):
    """A quote to be looked at; `author_uri`: of the quoted post, if that is here."""

    quote: QuoteRow
    author_uri: str | None
    as_actor_id: int | None


async def check_quote(fetcher: Fetcher, *, quote_id: int) -> None:
    """Fetch what is missing of a quote, and settle it. Raises CannotFetch.

    Doing it again changes nothing.
    """
    task = await fetcher.db.read(_task, quote_id)
    if task is None:
        return
    if task.author_uri is None:
        found = await find_post(fetcher, task.quote.quoted_uri)
        if found is None:
            return
        task = await fetcher.db.write(_linked, node=fetcher.node, quote_id=quote_id)
    if task is None or task.author_uri is None or task.quote.authorization_uri is None:
        return
    agreed = await _asked(fetcher, task, task.quote.authorization_uri, task.author_uri)
    await fetcher.db.write(_checked, quote=task.quote, author_uri=task.author_uri, agreed=agreed)


async def recheck_quotes(fetcher: Fetcher) -> None:
    """Ask again for consent that was seen long ago: its end is told to the quoter alone.

    What cannot be had now stays as it is; a week later it is asked for again.
    """
    now = fetcher.now_ms()
    old = await fetcher.db.read(
        quotes.stale, before=now - AGAIN_MS, since=now - WATCHED_MS, limit=MOST_AT_ONCE
    )
    for quote in old:
        task = await fetcher.db.read(_task, quote.id, QuoteState.ACCEPTED)
        if task is None or task.author_uri is None or quote.authorization_uri is None:
            continue
        try:
            agreed = await _asked(fetcher, task, quote.authorization_uri, task.author_uri)
        except CannotFetch:
            agreed = True
        await fetcher.db.write(_rechecked, node=fetcher.node, quote=quote, agreed=agreed)


def _rechecked(tx: Tx, *, node: Node, quote: QuoteRow, agreed: bool) -> None:
    tx.lock(f"quote {quote.uri}")
    now = quotes.by_id(tx, quote.id)
    if now is None or now.authorization_uri != quote.authorization_uri:
        return
    if now.state is not QuoteState.ACCEPTED:
        return
    if agreed:
        quotes.change(tx, replace(now, checked_at=tx.now))
    else:
        quoted.revoke(tx, node=node, quote=now)


def _task(tx: Tx, quote_id: int, state: QuoteState = QuoteState.PENDING) -> _Task | None:
    quote = quotes.by_id(tx, quote_id)
    row = posts.by_id(tx, quote.post_id) if quote is not None and quote.post_id else None
    if quote is None or row is None or quote.state is not state:
        return None
    meant = posts.by_id(tx, quote.quoted_id) if quote.quoted_id is not None else None
    author = actors.by_id(tx, meant.author_id) if meant is not None else None
    asker = _reader(tx, row)
    if asker is not None and not _is_known_there(tx, asker, quote.authorization_uri):
        asker = None
    return _Task(quote, author.uri if author is not None else None, asker)


def _reader(tx: Tx, row: PostRow) -> int | None:
    """Who of ours reads the quoting post, and so may ask; nobody in particular if all may."""
    if row.kind is Kind.COMMUNITY:
        active = [one.actor_id for one in communities.active_members(tx, row.owner_id)]
        return min(follows.local_ids(tx, active), default=None)
    if row.kind is Kind.FOLLOWERS:
        return min(follows.local_followers(tx, row.owner_id), default=None)
    return None


def _is_known_there(tx: Tx, actor_id: int, uri: str | None) -> bool:
    """Whether a server may learn of one of ours by being asked: it knows them (protocol §3).

    The address was written by who quotes, who could else have our readers introduce themselves.
    """
    there = origins.by_origin(tx, origin_of(uri)) if uri is not None else None
    return there is not None and is_disclosed(tx, actor_id, there.id)


def _linked(tx: Tx, *, node: Node, quote_id: int) -> _Task | None:
    """The quoted post was fetched: what the quote comes to now."""
    quote = quotes.by_id(tx, quote_id)
    if quote is not None:
        quoted.find(tx, node=node, quote=quote)
    return _task(tx, quote_id)


async def _asked(fetcher: Fetcher, task: _Task, uri: str, author_uri: str) -> bool:
    """Whether the quoted author's server has this consent. Raises CannotFetch if nobody knows."""
    if origin_of(uri) != origin_of(author_uri):
        return False
    try:
        found = await fetcher.document(uri, as_actor_id=task.as_actor_id)
        said = authorization(found.body)
    except MalformedDocument:
        return False
    except CannotFetch as problem:
        if problem.later:
            raise
        return False
    quote = task.quote
    return said == Authorization(uri, author_uri, quoting=quote.uri, quoted=quote.quoted_uri)


def _checked(tx: Tx, *, quote: QuoteRow, author_uri: str, agreed: bool) -> None:
    """Write down what the server said, unless something else has become of the quote meanwhile.

    A consent that was deleted while it was asked for is none.
    """
    tx.lock(f"quote {quote.uri}")
    now = quotes.by_id(tx, quote.id)
    if now is None or now.authorization_uri != quote.authorization_uri:
        return
    if now.state is not QuoteState.PENDING or now.quoted_id != quote.quoted_id:
        return
    state = QuoteState.ACCEPTED if agreed else QuoteState.PENDING
    if posts.buried_by(tx, quote.authorization_uri or "") == author_uri:
        state = QuoteState.REVOKED
    settle(tx, replace(now, state=state, checked_at=tx.now))
