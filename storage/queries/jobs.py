"""The job queue's statements. Claims, leases and order are decided here, in SQL."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, case, delete, exists, func, null, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import IdSource, random_bits
from storage.columns import Id, any_of, database_now
from storage.tables.jobs import JobState, jobs
from storage.tx import Tx

_ids = IdSource()

STEP_BITS: Final = 16


class NewJob(NamedTuple):
    """A job to store. `run_at` is milliseconds since 1970; None means now."""

    kind: str
    payload: bytes
    order_key: str | None = None
    run_at: int | None = None
    unique_key: str | None = None
    about: int | None = None


class ClaimedJob(NamedTuple):
    """A job that a worker now holds; `attempts` counts this one."""

    id: int
    kind: str
    payload: bytes
    order_key: str | None
    about: int | None
    attempts: int
    created_at: int


class DeadJob(NamedTuple):
    """A job that was given up."""

    id: int
    kind: str
    attempts: int
    created_at: int
    last_error: str | None


# Ids give the order within a key. If the clock stepped back, a later job would overtake an
# earlier one (a Delete its Create), so a new id is always beyond the last one of its key.
_last = (
    select(func.coalesce(func.max(jobs.c.id), 0))
    .where(jobs.c.order_key == bindparam("order_key"), jobs.c.state == JobState.READY)
    .scalar_subquery()
)
_next_id = case(
    (_last >= bindparam("id", type_=Id), _last + bindparam("step", type_=Id)),
    else_=bindparam("id", type_=Id),
)
_insert = insert(jobs).values(
    id=_next_id,
    kind=bindparam("kind"),
    payload=bindparam("payload"),
    order_key=bindparam("order_key"),
    unique_key=bindparam("unique_key"),
    about=bindparam("about"),
    run_at=bindparam("run_at"),
    attempts=0,
    lease_until=0,
    worker=null(),
    state=JobState.READY,
    created_at=bindparam("now"),
    last_error=null(),
)
INSERT: Final = _insert
INSERT_UNIQUE: Final = _insert.on_conflict_do_nothing(
    index_elements=[jobs.c.unique_key], index_where=jobs.c.unique_key.is_not(None)
).returning(jobs.c.id)

_earlier = jobs.alias("earlier")
# A CTE is computed once; PostgreSQL may run a plain subquery again and claim more than the limit.
_due = (
    select(jobs.c.id)
    .where(
        jobs.c.state == JobState.READY,
        jobs.c.run_at <= bindparam("now"),
        jobs.c.lease_until <= database_now(),
        any_of(jobs.c.kind, "kinds"),
        ~and_(
            jobs.c.order_key.is_not(None),
            exists().where(
                _earlier.c.order_key == jobs.c.order_key,
                _earlier.c.state == JobState.READY,
                _earlier.c.id < jobs.c.id,
            ),
        ),
    )
    .order_by(jobs.c.run_at, jobs.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
CLAIM: Final = (
    update(jobs)
    .where(jobs.c.id.in_(select(_due.c.id)))
    .values(
        lease_until=database_now() + bindparam("lease_ms", type_=Id),
        worker=bindparam("worker"),
        attempts=jobs.c.attempts + 1,
        # From now on another one may wait: this one may already have read what it works on.
        unique_key=null(),
    )
    .returning(
        jobs.c.id,
        jobs.c.kind,
        jobs.c.payload,
        jobs.c.order_key,
        jobs.c.about,
        jobs.c.attempts,
        jobs.c.created_at,
        jobs.c.run_at,
    )
)
FINISH: Final = delete(jobs).where(any_of(jobs.c.id, "ids"), jobs.c.worker == bindparam("worker"))
RENEW: Final = (
    update(jobs)
    .where(any_of(jobs.c.id, "ids"), jobs.c.worker == bindparam("worker"))
    .values(lease_until=database_now() + bindparam("lease_ms", type_=Id))
)
LET_GO: Final = (
    update(jobs)
    .where(jobs.c.id == bindparam("job_id"), jobs.c.worker == bindparam("holder"))
    .values(
        worker=null(),
        lease_until=0,
        state=bindparam("state"),
        run_at=bindparam("run_at"),
        attempts=bindparam("attempts"),
        last_error=bindparam("error"),
    )
)
ORDERED: Final = select(jobs.c.order_key).where(
    any_of(jobs.c.order_key, "order_keys"), jobs.c.state == JobState.READY
)
DEAD: Final = (
    select(jobs.c.id, jobs.c.kind, jobs.c.attempts, jobs.c.created_at, jobs.c.last_error)
    .where(jobs.c.state == JobState.DEAD, jobs.c.id < bindparam("before"))
    .order_by(jobs.c.id.desc())
    .limit(bindparam("limit"))
)
REVIVE: Final = (
    update(jobs)
    .where(jobs.c.id == bindparam("job_id"), jobs.c.state == JobState.DEAD)
    .values(state=JobState.READY, attempts=0, run_at=bindparam("now"))
)
DISCARD: Final = delete(jobs).where(jobs.c.id == bindparam("job_id"), jobs.c.state == JobState.DEAD)
DISCARD_OLD: Final = delete(jobs).where(
    jobs.c.state == JobState.DEAD, jobs.c.created_at < bindparam("before")
)
DROP_WAITING: Final = delete(jobs).where(
    jobs.c.unique_key == bindparam("unique_key"), jobs.c.unique_key.is_not(None)
)
DROP_ABOUT: Final = delete(jobs).where(jobs.c.about == bindparam("about"))
COUNTS: Final = select(jobs.c.kind, jobs.c.state, func.count(jobs.c.id)).group_by(
    jobs.c.kind, jobs.c.state
)


class LetGo(NamedTuple):
    """What becomes of a job that was held and is not finished."""

    job_id: int
    state: JobState
    run_at: int
    attempts: int
    error: str | None


def _params(tx: Tx, job: NewJob) -> dict[str, Any]:
    return {
        "id": _ids.new(tx.now),
        "step": 1 + random_bits(STEP_BITS),
        "kind": job.kind,
        "payload": job.payload,
        "order_key": job.order_key,
        "unique_key": job.unique_key,
        "about": job.about,
        "run_at": tx.now if job.run_at is None else job.run_at,
        "now": tx.now,
    }


def store(tx: Tx, job: NewJob) -> bool:
    """Store a job; False if one with its `unique_key` already waits."""
    return tx.scalar(INSERT_UNIQUE, **_params(tx, job)) is not None


def store_many(tx: Tx, new: Iterable[NewJob]) -> None:
    """Store jobs without a `unique_key`, in one go."""
    tx.many(INSERT, [_params(tx, job) for job in new])


def claim(
    tx: Tx, *, worker: int, kinds: Sequence[str], limit: int, lease_ms: int
) -> list[ClaimedJob]:
    """Take up to `limit` due jobs for `lease_ms` of database time, oldest first.

    Of one order key only the first unfinished job is ever given out.
    """
    rows = tx.all(CLAIM, now=tx.now, worker=worker, kinds=kinds, limit=limit, lease_ms=lease_ms)
    return [ClaimedJob(*row[:7]) for row in sorted(rows, key=lambda row: (row[7], row[0]))]


def finish(tx: Tx, *, worker: int, ids: Sequence[int]) -> int:
    """Delete finished jobs that `worker` still holds; how many those were."""
    return tx.change(FINISH, ids=ids, worker=worker)


def let_go(tx: Tx, *, worker: int, jobs: Iterable[LetGo]) -> None:
    """Put jobs that `worker` still holds back, or among the dead."""
    tx.many(LET_GO, [{**job._asdict(), "holder": worker} for job in jobs])


def waiting_keys(tx: Tx, order_keys: Sequence[str]) -> set[str]:
    """Those of these order keys of which a job waits or runs."""
    return {key for (key,) in tx.all(ORDERED, order_keys=order_keys) if key is not None}


def renew(tx: Tx, *, worker: int, ids: Sequence[int], lease_ms: int) -> int:
    """Prolong leases; how many are still held."""
    return tx.change(RENEW, ids=ids, worker=worker, lease_ms=lease_ms)


def dead(tx: Tx, *, before: int, limit: int) -> list[DeadJob]:
    """Jobs that were given up, newest first, with ids below `before`."""
    return [DeadJob(*row) for row in tx.all(DEAD, before=before, limit=limit)]


def revive(tx: Tx, job_id: int) -> bool:
    """Let a dead job run again, with all its attempts; False if it is not dead."""
    return tx.change(REVIVE, job_id=job_id, now=tx.now) == 1


def discard(tx: Tx, job_id: int) -> bool:
    """Delete a dead job; False if it is not dead."""
    return tx.change(DISCARD, job_id=job_id) == 1


def discard_old(tx: Tx, *, before: int) -> int:
    """Delete dead jobs made before a moment; how many those were."""
    return tx.change(DISCARD_OLD, before=before)


def drop_waiting(tx: Tx, unique_key: str) -> None:
    """Delete the job with this key that waits; one that runs goes on."""
    tx.change(DROP_WAITING, unique_key=unique_key)


def drop_about(tx: Tx, about: int) -> int:
    """Delete every job, dead or not, whose payload speaks of `about`; for a purge."""
    return tx.change(DROP_ABOUT, about=about)


def counts(tx: Tx) -> dict[tuple[str, JobState], int]:
    """How many jobs there are, by kind and state; for metrics and `doctor`."""
    return {(kind, state): count for kind, state, count in tx.all(COUNTS)}
