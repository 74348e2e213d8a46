"""Glances: units that read next to nothing, run where they are asked for."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Integer, column, func, literal, select

from storage import database as module
from storage.database import Database
from storage.errors import Closed, Misuse, TooSlow
from storage.tx import Tx
from tests.storage.conftest import in_time
from tests.support import notes
from tests.support.notes import add

pytestmark = pytest.mark.both


def _steps(count: int) -> Any:
    """A statement that counts so far, step by step."""
    steps = select(literal(1, Integer).label("n")).cte("steps", recursive=True)
    steps = steps.union_all(select(steps.c.n + 1).where(steps.c.n < count))
    return select(func.max(column("n", Integer))).select_from(steps)


LONG, ENDLESS = _steps(400_000), _steps(10**9)


@pytest.fixture
async def opened(notes_url: str) -> AsyncIterator[Database]:
    db = await Database.open(notes_url)
    yield db
    await db.close()


def thread(_: Tx) -> int:
    return threading.get_ident()


async def test_a_glance_sees_what_was_stored_a_moment_ago(opened: Database) -> None:
    for number in range(1, 4):
        await opened.write(add, number)
        assert await opened.glance(notes.ids) == list(range(1, number + 1))


async def test_it_runs_on_the_loop_where_that_is_cheaper(
    opened: Database, database_kind: str
) -> None:
    here = await opened.glance(thread) == threading.get_ident()
    assert here is (database_kind == "sqlite")


async def test_what_takes_longer_is_run_by_the_lane(
    notes_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_LIMIT", 60.0)  # a slow machine counts for more than a second
    db = await Database.open(notes_url)
    places: list[int] = []

    def long(tx: Tx) -> int | None:
        places.append(threading.get_ident())
        found: int | None = tx.scalar(LONG)
        return found

    try:
        assert await db.glance(long) == 400_000
    finally:
        await db.close()
    assert places[-1] != threading.get_ident()


async def test_what_never_ends_is_stopped(notes_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_LIMIT", 0.1)
    db = await Database.open(notes_url)
    try:
        async with asyncio.timeout(30):
            with pytest.raises(TooSlow):
                await db.glance(lambda tx: tx.scalar(ENDLESS))
        assert await in_time(lambda: db.glance(notes.ids)) == []
    finally:
        await db.close()


async def test_a_glance_changes_nothing(opened: Database) -> None:
    with pytest.raises(Misuse):
        await opened.glance(add, 1)
    assert await opened.glance(notes.ids) == []


async def test_what_it_raises_reaches_who_asked(opened: Database) -> None:
    def fails(_: Tx) -> None:
        raise LookupError("nothing")

    with pytest.raises(LookupError, match="nothing"):
        await opened.glance(fails)
    assert await opened.glance(notes.ids) == []


async def test_inside_a_unit_it_is_refused(opened: Database) -> None:
    def nested(_: Tx) -> None:
        opened.glance(notes.ids).send(None)

    with pytest.raises(Misuse):
        await opened.read(nested)


async def test_a_writer_elsewhere_holds_up_no_glance(notes_url: str) -> None:
    db, beside = await Database.open(notes_url), await Database.open(notes_url)
    told, go_on = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> None:
        add(tx, 1)
        told.set()
        go_on.wait(30)

    try:
        writing = asyncio.create_task(beside.write(slowly))
        await asyncio.to_thread(told.wait, 10)
        async with asyncio.timeout(30):
            assert await db.glance(notes.ids) == []
        go_on.set()
        await writing
        assert await db.glance(notes.ids) == [1]
    finally:
        go_on.set()
        await db.close()
        await beside.close()


async def test_when_it_is_closed_it_says_so(notes_url: str) -> None:
    db = await Database.open(notes_url)
    await db.close()
    with pytest.raises(Closed):
        await db.glance(notes.ids)
