"""The worker: wakes, retries, buries, stops; several of them lose and double nothing."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select

from jobs.queue import Dead, Decision, Job, New, Retry, enqueue, enqueue_many
from jobs.schedule import Every
from jobs.worker import Each, Together, Worker, backoff, describe
from storage.database import Database, run_once
from storage.queries import jobs as stored
from storage.tables.jobs import JobState, jobs
from storage.tx import Tx
from tests.jobs.conftest import Clock
from tests.support import notes
from tests.support.nodes import until

pytestmark = pytest.mark.both

HOUR = 3_600_000


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        await worker.stop(timeout=5)
        await asyncio.wait_for(running, 30)


def empty(db: Database) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return await db.read(stored.counts) == {}

    return check


async def test_a_commit_wakes_the_worker(db: Database) -> None:
    ran: list[object] = []
    arrived = asyncio.Event()

    async def run(job: Job) -> None:
        ran.append(job.payload)
        arrived.set()

    async with working(Worker(db, {"a": run}, poll_seconds=30)):
        await asyncio.sleep(0.1)
        await db.write(enqueue, "a", "now")
        await asyncio.wait_for(arrived.wait(), 30)
        await until(empty(db))
    assert ran == ["now"]


async def test_a_delayed_job_is_found_by_polling(db: Database, clock: Clock) -> None:
    arrived = asyncio.Event()

    async def run(job: Job) -> None:
        arrived.set()

    async with working(Worker(db, {"a": run}, poll_seconds=0.05)):
        await db.write(enqueue, "a", 1, run_at=clock.now + HOUR)
        await asyncio.sleep(0.2)
        assert not arrived.is_set()
        clock.forward(HOUR)
        await asyncio.wait_for(arrived.wait(), 30)


async def test_many_jobs_run_once_each(db: Database) -> None:
    ran: list[object] = []

    async def run(job: Job) -> None:
        await asyncio.sleep(0)
        ran.append(job.payload)

    await db.write(enqueue_many, [New("a", n) for n in range(300)])
    await Worker(db, {"a": run}).drain()
    assert sorted(map(int, map(str, ran))) == list(range(300))
    assert await db.read(stored.counts) == {}


async def test_decisions_are_carried_out(db: Database, clock: Clock) -> None:
    decisions: list[Decision] = [Retry(HOUR), Dead("enough")]

    async def run(job: Job) -> Decision:
        return decisions[job.attempts - 1]

    await db.write(enqueue, "a", 1)
    worker = Worker(db, {"a": run})
    await worker.drain()
    assert await db.read(stored.counts) == {("a", JobState.READY): 1}
    clock.forward(HOUR)
    await worker.drain()
    (dead,) = await db.read(stored.dead, before=2**63 - 1, limit=9)
    assert (dead.attempts, dead.last_error) == (2, "enough")


async def test_X06_a_poisoned_job_dies_and_the_others_flow(db: Database, clock: Clock) -> None:
    ran: list[object] = []

    async def run(job: Job) -> None:
        if job.payload == "poison":
            raise ValueError("SECRET words")
        ran.append(job.payload)

    await db.write(enqueue_many, [New("a", p) for p in ("one", "poison", "two")])
    worker = Worker(db, {"a": Each(run, attempts=3)})
    for _ in range(5):
        await worker.drain()
        clock.forward(7 * HOUR)
    assert ran == ["one", "two"]
    (dead,) = await db.read(stored.dead, before=2**63 - 1, limit=9)
    assert dead.attempts == 3
    assert (dead.last_error or "").startswith("ValueError at jobs/test_worker.py:")
    assert await db.read(stored.counts) == {("a", JobState.DEAD): 1}


async def test_X06_a_job_that_kills_its_worker_dies_too(db: Database) -> None:
    async def run(job: Job) -> None:
        raise AssertionError("must not run again")

    await db.write(enqueue, "a", 1)
    for worker in range(1, 4):  # three processes claimed it and were never seen again
        await db.write(stored.claim, worker=worker, kinds=["a"], limit=1, lease_ms=0)
    await Worker(db, {"a": Each(run, attempts=3)}).drain()
    (dead,) = await db.read(stored.dead, before=2**63 - 1, limit=9)
    assert dead.last_error == "given up after 3 tries"


async def test_a_batch_runs_together_and_a_poisoned_one_alone(db: Database) -> None:
    sizes: list[int] = []

    async def run(jobs: list[Job]) -> Sequence[Decision] | None:
        sizes.append(len(jobs))
        if any(job.payload == 3 for job in jobs):
            raise ValueError
        return None if len(jobs) > 1 else [None]

    await db.write(enqueue_many, [New("a", n) for n in range(5)])
    worker = Worker(db, {"a": Together(run, attempts=1)})
    await worker.drain()
    assert sizes == [5, 1, 1, 1, 1, 1]
    assert await db.read(stored.counts) == {("a", JobState.DEAD): 1}


async def test_one_slow_kind_does_not_take_every_place(db: Database) -> None:
    go, quick = asyncio.Event(), asyncio.Event()

    async def slow(job: Job) -> None:
        await go.wait()

    async def fast(job: Job) -> None:
        quick.set()

    await db.write(enqueue_many, [New("slow", n) for n in range(30)])
    worker = Worker(db, {"slow": Each(slow, limit=4), "fast": fast}, places=10, batch=4)
    async with working(worker):
        await asyncio.sleep(0.1)
        await db.write(enqueue, "fast", 1)
        await asyncio.wait_for(quick.wait(), 30)
        go.set()
        await until(empty(db))


async def test_leases_outlive_slow_handlers(db: Database) -> None:
    runs = 0
    started, go = asyncio.Event(), asyncio.Event()

    async def slow(job: Job) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            # It renews soon, but for long: a machine that stands still meanwhile ends no lease.
            holder._lease_ms = HOUR
            started.set()
            await go.wait()

    await db.write(enqueue, "a", 1)
    holder, other = (Worker(db, {"a": slow}, lease_seconds=0.9) for _ in range(2))
    async with working(holder):
        await asyncio.wait_for(started.wait(), 30)
        first = await db.read(_lease_ends)
        await until(_has_longer_than(db, first))
        await asyncio.sleep(1)  # in which the first lease ends
        await other.drain()
        go.set()
        await until(empty(db))
    assert runs == 1


def _lease_ends(tx: Tx) -> int:
    ends: int = tx.one(select(jobs.c.lease_until))[0]
    return ends


def _has_longer_than(db: Database, first: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return await db.read(_lease_ends) > first

    return check


async def test_stopping_finishes_what_runs_and_releases_what_hangs(db: Database) -> None:
    started = asyncio.Event()

    async def short(job: Job) -> None:
        await asyncio.sleep(0.1)

    async def hangs(job: Job) -> None:
        started.set()
        await asyncio.Event().wait()

    await db.write(enqueue, "hangs", 1)
    await db.write(enqueue, "short", 1)
    worker = Worker(db, {"short": short, "hangs": hangs})
    running = asyncio.create_task(worker.run())
    await started.wait()
    await worker.stop(timeout=1.5)
    await asyncio.wait_for(running, 30)
    assert await db.read(stored.counts) == {("hangs", JobState.READY): 1}
    (again,) = await db.write(stored.claim, worker=1, kinds=["hangs"], limit=1, lease_ms=1)
    assert again.attempts == 1


async def test_scheduled_work_comes_again_and_again(db: Database, clock: Clock) -> None:
    due: list[object] = []

    async def tick(job: Job) -> None:
        due.append(job.payload["due"])

    worker = Worker(
        db, {"tick": tick}, schedule=[Every("tick", HOUR)], lease_seconds=0.6, poll_seconds=0.02
    )

    async with working(worker):
        for times in (1, 2, 3):
            await until(lambda: db.read(_only_the_next_one_waits))
            clock.forward(HOUR)
            await until(_has(due, times))
    assert len(set(due)) == len(due) == 3


def _has(done: list[object], times: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return len(done) >= times

    return check


def _only_the_next_one_waits(tx: Tx) -> bool:
    """Whether the next one is planned, and none runs: an hour is longer than any lease.

    Before it is planned, time must not go on: a tick that was missed is not made up for.
    """
    kept = select(jobs.c.run_at, jobs.c.worker)
    return [(run_at > tx.now, held) for run_at, held in tx.all(kept)] == [(True, None)]


async def test_outcomes_survive_a_database_that_is_away(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[object] = []

    async def run(job: Job) -> None:
        ran.append(job.payload)
        # From now on the lane refuses everything, as it does when it is full.
        for lane in db._lanes.values():
            monkeypatch.setattr(lane, "_backlog", 0)

    await db.write(enqueue, "a", 1)
    async with working(Worker(db, {"a": run}, poll_seconds=0.05)):
        await until(_has(ran, 1))
        await asyncio.sleep(0.3)  # in which its outcome is not taken, and is tried again
        assert ran == [1]
        monkeypatch.undo()
        await until(empty(db))
    assert ran == [1]


def _start_worker(url: str, mode: str) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.support.job_child", url, mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    return child


@pytest.mark.parametrize("killed", [False, True])
async def test_two_processes_on_one_queue(notes_url: str, *, killed: bool) -> None:
    """None lost and, unless one is killed, none run twice: that would break the primary key."""
    mode = "repeatable" if killed else "once"
    children = [_start_worker(notes_url, mode) for _ in range(2)]
    for start in range(0, 400, 100):
        jobs = [New("note", {"number": n}, f"key {n % 90}") for n in range(start, start + 100)]
        run_once(notes_url, enqueue_many, jobs)
    if killed:
        children[0].kill()

    async def finished() -> bool:
        return not run_once(notes_url, stored.counts)

    await until(finished)
    for child in children:
        child.communicate(timeout=20)
    assert run_once(notes_url, notes.ids) == list(range(400))


def test_backoff_grows_and_ends() -> None:
    waits = [backoff(attempt) for attempt in range(1, 40)]
    assert 4_500 <= waits[0] <= 5_500
    assert waits[5] > waits[0]
    assert max(waits) <= 1.1 * 6 * HOUR


def test_describe_quotes_nobody() -> None:
    with pytest.raises(ValueError, match="SECRET") as caught:
        raise ValueError("SECRET")
    assert "SECRET" not in describe(caught.value)
    assert describe(caught.value).startswith("ValueError at jobs/test_worker.py:")
    assert describe(KeyError("SECRET")) == "KeyError"
