"""What other servers were asked to forget, and which of them said that they did (protocol §6)."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id
from storage.tables.communities import purges
from storage.tx import Tx


class PurgeRow(Struct, frozen=True, gc=False):
    """One row of `purges`, in the order of its columns. Times are ms UTC.

    `community_id` 0: everything of an agreement that ended. `actor_id` 0: the whole node's.
    """

    uri: str
    origin_id: int
    community_id: int
    actor_id: int
    asked_at: int
    acknowledged_at: int | None


_ROW: Select[*tuple[Any, ...]] = select(*purges.c)
_OF_ORIGIN: Final = _ROW.where(
    purges.c.origin_id == bindparam("origin_id", type_=Id),
    purges.c.community_id == bindparam("community_id", type_=Id),
).order_by(purges.c.asked_at, purges.c.uri)
_BY_URI: Final = _ROW.where(purges.c.uri == bindparam("uri"))
_OF_COMMUNITY: Final = _ROW.where(
    purges.c.community_id == bindparam("community_id", type_=Id)
).order_by(purges.c.asked_at, purges.c.uri)
_PUT: Final = (
    insert(purges)
    .values(
        uri=bindparam("uri"),
        origin_id=bindparam("origin_id"),
        community_id=bindparam("community_id"),
        actor_id=bindparam("actor_id"),
        asked_at=bindparam("now"),
    )
    .on_conflict_do_nothing()
)
_ACKNOWLEDGE: Final = (
    update(purges)
    .where(
        purges.c.uri == bindparam("key"),
        purges.c.origin_id == bindparam("origin_id", type_=Id),
        purges.c.acknowledged_at.is_(None),
    )
    .values(acknowledged_at=bindparam("now"))
)


def find(tx: Tx, uri: str) -> PurgeRow | None:
    """What the activity `uri` asked for."""
    row = tx.first(_BY_URI, uri=uri)
    return None if row is None else PurgeRow(*row)


def of_community(tx: Tx, community_id: int) -> list[PurgeRow]:
    """What all servers were asked to forget of a community, the oldest first."""
    return [PurgeRow(*row) for row in tx.all(_OF_COMMUNITY, community_id=community_id)]


def ask(tx: Tx, uri: str, *, origin_id: int, community_id: int = 0, actor_id: int = 0) -> None:
    """Remember that the activity `uri` asked an origin to forget something."""
    tx.run(
        _PUT,
        uri=uri,
        origin_id=origin_id,
        community_id=community_id,
        actor_id=actor_id,
        now=tx.now,
    )


def acknowledge(tx: Tx, uri: str, *, origin_id: int) -> bool:
    """Remember that this origin says it is done; False if it was not asked, or said so before."""
    return tx.change(_ACKNOWLEDGE, key=uri, origin_id=origin_id, now=tx.now) > 0


def of_origin(tx: Tx, origin_id: int, *, community_id: int = 0) -> list[PurgeRow]:
    """What an origin was asked to forget, of a community or (0) of the whole agreement."""
    rows = tx.all(_OF_ORIGIN, origin_id=origin_id, community_id=community_id)
    return [PurgeRow(*row) for row in rows]
