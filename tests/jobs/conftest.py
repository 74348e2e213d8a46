"""A database whose clock the test moves, with a table of notes for handlers to write to."""

from collections.abc import AsyncIterator, Iterator

import pytest

from storage.database import Database
from tests.support import notes

START = 1_800_000_000_000


class Clock:
    """Milliseconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now

    def forward(self, milliseconds: int) -> None:
        self.now += milliseconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def notes_url(database_url: str) -> Iterator[str]:
    notes.create(database_url)
    yield database_url
    notes.drop(database_url)


@pytest.fixture
async def db(notes_url: str, clock: Clock) -> AsyncIterator[Database]:
    opened = await Database.open(notes_url, clock=clock)
    yield opened
    await opened.close(timeout=5)
