"""Work that must happen: stored in the transaction that decided it, run by a worker later.

A job may run twice (a crash after its effect, a lost lease), so every handler is idempotent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from storage.queries import jobs as stored
from storage.queries.jobs import LetGo, NewJob
from storage.tables.jobs import JobState
from storage.tx import Tx

TOPIC = "jobs"
"""The bus topic that wakes workers."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A handler's answer: not now; again after `after_ms` milliseconds."""

    after_ms: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Dead:
    """A handler's answer: never. The job is kept, visibly, with this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Released:
    """A worker's answer for a job that it stopped: as if it had not been claimed."""


Decision = Retry | Dead | Released | None
"""None: the job is done."""


class Job(NamedTuple):
    """A claimed job. `attempts` counts this run; `created_at` is in milliseconds since 1970."""

    id: int
    kind: str
    payload: Any
    order_key: str | None
    about: int | None
    attempts: int
    created_at: int


class New(NamedTuple):
    """A job for `enqueue_many`; fields as in `enqueue`."""

    kind: str
    payload: Any
    order_key: str | None = None
    run_at: int | None = None
    about: int | None = None


class Outcome(NamedTuple):
    """A job that a worker held, and what its handler decided."""

    job: Job
    decision: Decision


def enqueue(
    tx: Tx,
    kind: str,
    payload: Any,
    *,
    order_key: str | None = None,
    run_at: int | None = None,
    unique: str | None = None,
    about: int | None = None,
) -> bool:
    """Store a job in the caller's transaction; True unless `unique` found one already waiting.

    `payload` is any JSON value. Jobs of one `order_key` run one after the other, in the order in
    which they were enqueued. `run_at` (milliseconds since 1970) delays it. Of one `unique` key at
    most one job waits; once it has started, another may wait, and does not start before it ends.
    `about` is the id of the community or actor whose purge deletes the job (`drop_about`).
    """
    order = unique if order_key is None else order_key
    new = NewJob(kind, orjson.dumps(payload), order, run_at, unique, about)
    stored_now = stored.store(tx, new)
    if stored_now:
        tx.publish(TOPIC)
    return stored_now


def enqueue_many(tx: Tx, new: Iterable[New]) -> None:
    """Store many jobs in one go, for fan-out."""
    rows = [
        NewJob(job.kind, orjson.dumps(job.payload), job.order_key, job.run_at, None, job.about)
        for job in new
    ]
    if rows:
        stored.store_many(tx, rows)
        tx.publish(TOPIC)


def drop_waiting(tx: Tx, unique: str) -> None:
    """Delete the job of this `unique` key that did not start yet, if there is one."""
    stored.drop_waiting(tx, unique)


def is_waiting(tx: Tx, order_key: str) -> bool:
    """Whether a job of this order key waits or runs: what comes now has to wait behind it."""
    return bool(waiting_keys(tx, [order_key]))


def waiting_keys(tx: Tx, order_keys: Iterable[str]) -> set[str]:
    """Those of many order keys for which `is_waiting` holds."""
    return stored.waiting_keys(tx, list(order_keys))


def turn(
    tx: Tx,
    outcomes: Sequence[Outcome],
    *,
    worker: int,
    kinds: Sequence[str],
    limit: int,
    lease_ms: int,
) -> list[Job]:
    """Store what became of the last jobs and claim the next, in one unit of work.

    `worker` is the random number under which the jobs are held; outcomes of jobs that somebody
    else took over meanwhile change nothing. Leases run by the database's clock.
    """
    done = [outcome.job.id for outcome in outcomes if outcome.decision is None]
    if done:
        stored.finish(tx, worker=worker, ids=done)
    stored.let_go(
        tx, worker=worker, jobs=[_let_go(tx, o.job, o.decision) for o in outcomes if o.decision]
    )
    if limit <= 0 or not kinds:
        return []
    claimed = stored.claim(tx, worker=worker, kinds=kinds, limit=limit, lease_ms=lease_ms)
    return [Job(job.id, job.kind, orjson.loads(job.payload), *job[3:]) for job in claimed]


def _let_go(tx: Tx, job: Job, decision: Retry | Dead | Released) -> LetGo:
    match decision:
        case Retry(after_ms, reason):
            return LetGo(job.id, JobState.READY, tx.now + after_ms, job.attempts, reason)
        case Dead(reason):
            return LetGo(job.id, JobState.DEAD, tx.now, job.attempts, reason)
        case Released():
            return LetGo(job.id, JobState.READY, tx.now, job.attempts - 1, None)
