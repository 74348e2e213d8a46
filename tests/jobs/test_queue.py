"""The queue: what is claimed, in which order, and what becomes of it."""

from collections.abc import Sequence

import pytest

from jobs.queue import (
    Dead,
    Decision,
    Job,
    New,
    Outcome,
    Released,
    Retry,
    enqueue,
    enqueue_many,
    turn,
)
from jobs.schedule import Every, plan_ticks
from storage.database import Database
from storage.queries import jobs as stored
from storage.tables.jobs import JobState
from storage.tx import Tx
from tests.jobs.conftest import START, Clock

pytestmark = pytest.mark.both

ME, OTHER = 11, 22
MINUTE = 60_000


def claim(
    tx: Tx,
    *outcomes: Outcome,
    worker: int = ME,
    kinds: Sequence[str] = ("a", "b"),
    limit: int = 50,
    lease_ms: int = MINUTE,
) -> list[Job]:
    return turn(tx, outcomes, worker=worker, kinds=kinds, limit=limit, lease_ms=lease_ms)


def payloads(jobs: list[Job]) -> list[object]:
    return [job.payload for job in jobs]


def done(job: Job, decision: Decision = None) -> Outcome:
    return Outcome(job, decision)


async def put(db: Database, *new: New) -> None:
    await db.write(enqueue_many, new)


async def test_a_job_is_claimed_once_and_deleted_when_done(db: Database) -> None:
    assert await db.write(enqueue, "a", {"x": [1, "ä"]})
    (job,) = await db.write(claim)
    assert job.payload == {"x": [1, "ä"]}
    assert job.attempts == 1
    assert job.created_at == START
    assert await db.write(claim, worker=OTHER) == []
    assert await db.write(claim, done(job)) == []
    assert await db.read(stored.counts) == {}


async def test_a_job_is_stored_with_its_transaction_or_not_at_all(db: Database) -> None:
    def fail(tx: Tx) -> None:
        enqueue(tx, "a", 1)
        raise LookupError

    with pytest.raises(LookupError):
        await db.write(fail)
    assert await db.read(stored.counts) == {}


async def test_oldest_first_and_no_more_than_asked(db: Database, clock: Clock) -> None:
    await put(db, *(New("a", n) for n in range(5)))
    clock.forward(1)
    await put(db, New("a", "late"), New("c", "of no interest"))
    assert payloads(await db.write(claim, limit=3)) == [0, 1, 2]
    assert payloads(await db.write(claim)) == [3, 4, "late"]
    assert await db.write(claim, limit=0) == []
    assert await db.write(claim, kinds=()) == []


async def test_delayed_jobs_wait_for_the_clock(db: Database, clock: Clock) -> None:
    await put(db, New("a", "later", run_at=START + 100))
    assert await db.write(claim) == []
    clock.forward(100)
    assert payloads(await db.write(claim)) == ["later"]


async def test_one_order_key_goes_in_sequence(db: Database) -> None:
    await put(
        db,
        New("a", 1, order_key="k"),
        New("b", 2, order_key="k"),
        New("a", "free"),
        New("a", "other", order_key="l"),
    )
    first = await db.write(claim)
    assert sorted(map(str, payloads(first))) == ["1", "free", "other"]
    one = next(job for job in first if job.payload == 1)
    assert await db.write(claim, worker=OTHER) == []  # 1 is under way
    assert await db.write(claim, done(one, Retry(MINUTE))) == []  # and now waits
    assert payloads(await db.write(claim, kinds=("b",))) == []


async def test_the_next_of_a_key_follows_the_finished_or_dead_one(db: Database) -> None:
    await put(db, *(New("a", n, order_key="k") for n in range(3)))
    (job,) = await db.write(claim)
    (job,) = await db.write(claim, done(job))
    assert job.payload == 1
    (job,) = await db.write(claim, done(job, Dead("no")))
    assert job.payload == 2


async def test_X05_a_clock_that_steps_back_does_not_turn_the_order_round(
    db: Database, clock: Clock
) -> None:
    await put(db, New("a", "create", order_key="k"))
    clock.forward(-24 * 60 * MINUTE)
    stored._ids = type(stored._ids)()  # another process, or this one restarted
    await put(db, New("a", "delete", order_key="k"))
    clock.forward(24 * 60 * MINUTE)
    (job,) = await db.write(claim)
    assert job.payload == "create"
    assert payloads(await db.write(claim, done(job))) == ["delete"]


async def test_unique_jobs_wait_only_once(db: Database) -> None:
    assert await db.write(enqueue, "a", 1, unique="u")
    assert not await db.write(enqueue, "a", 2, unique="u")
    assert await db.write(enqueue, "a", 3, unique="v")
    one = next(job for job in await db.write(claim) if job.payload == 1)
    # It may have read its input already: another one may wait, but not start.
    assert await db.write(enqueue, "a", 4, unique="u")
    assert await db.write(claim) == []
    assert payloads(await db.write(claim, done(one))) == [4]


async def test_a_lease_ends_by_the_databases_clock(db: Database, clock: Clock) -> None:
    await put(db, New("a", 1))
    (job,) = await db.write(claim, lease_ms=0)
    (again,) = await db.write(claim, worker=OTHER, lease_ms=MINUTE)
    assert again.id == job.id
    assert again.attempts == 2
    clock.forward(10 * MINUTE)  # our own clock is no reason to take a job away
    assert await db.write(claim) == []
    # What the first worker decides is too late and changes nothing.
    assert await db.write(claim, done(job)) == []
    assert await db.write(claim, done(job, Dead("late"))) == []
    assert await db.read(stored.counts) == {("a", JobState.READY): 1}
    await db.write(claim, done(again), worker=OTHER)
    assert await db.read(stored.counts) == {}


async def test_leases_are_renewed_for_their_holder_only(db: Database) -> None:
    await put(db, New("a", 1))
    (job,) = await db.write(claim, lease_ms=1)
    assert await db.write(stored.renew, worker=OTHER, ids=[job.id], lease_ms=MINUTE) == 0
    assert await db.write(stored.renew, worker=ME, ids=[job.id], lease_ms=MINUTE) == 1
    assert await db.write(claim, worker=OTHER) == []


async def test_retry_waits_and_keeps_its_count(db: Database, clock: Clock) -> None:
    await put(db, New("a", 1))
    (job,) = await db.write(claim)
    assert await db.write(claim, done(job, Retry(500, "busy"))) == []
    clock.forward(500)
    (job,) = await db.write(claim)
    assert job.attempts == 2
    (job,) = await db.write(claim, done(job, Released()))
    assert job.attempts == 2


async def test_dead_jobs_are_kept_and_can_be_revived_or_discarded(
    db: Database, clock: Clock
) -> None:
    await put(db, New("a", 1), New("a", 2))
    one, two = await db.write(claim)
    await db.write(claim, done(one, Dead("poison")), done(two, Dead("old")))
    clock.forward(MINUTE)
    assert await db.write(claim) == []
    dead = await db.read(stored.dead, before=2**63 - 1, limit=10)
    assert [(job.id, job.last_error) for job in dead] == [(two.id, "old"), (one.id, "poison")]
    assert await db.write(stored.revive, one.id)
    assert not await db.write(stored.revive, one.id)
    (again,) = await db.write(claim)
    assert (again.id, again.attempts) == (one.id, 1)
    assert not await db.write(stored.discard, one.id)
    assert await db.write(stored.discard_old, before=START) == 0
    assert await db.write(stored.discard_old, before=START + 1) == 1
    assert await db.read(stored.dead, before=2**63 - 1, limit=10) == []


async def test_a_purge_finds_jobs_by_what_they_are_about(db: Database) -> None:
    await put(db, New("a", 1, about=7), New("a", 2, about=8), New("a", 3))
    one = next(job for job in await db.write(claim, limit=1))
    await db.write(claim, done(one, Dead("kept")), limit=0)
    assert await db.write(stored.drop_about, 7) == 1
    assert payloads(await db.write(claim)) == [2, 3]


async def test_ticks_are_planned_once_each(db: Database, clock: Clock) -> None:
    schedule = [Every("a", 10 * MINUTE), Every("b", MINUTE)]
    for _ in range(3):
        await db.write(plan_ticks, schedule)
    assert await db.read(stored.counts) == {
        ("a", JobState.READY): 1,
        ("b", JobState.READY): 1,
    }
    clock.forward(25 * MINUTE)  # missed ticks are not made up for
    jobs = await db.write(claim)
    assert sorted(job.kind for job in jobs) == ["a", "b"]
    await db.write(plan_ticks, schedule)
    assert await db.write(claim, *map(done, jobs)) == []
    clock.forward(MINUTE)
    assert [job.kind for job in await db.write(claim)] == ["b"]
