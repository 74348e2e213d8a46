"""An actor of another server that ended: its words become unreadable in one statement."""

from typing import Final

from sqlalchemy import bindparam, update

from domain.ids import HERE
from storage.tables.posts import posts
from storage.tx import Tx

_DELETE_ALL: Final = (
    update(posts)
    .where(
        posts.c.author_id == bindparam("key"),
        posts.c.origin_id != HERE,
        posts.c.deleted_at.is_(None),
    )
    .values(deleted_at=bindparam("now"), version=posts.c.version + 1)
)


def delete_all_by(tx: Tx, author_id: int) -> int:
    """Make everything that a remote actor wrote or shared unreadable; how many posts."""
    return tx.change(_DELETE_ALL, key=author_id, now=tx.now)
