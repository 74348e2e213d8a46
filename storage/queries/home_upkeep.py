"""Homes that grew too long, or belong to people who stay away: cut down and dropped by a job."""

from typing import Final

from sqlalchemy import bindparam, delete, exists, func, literal_column, select

from storage.columns import Id, Number, Time
from storage.queries.timelines import KEPT
from storage.tables.accounts import accounts
from storage.tables.timelines import home_entries
from storage.tx import Tx

_ACTOR = bindparam("actor_id", type_=Id)
_NOW = bindparam("now", type_=Time)

_entry = home_entries.alias("entry")
_last_kept = (
    select(_entry.c.post_id)
    .where(_entry.c.actor_id == _ACTOR)
    .order_by(_entry.c.post_id.desc())
    .offset(literal_column(str(KEPT - 1), Number))
    .limit(literal_column("1", Number))
    .scalar_subquery()
)
_TRIM: Final = delete(home_entries).where(
    home_entries.c.actor_id == _ACTOR, home_entries.c.post_id < _last_kept
)
_LONG: Final = (
    select(home_entries.c.actor_id)
    .group_by(home_entries.c.actor_id)
    .having(func.count() > literal_column(str(KEPT), Number))
)
_STALE: Final = delete(home_entries).where(
    ~exists()
    .where(accounts.c.id == home_entries.c.actor_id, accounts.c.home_fresh_until > _NOW)
    .correlate_except(accounts)
)


def trim(tx: Tx, actor_id: int) -> None:
    """Cut a home down to its newest rows."""
    tx.change(_TRIM, actor_id=actor_id)


def too_long(tx: Tx) -> list[int]:
    """Whose homes have grown too long; for a job."""
    return [row[0] for row in tx.all(_LONG)]


def drop_stale(tx: Tx) -> int:
    """Remove the homes of people who have not come back; how many rows."""
    return tx.change(_STALE, now=tx.now)
