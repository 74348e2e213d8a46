"""What another look at an actor of another server brings, beside what its document says."""

from typing import Final

from sqlalchemy import bindparam, update

from domain.ids import HERE
from storage.tables.actors import actors
from storage.tx import Tx

_DOMAIN: Final = (
    update(actors)
    .where(actors.c.id == bindparam("actor_id"), actors.c.origin_id != HERE)
    .values(domain=bindparam("domain"), version=actors.c.version + 1)
)


def set_domain(tx: Tx, actor_id: int, domain: str) -> None:
    """What stands after the @ of somebody elsewhere."""
    tx.change(_DOMAIN, actor_id=actor_id, domain=domain)


_MISSING: Final = (
    update(actors)
    .where(actors.c.id == bindparam("actor_id"), actors.c.missing_since.is_(None))
    .values(missing_since=bindparam("now"))
)


def mark_missing(tx: Tx, actor_id: int) -> None:
    """Remember since when an actor's server says that there is no such actor."""
    tx.change(_MISSING, actor_id=actor_id, now=tx.now)
