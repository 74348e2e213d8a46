"""Threads that were closed: nobody answers in them any more."""

from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id
from storage.tables.closed import closed_threads
from storage.tx import Tx

_ROOT: Final = bindparam("root_id", type_=Id)
_CLOSE: Final = (
    insert(closed_threads)
    .values(
        root_id=_ROOT,
        community_id=bindparam("community_id", type_=Id),
        by_id=bindparam("by_id", type_=Id),
        closed_at=bindparam("now"),
    )
    .on_conflict_do_nothing()
    .returning(closed_threads.c.root_id)
)
_OPEN: Final = delete(closed_threads).where(closed_threads.c.root_id == _ROOT)
_IS_CLOSED: Final = select(closed_threads.c.root_id).where(closed_threads.c.root_id == _ROOT)


def close(tx: Tx, root_id: int, *, community_id: int, by_id: int) -> bool:
    """Nothing new is written in this thread; False if that was so."""
    given = {"root_id": root_id, "community_id": community_id, "by_id": by_id}
    return tx.first(_CLOSE, **given, now=tx.now) is not None


def reopen(tx: Tx, root_id: int) -> bool:
    """Go on in this thread; False if it was open."""
    return tx.change(_OPEN, root_id=root_id) > 0


def is_closed(tx: Tx, root_id: int) -> bool:
    """Whether nothing new is written in this thread."""
    return tx.first(_IS_CLOSED, root_id=root_id) is not None
