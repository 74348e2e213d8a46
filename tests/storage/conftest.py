"""A database with the table of notes in it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from storage.connect import open_session
from storage.database import Database, rolled_back
from storage.errors import TooSlow
from storage.tx import Tx
from tests.support import notes

T = TypeVar("T")


@pytest.fixture
def notes_url(database_url: str) -> Iterator[str]:
    notes.create(database_url)
    yield database_url
    notes.drop(database_url)


@pytest.fixture
async def db(notes_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(notes_url)
    yield opened
    await opened.close(timeout=5)


@pytest.fixture
def notes_tx(notes_url: str) -> Iterator[Tx]:
    session = open_session(notes_url, writable=True)
    with rolled_back(session) as opened:
        yield opened
    session.close()


async def in_time(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until it is answered within a limit that a test made short; a machine may be busy."""
    async with asyncio.timeout(40):
        while True:
            try:
                return await ask()
            except TooSlow:
                await asyncio.sleep(0.05)
