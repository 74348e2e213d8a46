"""Who moved to another account, and when: kept after the way there has ended."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from storage.columns import Id, Time
from storage.tables.metadata import metadata


class _Moves(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)  # the old account, here or elsewhere
    target_uri: Named[str] = Column(Text)
    moved_at: Named[int] = Column(Time)


moves = Table("moves", metadata, _Moves, sqlite_strict=True)
Index("ix_moves_actor_id", moves.c.actor_id, moves.c.moved_at)
