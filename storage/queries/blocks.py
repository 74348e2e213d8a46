"""Who blocks whom. Rows of communities that keep somebody out are here as well."""

from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id, Time
from storage.queries.ids import new_id
from storage.tables.relations import blocks
from storage.tx import Tx


class BlockRow(Struct, frozen=True, gc=False):
    """One row of `blocks`, in the order of its columns. `uri`: none if nobody was told."""

    id: int
    blocker_id: int
    blocked_id: int
    created_at: int
    uri: str | None


_COLUMNS: Final = tuple(blocks.c)
_PAIR: Final = (
    blocks.c.blocker_id == bindparam("blocker_id", type_=Id),
    blocks.c.blocked_id == bindparam("blocked_id", type_=Id),
)
_ADD: Final = (
    insert(blocks)
    .values(
        id=bindparam("id", type_=Id),
        blocker_id=bindparam("blocker_id", type_=Id),
        blocked_id=bindparam("blocked_id", type_=Id),
        created_at=bindparam("now", type_=Time),
        uri=bindparam("uri"),
    )
    .on_conflict_do_nothing()
    .returning(blocks.c.id)
)
_FIND: Final = select(*_COLUMNS).where(*_PAIR)
_REMOVE: Final = delete(blocks).where(*_PAIR).returning(*_COLUMNS)
_BY_URI: Final = select(*_COLUMNS).where(
    blocks.c.blocker_id == bindparam("blocker_id", type_=Id), blocks.c.uri == bindparam("uri")
)
_FORGET: Final = delete(blocks).where(
    or_(
        blocks.c.blocker_id == bindparam("actor_id", type_=Id),
        blocks.c.blocked_id == bindparam("actor_id", type_=Id),
    )
)


def add(tx: Tx, *, blocker_id: int, blocked_id: int, uri: str | None) -> bool:
    """Store a block; False if it stands already."""
    values = {"blocker_id": blocker_id, "blocked_id": blocked_id, "uri": uri}
    return tx.first(_ADD, id=new_id(tx), **values, now=tx.now) is not None


def find(tx: Tx, blocker_id: int, blocked_id: int) -> BlockRow | None:
    """The block of one actor by another."""
    row = tx.first(_FIND, blocker_id=blocker_id, blocked_id=blocked_id)
    return None if row is None else BlockRow(*row)


def by_uri(tx: Tx, blocker_id: int, uri: str) -> BlockRow | None:
    """A block by its activity's id."""
    row = tx.first(_BY_URI, blocker_id=blocker_id, uri=uri)
    return None if row is None else BlockRow(*row)


def remove(tx: Tx, blocker_id: int, blocked_id: int) -> BlockRow | None:
    """End a block; what it was."""
    rows = tx.all(_REMOVE, blocker_id=blocker_id, blocked_id=blocked_id)
    return BlockRow(*rows[0]) if rows else None


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone: nobody blocks them, nor are they blocked."""
    tx.change(_FORGET, actor_id=actor_id)
