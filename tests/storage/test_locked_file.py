"""A SQLite file that somebody else holds locked: who waits for it, and who does not."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from storage.database import Database
from storage.errors import Unavailable
from storage.sqlite import BUSY_MS, SQLiteSession
from storage.tx import Tx
from tests.support import notes

pytestmark = pytest.mark.only("sqlite")

AT_ONCE = BUSY_MS / 2_000
"""Seconds: half of what whoever waits would have waited, and far more than asking takes."""

ENOUGH = 40.0


class Holder:
    """Somebody else who writes, and is not done before the release."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(
            "INSERT INTO notes (id, text, loud, colour) VALUES (1, 'one', 0, 1)"
        )

    def release(self) -> None:
        """Store what was written, and leave."""
        self._connection.execute("COMMIT")
        self.leave()

    def leave(self) -> None:
        """Forget what was not stored. A second time it changes nothing."""
        self._connection.close()


@pytest.fixture
def holder(notes_url: str) -> Iterator[Holder]:
    holding = Holder(notes_url)
    yield holding
    holding.leave()


@contextmanager
def session_to(path: str, *, writable: bool = True, waits: bool) -> Iterator[SQLiteSession]:
    session = SQLiteSession(Path(path), writable=writable, waits=waits)
    try:
        yield session
    finally:
        session.close()


def count(session: SQLiteSession) -> int:
    """A unit that reads; it begins as a writer if the session is one."""
    session.begin()
    try:
        ((found,),) = session.first("SELECT count(*) FROM notes", ())
    finally:
        session.rollback()
    return int(found)


def test_who_does_not_wait_is_refused_at_once(notes_url: str, holder: Holder) -> None:
    with session_to(notes_url, waits=False) as session:
        took: list[float] = []
        for _ in range(4):
            before = time.monotonic()
            with pytest.raises(Unavailable) as refused:
                count(session)
            took.append(time.monotonic() - before)
            assert refused.value.code == "SQLITE_BUSY"
            assert refused.value.connected
        assert min(took) < AT_ONCE  # a busy machine holds up one, but not all
        holder.release()
        assert count(session) == 1


def test_who_waits_goes_on_when_the_file_is_free(notes_url: str, holder: Holder) -> None:
    with session_to(notes_url, waits=True) as session:
        begins, found = threading.Event(), list[int]()

        def ask() -> None:
            begins.set()
            found.append(count(session))

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            assert begins.wait(ENOUGH)
            asking.join(0.1)
            assert asking.is_alive(), "it waits"
        finally:
            holder.release()
            asking.join(ENOUGH)
        assert found == [1]


@pytest.mark.parametrize("waits", [False, True])
def test_a_writer_holds_up_no_reader(notes_url: str, holder: Holder, waits: bool) -> None:
    """Readers are locked out while a log is mended alone; that they wait then, or not, is set."""
    with session_to(notes_url, writable=False, waits=waits) as session:
        assert count(session) == 0
        holder.release()
        assert count(session) == 1
        for _ in range(2):
            assert session.first("PRAGMA busy_timeout", ()) == [(BUSY_MS if waits else 0,)]
            session.reopen()


@pytest.fixture
async def opened(notes_url: str) -> AsyncIterator[Database]:
    db = await Database.open(notes_url)
    yield db
    await db.close()


@pytest.mark.parametrize("locked", [False, True])
async def test_a_glance_that_finds_the_file_locked_is_left_to_the_lane(
    opened: Database, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    def refuses() -> NoReturn:
        raise Unavailable("SQLITE_BUSY")

    def look(tx: Tx) -> tuple[int, list[int]]:
        return threading.get_ident(), notes.ids(tx)

    assert opened._glancing is not None
    if locked:
        monkeypatch.setattr(opened._glancing, "begin", refuses)
    await opened.write(notes.add, 1)
    thread, found = await asyncio.wait_for(opened.glance(look), ENOUGH)
    assert found == [1]
    assert (thread == threading.get_ident()) is not locked


@pytest.mark.parametrize("waits", [True, False])
def test_after_a_pause_a_session_waits_as_it_did_before(notes_url: str, waits: bool) -> None:
    with session_to(notes_url, waits=waits) as session:
        session.idle()
        ((found,),) = session.first("PRAGMA busy_timeout", ())
    assert found == (BUSY_MS if waits else 0)
