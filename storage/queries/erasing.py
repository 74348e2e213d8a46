"""Words of deleted posts, removed for good after a while.

The rows themselves stay: answers ask them for the pair of their root, and a Create that comes late
must find them.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import and_, bindparam, delete, exists, or_, select, update

from domain.audience import Kind
from storage.columns import Id, Number, Time, any_of
from storage.queries import bookmarks, filters, polls, quotes, words
from storage.tables.bookmarks import bookmarks as bookmarks_table
from storage.tables.files import files
from storage.tables.filters import filter_posts
from storage.tables.polls import polls as polls_table
from storage.tables.posts import post_tags, post_versions, posts
from storage.tables.quotes import quotes as quotes_table
from storage.tx import Tx

# All of it goes by `erase`, so that nothing is due twice. A share has nothing of its own.
_BESIDE: Final = (
    *(files.c.post_id, polls_table.c.post_id, post_tags.c.post_id, post_versions.c.post_id),
    *(quotes_table.c.post_id, bookmarks_table.c.post_id, filter_posts.c.post_id),
)
_says_something = or_(
    posts.c.content != "",
    posts.c.summary != "",
    posts.c.title != "",
    posts.c.source.is_not(None),
    and_(
        posts.c.share_of_id.is_(None),
        or_(*(exists().where(of == posts.c.id).correlate(posts) for of in _BESIDE)),
    ),
)
_DUE: Final = (
    select(posts.c.id)
    .where(
        posts.c.deleted_at <= bindparam("before", type_=Time),
        _says_something,
    )
    .order_by(posts.c.id)
    .limit(bindparam("limit", type_=Number))
)
_OF_NETWORK: Final = (
    select(posts.c.id)
    .where(
        posts.c.origin_id == bindparam("origin_id", type_=Id),
        or_(posts.c.kind == Kind.NETWORK, posts.c.root_kind == Kind.NETWORK),
        or_(posts.c.deleted_at.is_(None), _says_something),
    )
    .order_by(posts.c.id)
    .limit(bindparam("limit", type_=Number))
)
_BLANK: Final = (
    update(posts)
    .where(any_of(posts.c.id, "ids"), posts.c.deleted_at.is_not(None))
    .values(
        content="",
        source=None,
        summary="",
        title="",
        emojis=b"",
        app_id=bindparam("no_app", type_=Id),
        link_id=bindparam("no_link", type_=Id),
    )
)
_VERSIONS: Final = delete(post_versions).where(any_of(post_versions.c.post_id, "ids"))
_TAGS: Final = delete(post_tags).where(any_of(post_tags.c.post_id, "ids"))
_FILES: Final = delete(files).where(any_of(files.c.post_id, "ids"))


def due(tx: Tx, before: int, limit: int) -> list[int]:
    """Posts that were deleted before that moment and still hold words or what stands beside them.

    Reads only. A picture without a word is told by its file alone.
    """
    return [row[0] for row in tx.all(_DUE, before=before, limit=limit)]


def of_network(tx: Tx, origin_id: int, limit: int) -> list[int]:
    """Posts of a sister's people, in its network or ours, that still hold words; reads only."""
    return [row[0] for row in tx.all(_OF_NETWORK, origin_id=origin_id, limit=limit)]


def erase(tx: Tx, post_ids: Collection[int]) -> None:
    """Remove the words, the tags, the files, the polls and the former versions of deleted posts."""
    ids = list(post_ids)
    tx.change(_BLANK, ids=ids, no_app=None, no_link=None)
    tx.change(_VERSIONS, ids=ids)
    tx.change(_TAGS, ids=ids)
    tx.change(_FILES, ids=ids)
    polls.forget(tx, ids)
    quotes.forget_posts(tx, ids)
    bookmarks.forget_posts(tx, ids)
    filters.forget_posts(tx, ids)
    words.forget(tx, ids)
