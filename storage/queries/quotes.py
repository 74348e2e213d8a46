"""Quotes as rows: who quotes what, and what the quoted author said of it (FEP-044f)."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import and_, bindparam, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import HERE
from domain.quotes import QuoteState
from storage.audience import alive, fixed
from storage.columns import Id, Number, Time, any_of
from storage.tables.actors import actors
from storage.tables.posts import posts
from storage.tables.quotes import quotes
from storage.tx import Tx

MOST: Final = 500
"""Quotes that are settled at once, when a post comes or goes, or consent (D09).

Of a post that is deleted all others show it anyway.
"""


class QuoteRow(Struct, frozen=True):
    """One row of `quotes`, in the order of its columns. Times are ms UTC."""

    id: int
    uri: str
    post_id: int | None
    quoter_id: int
    quoted_uri: str
    quoted_id: int | None
    state: QuoteState
    unasked: bool
    counted: bool
    request_uri: str | None
    authorization_uri: str | None
    created_at: int
    checked_at: int


_ROW = select(*tuple(quotes.c))
_BY_ID: Final = _ROW.where(quotes.c.id == bindparam("id"))
_BY_URI: Final = _ROW.where(quotes.c.uri == bindparam("uri"))
_OF_POST: Final = _ROW.where(quotes.c.post_id == bindparam("post_id"))
_BY_REQUEST: Final = _ROW.where(
    quotes.c.request_uri == bindparam("uri"), quotes.c.request_uri.is_not(None)
)
_BY_AUTHORIZATION: Final = (
    _ROW.where(
        quotes.c.authorization_uri == bindparam("uri"), quotes.c.authorization_uri.is_not(None)
    )
    # Those that stand come first: whoever names it without right does not keep it alive.
    .order_by(quotes.c.state != fixed(QuoteState.ACCEPTED), quotes.c.id)
    .limit(MOST)
)
_OF_QUOTED: Final = (
    _ROW.where(quotes.c.quoted_id == bindparam("quoted_id"), quotes.c.state == QuoteState.ACCEPTED)
    .order_by(quotes.c.id.desc())
    .limit(MOST)
)
_BY_OF: Final = (
    _ROW.join(posts, posts.c.id == quotes.c.quoted_id)
    .where(
        posts.c.author_id == bindparam("author_id"),
        quotes.c.quoter_id == bindparam("quoter_id"),
        quotes.c.state == QuoteState.ACCEPTED,
    )
    .order_by(quotes.c.id.desc())
    .limit(MOST)
)
_WAITING: Final = (
    _ROW.where(quotes.c.quoted_uri == bindparam("uri"), quotes.c.quoted_id.is_(None))
    .order_by(quotes.c.id.desc())
    .limit(MOST)
)
_PUT: Final = (
    insert(quotes)
    .values({column.name: bindparam(column.name) for column in quotes.c})
    .on_conflict_do_nothing()
    .returning(quotes.c.id)
)
_SET: Final = (
    update(quotes)
    .where(quotes.c.id == bindparam("key"))
    .values(
        {
            column.name: bindparam(column.name)
            for column in quotes.c
            if column.name not in {"id", "uri", "created_at"}
        }
    )
)
_FORGET: Final = delete(quotes).where(quotes.c.id == bindparam("key"))


def by_id(tx: Tx, quote_id: int) -> QuoteRow | None:
    """A quote by its number."""
    row = tx.first(_BY_ID, id=quote_id)
    return None if row is None else QuoteRow(*row)


def by_uri(tx: Tx, uri: str) -> QuoteRow | None:
    """A quote by the id of the quoting post, which may not be here."""
    row = tx.first(_BY_URI, uri=uri)
    return None if row is None else QuoteRow(*row)


def of_post(tx: Tx, post_id: int) -> QuoteRow | None:
    """What a post quotes."""
    row = tx.first(_OF_POST, post_id=post_id)
    return None if row is None else QuoteRow(*row)


def by_request(tx: Tx, uri: str) -> QuoteRow | None:
    """The quote that was asked for by this QuoteRequest."""
    row = tx.first(_BY_REQUEST, uri=uri)
    return None if row is None else QuoteRow(*row)


def by_authorization(tx: Tx, uri: str) -> list[QuoteRow]:
    """The quotes that name this QuoteAuthorization, rightly or not; no more than MOST."""
    return [QuoteRow(*row) for row in tx.all(_BY_AUTHORIZATION, uri=uri)]


def of_quoted(tx: Tx, quoted_id: int) -> list[QuoteRow]:
    """Quotes of a post that its author agreed to, the newest first; no more than MOST."""
    return [QuoteRow(*row) for row in tx.all(_OF_QUOTED, quoted_id=quoted_id)]


def by_of(tx: Tx, quoter_id: int, author_id: int) -> list[QuoteRow]:
    """Quotes by one actor of another's posts that were agreed to; no more than MOST."""
    return [QuoteRow(*row) for row in tx.all(_BY_OF, quoter_id=quoter_id, author_id=author_id)]


def waiting_for(tx: Tx, quoted_uri: str) -> list[QuoteRow]:
    """Quotes of a post that was not here when they came, the newest first; no more than MOST."""
    return [QuoteRow(*row) for row in tx.all(_WAITING, uri=quoted_uri)]


def put(tx: Tx, row: QuoteRow) -> bool:
    """Store a quote; False if its post has one already."""
    return tx.first(_PUT, **asdict(row)) is not None


def change(tx: Tx, row: QuoteRow) -> None:
    """Store what has become of a quote."""
    values = asdict(row)
    for name in ("id", "uri", "created_at"):
        values.pop(name)
    tx.change(_SET, key=row.id, **values)


def forget(tx: Tx, quote_id: int) -> None:
    """A post quotes no more."""
    tx.change(_FORGET, key=quote_id)


_FORGET_POSTS: Final = delete(quotes).where(any_of(quotes.c.post_id, "ids"))


def forget_posts(tx: Tx, post_ids: Collection[int]) -> None:
    """Forget what posts quoted that are forgotten themselves."""
    tx.change(_FORGET_POSTS, ids=sorted(post_ids))


_grown = posts.c.quotes_count + bindparam("by", type_=Number)
_COUNT: Final = (
    update(posts)
    .where(posts.c.id == bindparam("key"))
    .values(quotes_count=case((_grown >= 0, _grown), else_=0), version=posts.c.version + 1)
)
_SET_QUOTED: Final = (
    update(posts)
    .where(posts.c.id == bindparam("key"))
    .values(quote_uri=bindparam("quote_uri"), version=posts.c.version + 1)
)
_SET_POLICY: Final = (
    update(posts)
    .where(posts.c.id == bindparam("key"), posts.c.quote_policy != bindparam("policy"))
    .values(quote_policy=bindparam("policy"), version=posts.c.version + 1)
)


def count(tx: Tx, post_id: int, by: int) -> None:
    """Add to the quotes that a post shows; whether one counts is `domain.audience.counts_for`."""
    tx.change(_COUNT, key=post_id, by=by)


def set_quoted(tx: Tx, post_id: int, quoted_uri: str | None) -> None:
    """Write beside a post what it quotes."""
    tx.change(_SET_QUOTED, key=post_id, quote_uri=quoted_uri)


def set_policy(tx: Tx, post_id: int, policy: int) -> bool:
    """Write down whom an author lets quote a post; False if nothing is new."""
    return tx.change(_SET_POLICY, key=post_id, policy=policy) > 0


_QUOTERS: Final = (
    select(quotes.c.quoter_id, func.max(quotes.c.post_id))
    .join(posts, and_(posts.c.id == quotes.c.post_id, alive(posts)))
    .join(actors, actors.c.id == quotes.c.quoter_id)
    .where(
        quotes.c.quoted_id == bindparam("quoted_id", type_=Id),
        quotes.c.state == fixed(QuoteState.ACCEPTED),
        actors.c.origin_id == fixed(HERE),
    )
    .group_by(quotes.c.quoter_id)
)


_STALE: Final = (
    _ROW.join(posts, posts.c.id == quotes.c.quoted_id)
    .where(
        quotes.c.state == fixed(QuoteState.ACCEPTED),
        quotes.c.authorization_uri.is_not(None),
        quotes.c.checked_at < bindparam("before", type_=Time),
        quotes.c.created_at > bindparam("since", type_=Time),
        posts.c.origin_id != fixed(HERE),
    )
    .order_by(quotes.c.checked_at)
    .limit(bindparam("limit", type_=Number))
)


def stale(tx: Tx, *, before: int, since: int, limit: int) -> list[QuoteRow]:
    """Quotes by consent from elsewhere that was last seen before that moment, the oldest first."""
    rows = tx.all(_STALE, before=before, since=since, limit=limit)
    return [QuoteRow(*row) for row in rows]


def quoters_here(tx: Tx, quoted_id: int) -> dict[int, int]:
    """Those of our people who quote a post, each with their newest quote of it."""
    rows = tx.all(_QUOTERS, quoted_id=quoted_id)
    return {quoter: quote for quoter, quote in rows if quote is not None}
