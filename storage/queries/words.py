"""The words of posts: what waits to be read, what was read, and forgetting it."""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id, Number, any_of
from storage.tables.posts import posts
from storage.tables.words import post_words, unread_posts
from storage.tx import Tx

_WAIT: Final = (
    insert(unread_posts).values(post_id=bindparam("post_id", type_=Id)).on_conflict_do_nothing()
)
_WAIT_AGAIN: Final = (
    insert(unread_posts)
    .values(post_id=bindparam("post_id", type_=Id))
    .on_conflict_do_update(
        index_elements=[unread_posts.c.post_id],
        set_={"post_id": bindparam("post_id", type_=Id)},
    )
)
_WAITING: Final = (
    select(unread_posts.c.post_id)
    .order_by(unread_posts.c.post_id.desc())
    .limit(bindparam("limit", type_=Number))
)
_READ: Final = delete(unread_posts).where(any_of(unread_posts.c.post_id, "ids"))
_ADD: Final = (
    insert(post_words)
    .values(
        word=bindparam("word"),
        post_id=bindparam("post_id", type_=Id),
        kind=bindparam("kind", type_=post_words.c.kind.type),
        owner_id=bindparam("owner_id", type_=Id),
    )
    .on_conflict_do_nothing()
)
_PAIRS: Final = select(posts.c.id, posts.c.kind, posts.c.owner_id).where(any_of(posts.c.id, "ids"))
_FORGET: Final = delete(post_words).where(any_of(post_words.c.post_id, "ids"))
_FORGET_ONE: Final = delete(post_words).where(post_words.c.post_id == bindparam("post_id"))


def wait(tx: Tx, post_ids: Collection[int]) -> None:
    """Posts are new: their words are to be read."""
    tx.many_lines(_WAIT, ("post_id",), [(post_id,) for post_id in post_ids])


def changed(tx: Tx, post_id: int) -> None:
    """A post says something else now: it is not found by what it said before."""
    # Whoever is writing its words just now is waited for, or waits for us and finds a new version.
    tx.run(_WAIT_AGAIN, post_id=post_id)
    tx.change(_FORGET_ONE, post_id=post_id)


def waiting(tx: Tx, limit: int) -> list[int]:
    """Posts whose words are to be read, the newest first."""
    return [row[0] for row in tx.all(_WAITING, limit=limit)]


def take(tx: Tx, post_ids: Collection[int]) -> None:
    """Take posts out of those that wait: who changes one of them meanwhile waits for this unit."""
    tx.change(_READ, ids=sorted(post_ids))


def store(tx: Tx, found: Sequence[tuple[int, Collection[str]]]) -> None:
    """Write the words of posts in place of those that are there."""
    ids = sorted(post_id for post_id, _ in found)
    tx.change(_FORGET, ids=ids)
    pairs = {row[0]: {"kind": row[1], "owner_id": row[2]} for row in tx.all(_PAIRS, ids=ids)}
    rows = sorted((word, post_id) for post_id, words in found for word in set(words))
    there = [(word, post_id) for word, post_id in rows if post_id in pairs]
    tx.many(_ADD, [{"word": word, "post_id": post_id} | pairs[post_id] for word, post_id in there])


def forget(tx: Tx, post_ids: Collection[int]) -> None:
    """Posts that are erased or purged leave no words."""
    ids = sorted(post_ids)
    tx.change(_READ, ids=ids)
    tx.change(_FORGET, ids=ids)


class Text(Struct, frozen=True, gc=False):
    """What a post says, and in which version. `content` is clean HTML."""

    post_id: int
    version: int
    title: str
    summary: str
    content: str


_TEXTS: Final = select(
    posts.c.id, posts.c.version, posts.c.title, posts.c.summary, posts.c.content
).where(any_of(posts.c.id, "ids"), posts.c.deleted_at.is_(None))
_VERSIONS: Final = select(posts.c.id, posts.c.version).where(
    any_of(posts.c.id, "ids"), posts.c.deleted_at.is_(None)
)


def texts(tx: Tx, post_ids: Collection[int]) -> list[Text]:
    """What posts say, of those that were not deleted."""
    return [Text(*row) for row in tx.all(_TEXTS, ids=list(post_ids))]


def versions(tx: Tx, post_ids: Collection[int]) -> dict[int, int]:
    """The versions of those that were not deleted, by id."""
    return dict(tx.all(_VERSIONS, ids=list(post_ids)))
