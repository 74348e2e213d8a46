"""Threads that reach other servers: when their missing answers were last asked for."""

from sqlalchemy import Column, Index, Named, Table, TypedColumns

from storage.columns import Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Threads(TypedColumns):
    root_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    asked_at: Named[int] = Column(Time)
    ended_at: Named[int | None] = Column(Time)  # nothing: it is being asked for
    missing: Named[bool] = Column(Flag())  # not all of it could be had
    found: Named[int] = Column(Number)  # posts that came by the last asking


threads = Table("threads", metadata, _Threads, sqlite_strict=True)
Index("ix_threads_asked_at", threads.c.asked_at)
