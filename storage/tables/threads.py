"""Threads: when missing answers were last asked for, and who wants to hear no more of one."""

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


class _MutedThreads(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    root_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)


# Who wants to be told nothing more of a thread; it is shown as before.
muted_threads = Table(
    "muted_threads", metadata, _MutedThreads, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_muted_threads_root_id", muted_threads.c.root_id)
