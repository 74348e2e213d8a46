"""The figures that stand beside posts and authors: answers, likes, shares, posts.

Whether something counts is decided by whoever calls (`domain.audience.counts_for`, protocol §8).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Update, and_, bindparam, case, func, select, update

from domain.audience import Kind
from domain.kinds import Acceptance
from storage.columns import Number
from storage.tables.actors import actors
from storage.tables.posts import posts
from storage.tx import Tx


def _counter(column: Any) -> Update:
    by: ColumnElement[int] = bindparam("by", type_=column.type)
    room = column + by >= 0
    return (
        update(posts)
        .where(posts.c.id == bindparam("key"))
        .values({column.name: case((room, column + by), else_=0), "version": posts.c.version + 1})
    )


_COUNTERS: Final[Mapping[str, Update]] = {
    name: _counter(posts.c[name]) for name in ("replies_count", "likes_count", "shares_count")
}


def count_reply(tx: Tx, post_id: int, by: int) -> None:
    """Add to the answers that a post shows; whether one counts is `domain.audience.counts_for`."""
    tx.change(_COUNTERS["replies_count"], key=post_id, by=by)


def count_like(tx: Tx, post_id: int, by: int) -> None:
    """Add to the likes that a post shows."""
    tx.change(_COUNTERS["likes_count"], key=post_id, by=by)


def count_share(tx: Tx, post_id: int, by: int) -> None:
    """Add to the shares that a post shows."""
    tx.change(_COUNTERS["shares_count"], key=post_id, by=by)


_everyones = and_(
    posts.c.author_id == bindparam("author_id"),
    posts.c.kind == Kind.PUBLIC,
    posts.c.root_kind == Kind.PUBLIC,
    posts.c.acceptance == Acceptance.ACCEPTED,
    posts.c.share_of_id.is_(None),
    posts.c.deleted_at.is_(None),
)
_RECOUNT_AUTHOR: Final = (
    update(actors)
    .where(actors.c.id == bindparam("author_id"))
    .values(
        posts_count=select(func.count(posts.c.id)).where(_everyones).scalar_subquery(),
        last_post_at=select(func.max(posts.c.created_at)).where(_everyones).scalar_subquery(),
        version=actors.c.version + 1,
    )
)
_COUNT_AUTHOR: Final = (
    update(actors)
    .where(actors.c.id == bindparam("author_id"))
    .values(
        posts_count=actors.c.posts_count + bindparam("more", type_=Number),
        last_post_at=bindparam("at"),
        version=actors.c.version + 1,
    )
)


def count_authors(tx: Tx, written: Iterable[tuple[int, int]]) -> None:
    """More posts that anybody may read: no others are ever counted (§8).

    Each an author's id, and when it was written.
    """
    more: Counter[int] = Counter()
    latest: dict[int, int] = {}
    for author_id, at in written:
        more[author_id] += 1
        latest[author_id] = at
    # In one order: who counts elsewhere waits, and is not waited for.
    for author_id in sorted(more):
        tx.change(_COUNT_AUTHOR, author_id=author_id, at=latest[author_id], more=more[author_id])


def recount_author(tx: Tx, author_id: int) -> None:
    """Count what anybody may read of the author anew."""
    tx.change(_RECOUNT_AUTHOR, author_id=author_id)
