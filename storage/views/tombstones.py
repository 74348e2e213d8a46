"""What remains of posts that were public to the world: that they were here."""

from typing import Final

from sqlalchemy import bindparam, select

from domain.audience import Kind
from domain.ids import HERE
from storage.columns import Id
from storage.tables.posts import posts
from storage.tx import Tx

_DELETED: Final = select(posts.c.uri).where(
    posts.c.id == bindparam("post_id", type_=Id),
    posts.c.origin_id == HERE,
    posts.c.deleted_at.is_not(None),
    posts.c.kind == Kind.PUBLIC,
    posts.c.root_kind == Kind.PUBLIC,
    posts.c.share_of_id.is_(None),
)


def tombstone(tx: Tx, post_id: int) -> str | None:
    """The id of a post of ours that anybody could read and that was deleted, or nothing.

    Of any other post not even this is told: gone and never there are the same answer.
    """
    return tx.scalar(_DELETED, post_id=post_id)
