"""Likes as rows, and the lists of who likes or shares a post."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Viewer
from domain.reactions import PLAIN, Reaction, Tally, packed
from storage.audience import alive, unblocked
from storage.columns import Id
from storage.queries.actors import views
from storage.queries.posts import touch
from storage.tables.posts import posts
from storage.tables.relations import likes
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.paging import Page, Paged

MOST: Final = 80

_ADD: Final = (
    insert(likes)
    .values(
        id=bindparam("id"),
        actor_id=bindparam("actor_id"),
        post_id=bindparam("post_id"),
        uri=bindparam("uri"),
        created_at=bindparam("now"),
        emoji=bindparam("emoji"),
        emoji_url=bindparam("emoji_url"),
    )
    .on_conflict_do_nothing()
    .returning(likes.c.id)
)
_PAIR = (likes.c.actor_id == bindparam("actor_id"), likes.c.post_id == bindparam("post_id"))
_REMOVE: Final = delete(likes).where(*_PAIR).returning(likes.c.uri)
_OF: Final = select(likes.c.uri, likes.c.emoji, likes.c.emoji_url).where(*_PAIR)
_CHANGE: Final = (
    update(likes)
    .where(
        likes.c.actor_id == bindparam("liker"),
        likes.c.post_id == bindparam("liked"),
    )
    .values(uri=bindparam("uri"), emoji=bindparam("emoji"), emoji_url=bindparam("emoji_url"))
)
_TALLY: Final = (
    select(likes.c.emoji, func.max(likes.c.emoji_url), func.count())
    .where(likes.c.post_id == bindparam("post_id", type_=Id), likes.c.emoji != "")
    .group_by(likes.c.emoji)
)
_of_actor: Final = select(likes.c.post_id).where(
    likes.c.actor_id == bindparam("actor_id"), likes.c.uri == bindparam("uri")
)


def add(
    tx: Tx,
    *,
    like_id: int,
    actor_id: int,
    post_id: int,
    uri: str,
    said_with: Reaction = PLAIN,
) -> bool:
    """Store a like; False if it was there. `said_with`: its emoji, if it is no plain one."""
    row = tx.first(
        _ADD,
        id=like_id,
        actor_id=actor_id,
        post_id=post_id,
        uri=uri,
        now=tx.now,
        emoji=said_with.emoji,
        emoji_url=said_with.url,
    )
    return row is not None


def remove(tx: Tx, actor_id: int, post_id: int) -> str | None:
    """Remove a like; the address of its activity, or None if there was none."""
    return tx.scalar(_REMOVE, actor_id=actor_id, post_id=post_id)


class Liked(Struct, frozen=True):
    """Somebody's like of a post: its activity's id, and what it was said with."""

    uri: str
    said_with: Reaction


def of(tx: Tx, actor_id: int, post_id: int) -> Liked | None:
    """Somebody's like of a post."""
    row = tx.first(_OF, actor_id=actor_id, post_id=post_id)
    return None if row is None else Liked(row[0], Reaction(row[1], row[2]))


def uri_of(tx: Tx, actor_id: int, post_id: int) -> str | None:
    """The address of somebody's like of a post."""
    found = of(tx, actor_id, post_id)
    return None if found is None else found.uri


def change(tx: Tx, *, actor_id: int, post_id: int, uri: str, said_with: Reaction) -> None:
    """The same like, said with another emoji by another activity."""
    given = {"uri": uri, "emoji": said_with.emoji, "emoji_url": said_with.url}
    tx.change(_CHANGE, liker=actor_id, liked=post_id, **given)


_SET_REACTIONS: Final = (
    update(posts)
    .where(posts.c.id == bindparam("key"))
    .values(reactions=bindparam("reactions"), version=posts.c.version + 1)
)


def recount_reactions(tx: Tx, post_id: int) -> None:
    """Keep beside a post with which emoji people like it now (`domain.reactions`)."""
    touch(tx, post_id)  # holds the row: others who change their emoji count after us
    tx.change(_SET_REACTIONS, key=post_id, reactions=packed(tallies(tx, post_id)))


def tallies(tx: Tx, post_id: int) -> list[Tally]:
    """How many people react to a post with which emoji; plain likes are in no tally."""
    return [Tally(*row) for row in tx.all(_TALLY, post_id=post_id)]


def post_liked_by(tx: Tx, actor_id: int, uri: str) -> int | None:
    """The post that an actor's like with this address is about."""
    return tx.scalar(_of_actor, actor_id=actor_id, uri=uri)


_REACTING: Final = (
    select(likes.c.actor_id, likes.c.emoji)
    .where(
        likes.c.post_id == bindparam("post_id", type_=Id),
        likes.c.emoji != "",
        unblocked(likes.c.actor_id),
    )
    .order_by(likes.c.id)
    .limit(MOST)
)


def reacting(tx: Tx, post_id: int, viewer: Viewer) -> list[tuple[int, str]]:
    """Who reacts to a post with which emoji; the caller found the post visible."""
    rows = tx.all(_REACTING, post_id=post_id, viewer_id=viewer.actor)
    return [(row[0], row[1]) for row in rows]


_LIKERS: Final = Paged(
    select(likes.c.id, likes.c.actor_id).where(
        likes.c.post_id == bindparam("post_id", type_=Id), unblocked(likes.c.actor_id)
    ),
    likes.c.id,
)
_SHARERS: Final = Paged(
    select(posts.c.id, posts.c.author_id).where(
        posts.c.share_of_id == bindparam("post_id", type_=Id),
        # A community's wrapper is no share: it says where the words stand.
        or_(posts.c.place_id.is_(None), posts.c.place_id != posts.c.author_id),
        # A community's wrapper is no share.
        posts.c.place_id.is_distinct_from(posts.c.author_id),
        alive(posts),
        unblocked(posts.c.author_id),
    ),
    posts.c.id,
)


def likers(tx: Tx, post_id: int, viewer: Viewer, page: Page) -> list[tuple[int, ActorView]]:
    """Who likes a post that the caller found visible: (key to page by, actor), newest first."""
    return _people(tx, _LIKERS, post_id, viewer, page)


def sharers(tx: Tx, post_id: int, viewer: Viewer, page: Page) -> list[tuple[int, ActorView]]:
    """Who shares a post that the caller found visible: (key to page by, actor), newest first."""
    return _people(tx, _SHARERS, post_id, viewer, page)


def _people(
    tx: Tx, paged: Paged, post_id: int, viewer: Viewer, page: Page
) -> list[tuple[int, ActorView]]:
    params = {"post_id": post_id, "viewer_id": viewer.actor}
    rows: Sequence[tuple[Any, ...]] = paged.rows(tx, page.clamped(MOST), params)
    found = {actor.id: actor for actor in views(tx, [row[1] for row in rows])}
    return [(key, found[actor]) for key, actor in rows if actor in found]
