"""Offered agreements, ours and theirs, from the moment they are made until they are decided."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import OfferState
from storage.columns import Time
from storage.tables.origins import offers
from storage.tx import Tx


class OfferRow(Struct, frozen=True, gc=False):
    """One row of `offers`, in the order of its columns. Times are ms UTC."""

    uri: str
    domain: str
    ours: bool
    code_hash: str
    body: bytes
    state: OfferState
    made_at: int
    lapses_at: int


_NOW: Final = bindparam("now", type_=Time)
_WAITS: Final = and_(offers.c.state == OfferState.WAITING, offers.c.lapses_at > _NOW)
_ROW: Select[*tuple[Any, ...]] = select(*offers.c)
_FIND: Final = _ROW.where(offers.c.uri == bindparam("uri"))
_WAITING: Final = _ROW.where(_WAITS).order_by(offers.c.made_at.desc(), offers.c.uri)
_OURS_FOR: Final = _WAITING.where(offers.c.ours, offers.c.domain == bindparam("domain"))
_IS_NAMED: Final = select(
    exists().where(offers.c.ours, offers.c.domain == bindparam("domain"), _WAITS)
)
_PUT: Final = (
    insert(offers)
    .values({column.name: bindparam(column.name) for column in offers.c})
    .on_conflict_do_nothing()
    .returning(offers.c.uri)
)
_DECIDE: Final = (
    update(offers)
    .where(offers.c.uri == bindparam("key"), offers.c.state == OfferState.WAITING)
    .values(state=bindparam("state"))
)
_WITHDRAW: Final = (
    update(offers)
    .where(
        offers.c.domain == bindparam("key"),
        offers.c.ours == bindparam("own"),
        offers.c.state == OfferState.WAITING,
    )
    .values(state=OfferState.WITHDRAWN)
)
_LAPSE: Final = (
    update(offers)
    .where(offers.c.state == OfferState.WAITING, offers.c.lapses_at <= _NOW)
    .values(state=OfferState.LAPSED)
)


def find(tx: Tx, uri: str) -> OfferRow | None:
    """An offer by its id."""
    row = tx.first(_FIND, uri=uri)
    return None if row is None else OfferRow(*row)


def waiting(tx: Tx) -> list[OfferRow]:
    """Every offer that can still be accepted, ours and theirs, newest first."""
    return [OfferRow(*row) for row in tx.all(_WAITING, now=tx.now)]


def ours_for(tx: Tx, domain: str) -> list[OfferRow]:
    """Our offers that the node at `domain` can still accept, newest first."""
    return [OfferRow(*row) for row in tx.all(_OURS_FOR, domain=domain, now=tx.now)]


def is_named(tx: Tx, domain: str) -> bool:
    """Whether an admin here offered an agreement to this domain, and it can still be accepted."""
    return bool(tx.scalar(_IS_NAMED, domain=domain, now=tx.now))


def put(tx: Tx, row: OfferRow) -> bool:
    """Store an offer; False if it is here already."""
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    return tx.first(_PUT, **values) is not None


def decide(tx: Tx, uri: str, state: OfferState) -> bool:
    """What became of an offer; False if it was decided before."""
    return tx.change(_DECIDE, key=uri, state=state) > 0


def withdraw(tx: Tx, domain: str, *, ours: bool) -> int:
    """Take back every waiting offer of one side; how many there were."""
    return tx.change(_WITHDRAW, key=domain, own=ours)


def lapse(tx: Tx) -> int:
    """Mark offers that nobody accepted in time."""
    return tx.change(_LAPSE, now=tx.now)
