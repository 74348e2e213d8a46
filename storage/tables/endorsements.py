"""Whom somebody recommends on their own page."""

from sqlalchemy import Column, Index, Named, Table, TypedColumns

from storage.columns import Id, Time
from storage.tables.metadata import metadata


class _Endorsements(TypedColumns):
    id: Named[int] = Column(Id)  # what pages of the list go by
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    target_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    created_at: Named[int] = Column(Time)


endorsements = Table(
    "endorsements", metadata, _Endorsements, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_endorsements_target_id", endorsements.c.target_id)
