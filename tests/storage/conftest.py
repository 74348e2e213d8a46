"""A database with the table of notes in it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from storage.connect import open_session
from storage.database import Database, rolled_back
from storage.tx import Tx
from tests.support import notes


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
