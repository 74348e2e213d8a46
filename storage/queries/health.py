"""What `doctor` asks of a database."""

from typing import Final

from sqlalchemy import BigInteger, cast, func, select

from storage.columns import database_now
from storage.tx import Tx

CONNECTIONS: Final = 9
"""What one serving process holds on PostgreSQL: four lanes that write, two that read, one for
long reads, one that listens and one that notifies (storage/database.py, storage/notices.py)."""

_NOW: Final = select(database_now())
_MOST: Final = select(cast(func.current_setting("max_connections"), BigInteger))
_RESERVED: Final = select(cast(func.current_setting("superuser_reserved_connections"), BigInteger))


def clock_difference(tx: Tx) -> int:
    """Milliseconds by which the database's clock is ahead of this process's."""
    return (tx.scalar(_NOW) or 0) - tx.now


def free_connections(tx: Tx) -> int | None:
    """How many connections PostgreSQL gives to ordinary users; None on SQLite, which has none."""
    if tx.dialect != "postgresql":
        return None
    return (tx.scalar(_MOST) or 0) - (tx.scalar(_RESERVED) or 0)
