"""Who wants to be told nothing more of which thread. A thread goes by its first post."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id, any_of
from storage.tables.posts import posts
from storage.tables.threads import muted_threads
from storage.tx import Tx

_ACTOR: Final = bindparam("actor_id", type_=Id)
_ROOT: Final = bindparam("root_id", type_=Id)
_ADD: Final = insert(muted_threads).values(actor_id=_ACTOR, root_id=_ROOT).on_conflict_do_nothing()
_REMOVE: Final = delete(muted_threads).where(
    muted_threads.c.actor_id == _ACTOR, muted_threads.c.root_id == _ROOT
)
_FOLLOW: Final = (
    insert(muted_threads)
    .from_select(
        ["actor_id", "root_id"],
        select(muted_threads.c.actor_id, bindparam("now_root", type_=Id)).where(
            muted_threads.c.root_id == _ROOT
        ),
    )
    .on_conflict_do_nothing()
)
_FORGET: Final = delete(muted_threads).where(muted_threads.c.actor_id == _ACTOR)
_FORGET_POSTS: Final = delete(muted_threads).where(any_of(muted_threads.c.root_id, "ids"))


def is_root_muted(actor: ColumnElement[int], root_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether somebody muted the thread that begins with this post."""
    return (
        exists()
        .where(muted_threads.c.actor_id == actor, muted_threads.c.root_id == root_id)
        .correlate_except(muted_threads)
    )


def is_muted(actor: ColumnElement[int], post_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether somebody muted the thread in which the post stands."""
    return (
        exists()
        .where(
            muted_threads.c.actor_id == actor,
            posts.c.id == post_id,
            muted_threads.c.root_id == posts.c.root_id,
        )
        .correlate_except(muted_threads, posts)
    )


def add(tx: Tx, actor_id: int, root_id: int) -> None:
    """Tell somebody nothing more of a thread."""
    tx.insert(_ADD, actor_id=actor_id, root_id=root_id)


def remove(tx: Tx, actor_id: int, root_id: int) -> None:
    """Tell them of it again."""
    tx.change(_REMOVE, actor_id=actor_id, root_id=root_id)


def follow(tx: Tx, *, root_id: int, now_root: int) -> None:
    """A thread was found to be part of a longer one: who muted the one has muted the other."""
    tx.insert(_FOLLOW, root_id=root_id, now_root=now_root)


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone for good."""
    tx.change(_FORGET, actor_id=actor_id)


def forget_posts(tx: Tx, post_ids: Collection[int]) -> None:
    """These posts are here no longer, and so they begin no thread."""
    tx.change(_FORGET_POSTS, ids=list(post_ids))
