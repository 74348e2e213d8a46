"""The pictures with which people here present themselves."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from domain.kinds import Portrait
from storage.columns import Enum8, Id, Time
from storage.tables.metadata import metadata


class _Portraits(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    part: Named[Portrait] = Column(Enum8(Portrait), primary_key=True, autoincrement=False)
    digest: Named[str] = Column(Text)  # SHA-256 of the picture, hex: the blob, and its address
    media_type: Named[str] = Column(Text)
    made_at: Named[int] = Column(Time)


portraits = Table("portraits", metadata, _Portraits, sqlite_strict=True)
Index("ix_portraits_digest", portraits.c.digest)
