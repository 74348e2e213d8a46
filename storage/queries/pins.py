"""Which posts stand at the top of whose page."""

from typing import Final

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from storage.queries.ids import new_id
from storage.tables.pins import pins
from storage.tables.posts import posts
from storage.tx import Tx

_ADD: Final = (
    insert(pins)
    .values(id=bindparam("id"), actor_id=bindparam("actor_id"), post_id=bindparam("post_id"))
    .on_conflict_do_nothing()
    .returning(pins.c.id)
)
_REMOVE: Final = delete(pins).where(
    pins.c.actor_id == bindparam("actor_id"), pins.c.post_id == bindparam("post_id")
)
_CLEAR: Final = delete(pins).where(pins.c.actor_id == bindparam("actor_id"))
_DROP: Final = delete(pins).where(pins.c.post_id == bindparam("post_id"))
_COUNT: Final = (
    select(func.count(pins.c.id))
    .select_from(pins.join(posts, posts.c.id == pins.c.post_id))
    .where(pins.c.actor_id == bindparam("actor_id"), posts.c.deleted_at.is_(None))
)
_OF: Final = (
    select(pins.c.post_id)
    .where(pins.c.actor_id == bindparam("actor_id"))
    .order_by(pins.c.id.desc())
)


def add(tx: Tx, actor_id: int, post_id: int) -> bool:
    """Put a post at the top of an actor's page; False if it stands there."""
    return tx.first(_ADD, id=new_id(tx), actor_id=actor_id, post_id=post_id) is not None


def remove(tx: Tx, actor_id: int, post_id: int) -> bool:
    """Take it away; False if it did not stand there."""
    return tx.change(_REMOVE, actor_id=actor_id, post_id=post_id) > 0


def clear(tx: Tx, actor_id: int) -> None:
    """Take everything away."""
    tx.change(_CLEAR, actor_id=actor_id)


def drop_post(tx: Tx, post_id: int) -> None:
    """Take a post down from wherever it stands: it was deleted."""
    tx.change(_DROP, post_id=post_id)


def count(tx: Tx, actor_id: int) -> int:
    """How many posts stand there that were not deleted since."""
    return tx.scalar(_COUNT, actor_id=actor_id) or 0


def of(tx: Tx, actor_id: int) -> list[int]:
    """The posts there, the newest pin first."""
    return [row[0] for row in tx.all(_OF, actor_id=actor_id)]
