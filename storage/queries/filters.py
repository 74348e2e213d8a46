"""Filters as rows, each asked for by the person whose it is."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Viewer
from domain.filters import Action, Place
from storage.audience import BOUND, alive, readable, viewer_params
from storage.columns import Enum8, Flag, Id, Number, Time, any_of
from storage.queries.ids import new_id
from storage.tables.filters import filter_keywords, filter_posts, filters
from storage.tables.posts import posts
from storage.tx import Tx


class FilterRow(Struct, frozen=True, gc=False):
    """One row of `filters`, in the order of its columns. Times are ms UTC."""

    id: int
    actor_id: int
    title: str
    places: int
    action: Action
    until: int | None
    created_at: int


class KeywordRow(Struct, frozen=True, gc=False):
    """One row of `filter_keywords`, in the order of its columns."""

    id: int
    filter_id: int
    keyword: str
    whole_word: bool


class FilteredPost(Struct, frozen=True, gc=False):
    """One row of `filter_posts`, in the order of its columns."""

    id: int
    filter_id: int
    post_id: int


_ACTOR: Final = bindparam("actor_id", type_=Id)
_ID: Final = bindparam("id", type_=Id)
_FILTER: Final = bindparam("filter_id", type_=Id)
_said: Final = {
    "title": bindparam("title"),
    "places": bindparam("places", type_=Number),
    "action": bindparam("action", type_=Enum8(Action)),
    "until": bindparam("until", type_=Time),
}
_ALL: Select[*tuple[Any, ...]] = (
    select(*filters.c).where(filters.c.actor_id == _ACTOR).order_by(filters.c.id)
)
_ONE: Final = _ALL.where(filters.c.id == _ID)
_ADD: Final = insert(filters).values(
    id=_ID, actor_id=_ACTOR, created_at=bindparam("now", type_=Time), **_said
)
_CHANGE: Final = (
    update(filters)
    .where(filters.c.id == bindparam("key", type_=Id), filters.c.actor_id == bindparam("owner"))
    .values(**_said)
)
_own: Final = select(filters.c.id).where(filters.c.actor_id == _ACTOR)
_COUNT: Final = select(func.count()).select_from(filters).where(filters.c.actor_id == _ACTOR)


def of(tx: Tx, actor_id: int) -> list[FilterRow]:
    """Somebody's filters, the oldest first, those that have run out too."""
    return [FilterRow(*row) for row in tx.all(_ALL, actor_id=actor_id)]


def find(tx: Tx, actor_id: int, filter_id: int) -> FilterRow | None:
    """One of somebody's filters."""
    row = tx.first(_ONE, actor_id=actor_id, id=filter_id)
    return None if row is None else FilterRow(*row)


def count(tx: Tx, actor_id: int) -> int:
    """How many filters somebody has."""
    return tx.scalar(_COUNT, actor_id=actor_id) or 0


def add(
    tx: Tx, *, actor_id: int, title: str, places: Place, action: Action, until: int | None
) -> FilterRow:
    """Store a filter without words."""
    row = FilterRow(new_id(tx), actor_id, title, int(places), action, until, tx.now)
    tx.insert(
        _ADD,
        id=row.id,
        actor_id=actor_id,
        now=tx.now,
        title=title,
        places=int(places),
        action=action,
        until=until,
    )
    return row


def change(tx: Tx, row: FilterRow) -> None:
    """Store what one of somebody's filters says now."""
    tx.change(
        _CHANGE,
        key=row.id,
        owner=row.actor_id,
        title=row.title,
        places=row.places,
        action=row.action,
        until=row.until,
    )


_KEYWORDS: Select[*tuple[Any, ...]] = (
    select(*filter_keywords.c)
    .where(any_of(filter_keywords.c.filter_id, "ids"))
    .order_by(filter_keywords.c.id)
)
_KEYWORD: Final = (
    select(filter_keywords)
    .join(filters, filters.c.id == filter_keywords.c.filter_id)
    .where(filter_keywords.c.id == _ID, filters.c.actor_id == _ACTOR)
)
_ADD_KEYWORD: Final = insert(filter_keywords).values(
    id=_ID,
    filter_id=_FILTER,
    keyword=bindparam("keyword"),
    whole_word=bindparam("whole_word", type_=Flag()),
)
_CHANGE_KEYWORD: Final = (
    update(filter_keywords)
    .where(filter_keywords.c.id == bindparam("key", type_=Id))
    .values(keyword=bindparam("new_keyword"), whole_word=bindparam("new_whole_word", type_=Flag()))
)
_REMOVE_KEYWORD: Final = delete(filter_keywords).where(filter_keywords.c.id == _ID)
_COUNT_KEYWORDS: Final = (
    select(func.count()).select_from(filter_keywords).where(filter_keywords.c.filter_id.in_(_own))
)


def keywords(tx: Tx, filter_ids: Collection[int]) -> list[KeywordRow]:
    """The words of these filters, the oldest first."""
    return [KeywordRow(*row) for row in tx.all(_KEYWORDS, ids=list(filter_ids))]


def find_keyword(tx: Tx, actor_id: int, keyword_id: int) -> KeywordRow | None:
    """A word of one of somebody's filters."""
    row = tx.first(_KEYWORD, actor_id=actor_id, id=keyword_id)
    return None if row is None else KeywordRow(*row)


def count_keywords(tx: Tx, actor_id: int) -> int:
    """How many words somebody filters in all."""
    return tx.scalar(_COUNT_KEYWORDS, actor_id=actor_id) or 0


def add_keyword(tx: Tx, filter_id: int, keyword: str, *, whole_word: bool) -> KeywordRow:
    """Store one more word of a filter."""
    row = KeywordRow(new_id(tx), filter_id, keyword, whole_word)
    given = {"id": row.id, "filter_id": filter_id, "keyword": keyword, "whole_word": whole_word}
    tx.insert(_ADD_KEYWORD, **given)
    return row


def change_keyword(tx: Tx, row: KeywordRow) -> None:
    """Store what a word is now."""
    tx.change(_CHANGE_KEYWORD, key=row.id, new_keyword=row.keyword, new_whole_word=row.whole_word)


def remove_keyword(tx: Tx, keyword_id: int) -> None:
    """Remove a word that was found to be somebody's own."""
    tx.change(_REMOVE_KEYWORD, id=keyword_id)


# What may not be read any more is not told of, here either (security.md G27).
_readable: Select[*tuple[Any, ...]] = (
    select(*filter_posts.c)
    .join(filters, filters.c.id == filter_posts.c.filter_id)
    .join(posts, posts.c.id == filter_posts.c.post_id)
    .where(filters.c.actor_id == BOUND.actor, alive(posts), readable(posts))
)
_POSTS: Final = _readable.where(any_of(filter_posts.c.filter_id, "ids")).order_by(filter_posts.c.id)
_POST: Final = _readable.where(filter_posts.c.id == _ID)
_OF_POST: Select[*tuple[Any, ...]] = select(*filter_posts.c).where(
    filter_posts.c.filter_id == _FILTER, filter_posts.c.post_id == bindparam("post_id", type_=Id)
)
_ADD_POST: Final = (
    insert(filter_posts)
    .values(id=_ID, filter_id=_FILTER, post_id=bindparam("post_id", type_=Id))
    .on_conflict_do_nothing()
)
_REMOVE_POST: Final = delete(filter_posts).where(filter_posts.c.id == _ID)
_COUNT_POSTS: Final = (
    select(func.count()).select_from(filter_posts).where(filter_posts.c.filter_id.in_(_own))
)


def posts_of(tx: Tx, viewer: Viewer, filter_ids: Collection[int]) -> list[FilteredPost]:
    """The posts that the viewer's own filters name and the viewer may read, in that order."""
    rows = tx.all(_POSTS, ids=list(filter_ids), **viewer_params(viewer), now=tx.now)
    return [FilteredPost(*row) for row in rows]


def find_post(tx: Tx, viewer: Viewer, row_id: int) -> FilteredPost | None:
    """A post that one of the viewer's filters names and the viewer may read."""
    row = tx.first(_POST, id=row_id, **viewer_params(viewer), now=tx.now)
    return None if row is None else FilteredPost(*row)


def count_posts(tx: Tx, actor_id: int) -> int:
    """How many single posts somebody's filters name in all."""
    return tx.scalar(_COUNT_POSTS, actor_id=actor_id) or 0


def add_post(tx: Tx, filter_id: int, post_id: int) -> FilteredPost:
    """Let a filter name a post; again changes nothing."""
    tx.insert(_ADD_POST, id=new_id(tx), filter_id=filter_id, post_id=post_id)
    return FilteredPost(*tx.one(_OF_POST, filter_id=filter_id, post_id=post_id))


def remove_post(tx: Tx, row_id: int) -> None:
    """Name it no longer; the row was found to be somebody's own."""
    tx.change(_REMOVE_POST, id=row_id)


_PARTS: Final = tuple(
    delete(column.table).where(any_of(column, "ids"))
    for column in (filter_keywords.c.filter_id, filter_posts.c.filter_id, filters.c.id)
)
_FORGET_POSTS: Final = delete(filter_posts).where(any_of(filter_posts.c.post_id, "ids"))


def remove(tx: Tx, filter_ids: Sequence[int]) -> None:
    """Remove filters, with their words and the posts that they name."""
    for statement in _PARTS:
        tx.change(statement, ids=list(filter_ids))


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone for good, and their filters with them."""
    remove(tx, [row.id for row in of(tx, actor_id)])


def forget_posts(tx: Tx, post_ids: Collection[int]) -> None:
    """Posts are gone for good: no filter names them."""
    tx.change(_FORGET_POSTS, ids=list(post_ids))
