"""What stands here already about a post of another server that is about to be stored."""

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import CompoundSelect, bindparam, exists, or_, select, union_all

from storage.columns import any_of
from storage.tables.posts import posts, tombstones
from storage.tables.quotes import quotes
from storage.tx import Tx


class Before(NamedTuple):
    """What is here before a post is: itself, what waits for it, its author's deletion.

    Answers to it wait for it, and quotes of it.
    """

    is_known: bool
    is_awaited: bool
    buried_by: str | None


_BEFORE: Final = select(
    exists().where(posts.c.uri == bindparam("uri")),
    or_(
        exists().where(posts.c.reply_to_uri == bindparam("uri"), posts.c.reply_to_uri.is_not(None)),
        exists().where(quotes.c.quoted_uri == bindparam("uri"), quotes.c.quoted_id.is_(None)),
    ),
    select(tombstones.c.author_uri).where(tombstones.c.uri == bindparam("uri")).scalar_subquery(),
)


def before(tx: Tx, uri: str) -> Before:
    """All that has to be known of an id before its post is read further, in one statement."""
    return Before(*tx.one(_BEFORE, uri=uri))


_MET: Final[CompoundSelect[str]] = union_all(
    select(posts.c.uri).where(any_of(posts.c.uri, "uris")),
    select(posts.c.reply_to_uri).where(
        any_of(posts.c.reply_to_uri, "uris"), posts.c.reply_to_uri.is_not(None)
    ),
    select(quotes.c.quoted_uri).where(
        any_of(quotes.c.quoted_uri, "uris"), quotes.c.quoted_id.is_(None)
    ),
    select(tombstones.c.uri).where(any_of(tombstones.c.uri, "uris")),
)


def met(tx: Tx, uris: Collection[str]) -> set[str]:
    """Those of many ids of which anything is here: `before` would say more of them."""
    return {row[0] for row in tx.all(_MET, uris=list(uris))}
