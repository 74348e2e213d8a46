"""The durable queue: work that must happen, stored in the transaction that decided it."""

from enum import IntEnum

from sqlalchemy import Column, Index, Named, Table, TypedColumns

from storage.columns import Bytes, Enum8, Id, Number, Text, Time
from storage.tables.metadata import metadata


class JobState(IntEnum):
    """What a stored job is; a finished one has no row."""

    READY = 0
    DEAD = 1


class _Jobs(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    kind: Named[str] = Column(Text)
    payload: Named[bytes] = Column(Bytes)
    # Jobs of one order key run one after the other, in the order of their ids.
    order_key: Named[str | None] = Column(Text)
    # At most one job with this key waits; cleared when the job is claimed.
    unique_key: Named[str | None] = Column(Text)
    # Whom or what the payload speaks of, so that a purge finds it.
    about: Named[int | None] = Column(Id)
    run_at: Named[int] = Column(Time)
    attempts: Named[int] = Column(Number)
    # Database time; 0 while nobody holds the job.
    lease_until: Named[int] = Column(Time)
    # Which claim holds the job: a random number per claim, not per process.
    worker: Named[int | None] = Column(Id)
    state: Named[JobState] = Column(Enum8(JobState))
    created_at: Named[int] = Column(Time)
    last_error: Named[str | None] = Column(Text)


jobs = Table("jobs", metadata, _Jobs, sqlite_strict=True)

_ready = jobs.c.state == JobState.READY
_waiting = jobs.c.unique_key.is_not(None)
_about = jobs.c.about.is_not(None)

Index("ix_jobs_due", jobs.c.run_at, jobs.c.id, sqlite_where=_ready, postgresql_where=_ready)
Index("ix_jobs_order", jobs.c.order_key, jobs.c.id, sqlite_where=_ready, postgresql_where=_ready)
Index(
    "uq_jobs_waiting",
    jobs.c.unique_key,
    unique=True,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
Index("ix_jobs_about", jobs.c.about, sqlite_where=_about, postgresql_where=_about)
