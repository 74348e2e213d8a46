"""Which posts somebody keeps for later."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Viewer
from storage.audience import alive, readable, viewer_params
from storage.columns import Id, Time, any_of
from storage.queries.ids import new_id
from storage.tables.bookmarks import bookmarks
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views.paging import Page, Paged

_ACTOR: Final = bindparam("actor_id", type_=Id)
_POST: Final = bindparam("post_id", type_=Id)
_ADD: Final = (
    insert(bookmarks)
    .values(
        id=bindparam("id", type_=Id),
        actor_id=_ACTOR,
        post_id=_POST,
        created_at=bindparam("now", type_=Time),
    )
    .on_conflict_do_nothing()
    .returning(bookmarks.c.id)
)
_REMOVE: Final = delete(bookmarks).where(
    bookmarks.c.actor_id == _ACTOR, bookmarks.c.post_id == _POST
)
_FORGET: Final = delete(bookmarks).where(bookmarks.c.actor_id == _ACTOR)
_FORGET_POSTS: Final = delete(bookmarks).where(any_of(bookmarks.c.post_id, "ids"))
_URIS: Final = Paged(
    select(bookmarks.c.id, posts.c.uri)
    .join(posts, posts.c.id == bookmarks.c.post_id)
    .where(bookmarks.c.actor_id == _ACTOR, alive(posts), readable(posts)),
    bookmarks.c.id,
)
_MOST: Final = 1000


def add(tx: Tx, actor_id: int, post_id: int) -> bool:
    """Keep a post that the caller found visible; False if it is kept already."""
    given = {"actor_id": actor_id, "post_id": post_id}
    return tx.first(_ADD, id=new_id(tx), **given, now=tx.now) is not None


def remove(tx: Tx, actor_id: int, post_id: int) -> bool:
    """Keep it no longer; False if it was not kept."""
    return tx.change(_REMOVE, actor_id=actor_id, post_id=post_id) > 0


def uris(tx: Tx, viewer: Viewer, page: Page) -> list[tuple[int, str]]:
    """(key to page by, the post's address) of what somebody keeps and may still read."""
    params = {"actor_id": viewer.actor, **viewer_params(viewer), "now": tx.now}
    return [(row[0], row[1]) for row in _URIS.rows(tx, page.clamped(_MOST), params)]


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone for good, and what they kept with them."""
    tx.change(_FORGET, actor_id=actor_id)


def forget_posts(tx: Tx, post_ids: Collection[int]) -> None:
    """Posts are gone for good: nobody keeps them."""
    tx.change(_FORGET_POSTS, ids=list(post_ids))
