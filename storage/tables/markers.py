"""How far somebody has read, for their other apps."""

from sqlalchemy import Column, Named, Table, Text, TypedColumns

from storage.columns import Id, Number, Time
from storage.tables.metadata import metadata


class _Markers(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    timeline: Named[str] = Column(Text, primary_key=True)  # home or notifications
    last_read_id: Named[int] = Column(Id)
    version: Named[int] = Column(Number)  # grows with each change
    updated_at: Named[int] = Column(Time)


markers = Table("markers", metadata, _Markers, sqlite_strict=True, sqlite_with_rowid=False)
