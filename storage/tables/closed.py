"""Threads in which nothing new is written."""

from sqlalchemy import Column, Named, Table, TypedColumns

from storage.columns import Id, Time
from storage.tables.metadata import metadata


class _ClosedThreads(TypedColumns):
    root_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    community_id: Named[int] = Column(Id)
    by_id: Named[int] = Column(Id)  # 0: the operator, on the command line
    closed_at: Named[int] = Column(Time)


# What stewards of an open community closed, here or elsewhere (FEP-1b12, Lemmy's Lock).
closed_threads = Table(
    "closed_threads", metadata, _ClosedThreads, sqlite_strict=True, sqlite_with_rowid=False
)
