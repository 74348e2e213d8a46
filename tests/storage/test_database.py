"""Database: opening, limits, other processes, lost connections, deadlocks."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Integer, bindparam, column, func, literal, select

from storage import database as module
from storage.database import Database, now_ms, run_once
from storage.errors import (
    AlreadyServed,
    OutcomeUnknown,
    Overloaded,
    StorageError,
    TooSlow,
    TryAgain,
    Unavailable,
)
from storage.lanes import free_thread
from storage.sqlite import SQLiteSession
from storage.tx import Tx
from tests.storage.conftest import in_time
from tests.support import notes
from tests.support.notes import add
from tests.support.postgres import Server, make_server

_counter = select(literal(1, Integer).label("n")).cte("counter", recursive=True)
_counter = _counter.union_all(select(_counter.c.n + 1).where(_counter.c.n < 10**9))
FOR_EVER = {
    "sqlite": select(func.max(column("n", Integer))).select_from(_counter),
    "postgresql": select(func.pg_sleep(60)),
}
PID = select(func.pg_backend_pid())
KILL = select(func.pg_terminate_backend(bindparam("pid")))


@pytest.mark.both
async def test_a_read_ends_within_its_limit(
    notes_url: str, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_LIMIT", 0.2)
    db = await Database.open(notes_url)
    try:
        with pytest.raises(TooSlow):
            await asyncio.wait_for(db.read(lambda tx: tx.scalar(FOR_EVER[database_kind])), 30)
        assert await in_time(lambda: db.read(notes.count)) == 0
    finally:
        await db.close()


@pytest.mark.both
async def test_the_clock_is_the_one_passed_in(notes_url: str) -> None:
    db = await Database.open(notes_url, clock=lambda: 123)
    assert await db.read(lambda tx: tx.now) == 123
    assert await db.write(lambda tx: tx.now) == 123
    await db.close()
    assert abs(run_once(notes_url, lambda tx: tx.now) - now_ms()) < 5_000


@pytest.mark.both
def test_run_once_stores_or_raises(notes_url: str) -> None:
    assert run_once(notes_url, add, 1, text="one") == 1
    with pytest.raises(StorageError):
        run_once(notes_url, add, 1)
    assert run_once(notes_url, notes.ids) == [1]


@pytest.mark.both
async def test_named_locks_exclude_each_other(db: Database) -> None:
    inside = 0
    most = 0

    def guarded(tx: Tx) -> None:
        nonlocal inside, most
        tx.lock("the same name")
        inside += 1
        most = max(most, inside)
        threading.Event().wait(0.02)
        inside -= 1

    await asyncio.gather(*(db.write(guarded) for _ in range(4)))
    assert most == 1


@pytest.mark.both
async def test_a_database_that_is_not_there_is_refused_at_once(
    database_kind: str, tmp_path: Path
) -> None:
    url = (
        str(tmp_path / "missing.db")
        if database_kind == "sqlite"
        else f"postgresql://me:SECRET@/none?host={tmp_path}"
    )
    with pytest.raises(Unavailable) as caught:
        await Database.open(url)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None
    assert not (tmp_path / "missing.db").exists()


@pytest.mark.both
async def test_pinning_keeps_the_loop_on_one_core_and_pools_can_leave_it(notes_url: str) -> None:
    before = os.sched_getaffinity(0)
    db = await Database.open(notes_url, pin=True)
    try:
        mine = os.sched_getaffinity(0)
        assert len(mine) == 1
        assert await db.write(lambda _: os.sched_getaffinity(0)) == mine

        def freed() -> set[int]:
            free_thread()
            return os.sched_getaffinity(0)

        assert await asyncio.to_thread(freed) == before
    finally:
        os.sched_setaffinity(0, before)
        await db.close()


# --- SQLite

sqlite = pytest.mark.only("sqlite")


@sqlite
async def test_one_process_serves_a_file(notes_url: str) -> None:
    first = await Database.open(notes_url, serving=True)
    with pytest.raises(AlreadyServed):
        await Database.open(notes_url, serving=True)
    assert run_once(notes_url, add, 1) == 1  # a command may still write
    await first.close()
    second = await Database.open(notes_url, serving=True)
    assert await second.read(notes.ids) == [1]
    await second.close()


@sqlite
async def test_a_writer_waits_for_another_process(db: Database, notes_url: str) -> None:
    other = sqlite3.connect(notes_url, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    units = [asyncio.create_task(db.write(add, n)) for n in range(5)]
    await asyncio.sleep(0.3)
    assert not any(unit.done() for unit in units)
    other.execute("COMMIT")
    other.close()
    assert await asyncio.gather(*units) == list(range(5))


@sqlite
async def test_settings_of_a_connection(db: Database) -> None:
    def settings(tx: Tx) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "journal_size_limit")
        return {name: tx._session.all(f"PRAGMA {name}", ())[0][0] for name in names}

    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "journal_size_limit": 64 * 1024 * 1024,
    }
    assert await db.write(settings) == wanted
    assert await db.read(settings) == wanted


@sqlite
async def test_what_was_left_unread_ends_with_its_unit(db: Database, notes_url: str) -> None:
    """All statements share a cursor: one with more rows must not keep its snapshot open."""
    await db.write(lambda tx: [add(tx, number) for number in range(50)])
    assert await db.read(lambda tx: tx.first(notes.IDS)) == (0,)
    assert await db.write(lambda tx: tx.first(notes.IDS)) == (0,)
    with closing(sqlite3.connect(notes_url)) as other:
        busy, *_ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    await db.write(add, 50)
    assert await db.read(notes.count) == 51


@sqlite
def test_a_session_closes_whatever_was_left_unread(notes_url: str) -> None:
    session = SQLiteSession(Path(notes_url), writable=True)
    log = Path(notes_url + "-wal")
    session.execute("INSERT INTO notes (id, text, loud, colour) VALUES (1, '1', 0, 1)", ())
    session.execute("INSERT INTO notes (id, text, loud, colour) VALUES (2, '2', 0, 1)", ())
    assert session.first("SELECT id FROM notes ORDER BY id", ()) == [(1,)]
    assert log.exists()
    session.close()
    assert not log.exists()  # the last connection to leave puts it into the file
    session.close()
    session.reopen()
    assert session.all("SELECT count(*) FROM notes", ()) == [(2,)]
    elsewhere = Path(notes_url).rename(notes_url + "-away")
    for _ in range(2):
        with pytest.raises(Unavailable):
            session.reopen()
    elsewhere.rename(notes_url)
    session.reopen()
    assert session.first("SELECT id FROM notes ORDER BY id", ()) == [(1,)]
    session.close()


@sqlite
async def test_values_that_the_driver_asks_stay_what_they_are(db: Database) -> None:
    asked = "SELECT ?1, typeof(?1)"

    def stored(tx: Tx) -> list[tuple[object, ...]]:
        values: tuple[object, ...] = (None, True, False, b"", b"a\x00", 2**63 - 1, 0.5, "a\x00")
        return [tx._session.all(asked, (value,))[0] for value in values]

    assert await db.read(stored) == [
        (None, "null"),
        (1, "integer"),
        (0, "integer"),
        (b"", "blob"),
        (b"a\x00", "blob"),
        (2**63 - 1, "integer"),
        (0.5, "real"),
        ("a\x00", "text"),
    ]


def _size(path: Path) -> int:
    return path.stat().st_size


@sqlite
async def test_a_long_log_is_given_back(notes_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.lanes.IDLE_SECONDS", 0.05)
    db = await Database.open(notes_url)
    log = Path(notes_url + "-wal")
    await db.write(lambda tx: [add(tx, n, text=str(n) * 200) for n in range(500)])
    async with asyncio.timeout(40):
        while _size(log):
            await asyncio.sleep(0.05)
    assert await db.read(notes.count) == 500
    await db.close()


# --- PostgreSQL


postgresql = pytest.mark.only("postgresql")


def _kill(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (pid,))


@postgresql
async def test_a_terminated_backend_is_replaced(db: Database, notes_url: str) -> None:
    def pid(tx: Tx) -> int:
        return tx.scalar(PID) or 0

    for pause in (0.0, 0.1):
        _kill(notes_url, await db.read(pid))
        await asyncio.sleep(pause)
        results = await asyncio.gather(*(db.read(notes.count) for _ in range(4)))
        assert results == [0, 0, 0, 0]


@postgresql
async def test_lost_before_commit_is_replayed(db: Database, notes_url: str) -> None:
    tries: list[int] = []

    def lose(tx: Tx) -> int:
        tries.append(tx.scalar(PID) or 0)
        add(tx, 1)
        if len(tries) == 1:
            _kill(notes_url, tries[0])
        return add(tx, 2)

    assert await db.write(lose) == 2
    assert len(tries) == 2
    assert await db.read(notes.ids) == [1, 2]


@postgresql
async def test_lost_during_commit_is_unknown_and_not_repeated(db: Database, notes_url: str) -> None:
    tries: list[int] = []

    def lose(tx: Tx) -> None:
        tries.append(add(tx, 1))
        _kill(notes_url, tx.scalar(PID) or 0)

    with pytest.raises(OutcomeUnknown):
        await db.write(lose)
    assert tries == [1]
    assert await db.write(add, 2) == 2


@postgresql
async def test_a_deadlock_is_retried_with_a_new_tx(db: Database) -> None:
    await db.write(lambda tx: [add(tx, n) for n in (1, 2)])
    meet = threading.Barrier(2, timeout=30)
    seen: list[Tx] = []

    def cross(tx: Tx, first: int, second: int) -> None:
        seen.append(tx)
        tx.change(notes.RENAME, which=first, text=f"{first} by {first}")
        if len(seen) <= 2:
            meet.wait()
        tx.change(notes.RENAME, which=second, text=f"{second} by {first}")

    await asyncio.gather(db.write(cross, 1, 2), db.write(cross, 2, 1))
    assert len(seen) == 3
    assert len({id(tx) for tx in seen}) == 3


@postgresql
async def test_what_cannot_succeed_is_given_up_after_three_retries(db: Database) -> None:
    tries = 0

    def never(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        tx._session.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$", ())

    with pytest.raises(TryAgain):
        await db.write(never)
    assert tries == 4


@postgresql
async def test_a_changed_column_type_does_not_fail_a_unit(db: Database, notes_url: str) -> None:
    await db.write(add, 1)
    for _ in range(20):
        await db.read(lambda tx: tx.first(notes.BY_ID, id=1))
    with psycopg.connect(notes_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE notes ALTER COLUMN colour TYPE bigint")
    for _ in range(4):
        found = await db.read(lambda tx: tx.first(notes.BY_ID, id=1))
        assert found is not None


@postgresql
async def test_no_room_for_the_lanes_fails_at_the_start(notes_url: str) -> None:
    name = notes_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(notes_url, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 3'.encode())
        admin.execute("CREATE ROLE plain LOGIN")
        admin.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain")
        try:
            with pytest.raises(Unavailable):
                await Database.open(notes_url.replace("tertulia@", "plain@", 1))
        finally:
            admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1'.encode())
            admin.execute("DROP OWNED BY plain; DROP ROLE plain")


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that a test may kill."""
    server = make_server(durable=True)
    server.stop_after(os.getpid())
    notes.create(server.url)
    yield server
    server.stop()


async def test_units_wait_for_a_killed_server_to_return(own_server: Server) -> None:
    db = await Database.open(own_server.url, start_within=60)
    stored = [await db.write(add, n) for n in range(5)]
    own_server.kill()
    waiting = [asyncio.create_task(db.write(add, n)) for n in range(5, 15)]
    reading = asyncio.create_task(db.read(notes.count))
    await asyncio.sleep(0.5)
    assert not any(unit.done() for unit in waiting)
    await asyncio.to_thread(own_server.start)
    stored += await asyncio.gather(*waiting)
    assert await reading >= 5
    assert await db.read(notes.ids) == sorted(stored)
    await db.close()


async def test_units_fail_when_a_server_stays_away(own_server: Server) -> None:
    db = await Database.open(own_server.url, start_within=0.5)
    own_server.kill()
    with pytest.raises((Unavailable, Overloaded)):  # this, where a thread began too late
        await db.write(add, 1)
    with pytest.raises((Unavailable, Overloaded)):
        await db.read(notes.count)
    await db.close()
