"""Lanes: groups, replay, cancellation, overload, deadlines, and what ends a closure."""

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncIterator
from typing import cast

import pytest

from storage.database import Database, run_once
from storage.errors import (
    Closed,
    ConstraintBroken,
    Misuse,
    Overloaded,
    StatementFailed,
    TxOver,
    UnitFailed,
)
from storage.sqlite import SQLiteSession
from storage.tx import Tx
from tests.support import notes
from tests.support.notes import add

pytestmark = pytest.mark.both


class WrongError(Exception):
    pass


@pytest.fixture
async def small(notes_url: str) -> AsyncIterator[Database]:
    """A database whose lanes hold few units."""
    opened = await Database.open(notes_url, backlog=10)
    yield opened
    await opened.close(timeout=5)


@pytest.fixture
async def impatient(notes_url: str) -> AsyncIterator[Database]:
    """A database whose units wait for a short time only."""
    opened = await Database.open(notes_url, start_within=1.0)
    yield opened
    await opened.close(timeout=5)


async def block_writers(db: Database, until: threading.Event) -> list[asyncio.Task[bool]]:
    """Keep every writing thread busy until the event is set."""
    busy = threading.Semaphore(0)
    threads = 4 if db.url.startswith("postgresql") else 1

    def wait(_: Tx) -> bool:
        busy.release()
        return until.wait(30)

    tasks = [asyncio.create_task(db.write(wait)) for _ in range(threads)]
    for _ in range(threads):
        await asyncio.to_thread(busy.acquire)
    return tasks


async def test_results_come_back_and_are_stored(db: Database) -> None:
    assert await db.write(add, 1, text="one") == 1
    assert await db.read(notes.ids) == [1]
    assert await db.slow(notes.count) == 1


async def test_a_failing_closure_in_a_group_fails_alone(db: Database) -> None:
    def half(tx: Tx, number: int) -> None:
        add(tx, number)
        add(tx, number + 1000)
        raise WrongError

    go = threading.Event()
    blocked = await block_writers(db, go)
    units = [
        asyncio.create_task(db.write(half, n) if n % 7 == 0 else db.write(add, n))
        for n in range(40)
    ]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*units, return_exceptions=True)
    await asyncio.gather(*blocked)
    for number, result in enumerate(results):
        assert isinstance(result, WrongError) if number % 7 == 0 else result == number
    assert await db.read(notes.ids) == [n for n in range(40) if n % 7]


async def test_a_caught_database_error_still_fails_the_unit(db: Database) -> None:
    def swallow(tx: Tx) -> str:
        add(tx, 1)
        try:
            add(tx, 1)
        except ConstraintBroken:
            return "swallowed"
        return "no error"

    with pytest.raises(ConstraintBroken):
        await db.write(swallow)
    assert await db.read(notes.ids) == []


async def test_an_error_may_be_put_into_the_closures_own_words(db: Database) -> None:
    def explain(tx: Tx) -> None:
        add(tx, 1)
        try:
            add(tx, 1)
        except ConstraintBroken:
            raise WrongError from None

    with pytest.raises(WrongError):
        await db.write(explain)
    assert await db.read(notes.ids) == []


async def test_what_fails_at_commit_fails_alone(db: Database) -> None:
    """The deferred foreign key is checked by COMMIT, which is the whole group's."""
    go = threading.Event()
    blocked = await block_writers(db, go)
    units = [asyncio.create_task(db.write(add, n, parent=99 if n == 3 else None)) for n in range(8)]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*units, *blocked, return_exceptions=True)
    assert isinstance(results[3], ConstraintBroken)
    assert await db.read(notes.ids) == [0, 1, 2, 4, 5, 6, 7]


async def test_cancelled_while_queued_is_skipped(db: Database) -> None:
    go = threading.Event()
    blocked = await block_writers(db, go)
    skipped = asyncio.create_task(db.write(add, 1))
    kept = asyncio.create_task(db.write(add, 2))
    await asyncio.sleep(0)
    skipped.cancel()
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(kept, *blocked)
    assert skipped.cancelled()
    assert await db.read(notes.ids) == [2]


async def test_cancelled_while_running_is_stored(db: Database) -> None:
    running, go = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> None:
        add(tx, 1)
        running.set()
        go.wait(30)

    task = asyncio.create_task(db.write(slowly))
    await asyncio.to_thread(running.wait)
    task.cancel()
    await asyncio.sleep(0)
    go.set()
    await db.write(add, 2)
    await db.close(timeout=30)  # drains
    assert task.cancelled()
    assert run_once(db.url, notes.ids) == [1, 2]


async def test_a_full_lane_refuses_at_once(small: Database) -> None:
    go = threading.Event()
    blocked = await block_writers(small, go)
    units = [asyncio.create_task(small.write(add, n)) for n in range(30)]
    await asyncio.sleep(0)
    refused = sum(unit.done() and isinstance(unit.exception(), Overloaded) for unit in units)
    go.set()
    results = await asyncio.gather(*units, return_exceptions=True)
    await asyncio.gather(*blocked)
    assert refused == 20
    assert sum(isinstance(result, int) for result in results) == 10
    assert await small.read(notes.count) == 10


async def test_what_waited_too_long_is_refused_not_done(
    impatient: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    with monkeypatch.context() as patient:  # all but the one may be late on a busy machine
        patient.setattr(impatient, "_start_within", 30.0)
        blocked = await block_writers(impatient, go)
    late = asyncio.create_task(impatient.write(add, 1))
    await asyncio.sleep(1.2)
    go.set()
    with pytest.raises(Overloaded):
        await late
    await asyncio.gather(*blocked)
    monkeypatch.setattr(impatient, "_start_within", 30.0)
    assert await impatient.read(notes.ids) == []
    assert await impatient.write(add, 2) == 2


@pytest.mark.parametrize("ending", [StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit])
async def test_whatever_ends_a_closure_reaches_the_caller(
    db: Database, ending: type[BaseException]
) -> None:
    def end(tx: Tx) -> None:
        add(tx, 1)
        raise ending

    with pytest.raises(UnitFailed) as caught:
        await asyncio.wait_for(db.write(end), 30)
    assert isinstance(caught.value.__cause__, ending)
    assert await db.write(add, 2) == 2
    assert await db.read(notes.ids) == [2]


async def test_a_unit_inside_a_unit_is_refused(db: Database) -> None:
    loop = asyncio.get_running_loop()

    def outer(_: Tx) -> int:
        return asyncio.run_coroutine_threadsafe(db.write(add, 1), loop).result(30)

    with pytest.raises(Misuse):
        await db.write(outer)
    with pytest.raises(Misuse):
        await db.read(outer)
    assert await db.write(add, 2) == 2


async def test_context_goes_in_and_does_not_come_out(db: Database) -> None:
    request = contextvars.ContextVar("request", default="none")
    request.set("outside")

    def change(_: Tx) -> str:
        seen = request.get()
        request.set("inside")
        return seen

    assert await db.write(change) == "outside"
    assert request.get() == "outside"


async def test_effects_run_on_the_loop_after_the_commit_and_before_the_caller(
    db: Database,
) -> None:
    events: list[str] = []
    loop_thread = threading.get_ident()

    def work(tx: Tx, number: int, *, fail: bool) -> None:
        add(tx, number)
        tx.after_commit(lambda: events.append(f"effect {number}"))
        tx.after_commit(lambda: events.append(str(threading.get_ident() == loop_thread)))
        if fail:
            raise WrongError

    await db.write(work, 1, fail=False)
    events.append("caller")
    with pytest.raises(WrongError):
        await db.write(work, 2, fail=True)
    assert events == ["effect 1", "True", "caller"]


async def test_a_failing_effect_changes_nothing(db: Database) -> None:
    def fail() -> None:
        raise WrongError

    def work(tx: Tx) -> int:
        tx.after_commit(fail)
        return add(tx, 1)

    assert await db.write(work) == 1


async def test_a_tx_kept_after_its_unit_is_refused(db: Database) -> None:
    tx = await db.write(lambda tx: tx)
    with pytest.raises(TxOver):
        tx.scalar(notes.COUNT)


async def test_a_read_sees_one_snapshot(db: Database) -> None:
    begun, go = threading.Event(), threading.Event()

    def twice(tx: Tx) -> tuple[int, int]:
        before = notes.count(tx)
        begun.set()
        go.wait(30)
        return before, notes.count(tx)

    reading = asyncio.create_task(db.read(twice))
    await asyncio.to_thread(begun.wait)
    await db.write(add, 1)
    go.set()
    assert await reading == (0, 0)
    assert await db.read(notes.count) == 1


async def test_slow_work_does_not_hold_up_reads(db: Database) -> None:
    go = threading.Event()
    slow = asyncio.create_task(db.slow(lambda _: go.wait(30)))
    assert await asyncio.wait_for(db.read(notes.count), 30) == 0
    go.set()
    assert await slow


async def test_closing_drains_and_then_refuses(notes_url: str) -> None:
    db = await Database.open(notes_url)
    units = [asyncio.create_task(db.write(add, n)) for n in range(200)]
    await asyncio.sleep(0)
    await db.close(timeout=30)
    assert await asyncio.gather(*units) == list(range(200))
    with pytest.raises(Closed):
        await db.write(add, 1000)


async def test_closing_does_not_wait_for_ever(notes_url: str) -> None:
    db = await Database.open(notes_url)
    go = threading.Event()
    blocked = await block_writers(db, go)
    queued = asyncio.create_task(db.write(add, 1))
    await asyncio.sleep(0)
    started = time.monotonic()
    await db.close(timeout=0.2)
    assert time.monotonic() - started < 25  # who blocks would go on for longer
    go.set()
    await asyncio.gather(*blocked)
    with pytest.raises(Closed):
        await queued


async def test_an_interrupt_undoes_only_its_own_unit(db: Database) -> None:
    """SQLite rolls back the whole transaction, savepoints included; the lane replays the rest."""
    if db.url.startswith("postgresql"):
        # The same promise, where no unit shares a transaction with another.
        with pytest.raises(StatementFailed):
            await db.write(lambda tx: add(tx, 2**70))
        assert await db.write(add, 1) == 1
        return

    def interrupted(tx: Tx) -> None:
        add(tx, 100)
        connection = cast("SQLiteSession", tx._session)._connection
        connection.set_progress_handler(lambda: 1, 1)
        try:
            add(tx, 101)
        finally:
            connection.set_progress_handler(None, 1)

    go = threading.Event()
    blocked = await block_writers(db, go)
    units = [
        asyncio.create_task(db.write(interrupted) if n == 5 else db.write(add, n))
        for n in range(10)
    ]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*units, *blocked, return_exceptions=True)
    assert isinstance(results[5], StatementFailed)
    assert await db.read(notes.ids) == [n for n in range(10) if n != 5]
