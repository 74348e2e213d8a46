"""How far somebody has read in a timeline, kept for their other apps (Mastodon's markers)."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id, Time, any_of
from storage.tables.markers import markers
from storage.tx import Tx


class Marker(Struct, frozen=True, gc=False):
    """A place in a timeline. `version` grows with each change; times are ms UTC."""

    timeline: str
    last_read_id: int
    version: int
    updated_at: int


_COLUMNS: Final = (
    markers.c.timeline,
    markers.c.last_read_id,
    markers.c.version,
    markers.c.updated_at,
)
_ACTOR = bindparam("actor_id", type_=Id)
_NOW = bindparam("now", type_=Time)
_LAST = bindparam("last_read_id", type_=Id)
_OF: Final = (
    select(*_COLUMNS)
    .where(markers.c.actor_id == _ACTOR, any_of(markers.c.timeline, "timelines"))
    .order_by(markers.c.timeline)
)
_SET: Final = (
    insert(markers)
    .values(
        actor_id=_ACTOR,
        timeline=bindparam("timeline"),
        last_read_id=_LAST,
        version=1,
        updated_at=_NOW,
    )
    .on_conflict_do_update(
        index_elements=[markers.c.actor_id, markers.c.timeline],
        set_={"last_read_id": _LAST, "version": markers.c.version + 1, "updated_at": _NOW},
    )
    .returning(*_COLUMNS)
)
_FORGET: Final = delete(markers).where(markers.c.actor_id == _ACTOR)


def of(tx: Tx, actor_id: int, timelines: Collection[str]) -> list[Marker]:
    """Somebody's places in those of the timelines where there is one."""
    rows = tx.all(_OF, actor_id=actor_id, timelines=sorted(timelines))
    return [Marker(*row) for row in rows]


def last_read(tx: Tx, actor_id: int, timeline: str) -> int:
    """The last thing that somebody has read in a timeline; 0 if no app said so."""
    found = of(tx, actor_id, [timeline])
    return found[0].last_read_id if found else 0


def put(tx: Tx, actor_id: int, timeline: str, last_read_id: int) -> Marker:
    """Keep a place, forward or back; what it is now."""
    return Marker(
        *tx.one(_SET, actor_id=actor_id, timeline=timeline, last_read_id=last_read_id, now=tx.now)
    )


def forget(tx: Tx, actor_id: int) -> None:
    """Remove the places of somebody who left."""
    tx.change(_FORGET, actor_id=actor_id)
