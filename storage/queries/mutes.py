"""Whom people do not want to come across. Rows end by themselves (`until`), and stay a while."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Flag, Id, Time, any_of
from storage.queries.ids import new_id
from storage.tables.relations import mutes
from storage.tx import Tx


class MuteRow(Struct, frozen=True, gc=False):
    """One row of `mutes`, in the order of its columns. Times are ms UTC; `until`: None has no end.

    `notifications`: whether those are kept away as well.
    """

    id: int
    muter_id: int
    muted_id: int
    notifications: bool
    until: int | None
    created_at: int


_ME: Final = bindparam("muter_id", type_=Id)
_NOW: Final = bindparam("now", type_=Time)
_SET: Final = {
    "notifications": bindparam("notifications", type_=Flag()),
    "until": bindparam("until", type_=Time),
}
_PUT: Final = (
    insert(mutes)
    .values(
        id=bindparam("id", type_=Id),
        muter_id=_ME,
        muted_id=bindparam("muted_id", type_=Id),
        created_at=_NOW,
        **_SET,
    )
    .on_conflict_do_update(index_elements=[mutes.c.muter_id, mutes.c.muted_id], set_=_SET)
)
STANDS: Final = or_(mutes.c.until.is_(None), mutes.c.until > _NOW)
"""Whether a row of `mutes` holds at `now`."""

_ROW: Select[*tuple[Any, ...]] = select(*mutes.c)
_AMONG: Final = _ROW.where(mutes.c.muter_id == _ME, any_of(mutes.c.muted_id, "ids"), STANDS)
_REMOVE: Final = delete(mutes).where(
    mutes.c.muter_id == _ME, mutes.c.muted_id == bindparam("muted_id", type_=Id)
)
_OF_MUTED: Final = _ROW.where(mutes.c.muted_id == bindparam("muted_id", type_=Id), STANDS).order_by(
    mutes.c.id
)
_FORGET: Final = delete(mutes).where(
    or_(
        mutes.c.muter_id == bindparam("actor_id", type_=Id),
        mutes.c.muted_id == bindparam("actor_id", type_=Id),
    )
)
_DROP_OVER: Final = delete(mutes).where(mutes.c.until <= _NOW)


def put(tx: Tx, muter_id: int, muted_id: int, *, notifications: bool, until: int | None) -> None:
    """Store a mute, or change what stands."""
    pair = {"muter_id": muter_id, "muted_id": muted_id}
    tx.run(_PUT, id=new_id(tx), **pair, notifications=notifications, until=until, now=tx.now)


def among(tx: Tx, muter_id: int, actor_ids: list[int]) -> dict[int, MuteRow]:
    """Those of the actors whom somebody mutes now."""
    rows = tx.all(_AMONG, muter_id=muter_id, ids=actor_ids, now=tx.now)
    return {row[2]: MuteRow(*row) for row in rows}


def of_muted(tx: Tx, muted_id: int) -> list[MuteRow]:
    """By whom somebody is muted now: for a move alone, nobody is shown it."""
    return [MuteRow(*row) for row in tx.all(_OF_MUTED, muted_id=muted_id, now=tx.now)]


def remove(tx: Tx, muter_id: int, muted_id: int) -> bool:
    """End a mute; whether there was one, perhaps one that was over."""
    return tx.change(_REMOVE, muter_id=muter_id, muted_id=muted_id) > 0


def drop_over(tx: Tx) -> int:
    """Remove the mutes that are over; how many."""
    return tx.change(_DROP_OVER, now=tx.now)


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone: nobody mutes them, nor do they."""
    tx.change(_FORGET, actor_id=actor_id)
