"""Our node and the foreign servers around it: B is honest, E is hostile, X is blocked."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from federation.discovery import find_actor
from storage.database import Database
from storage.queries import timelines
from storage.views.actors import ActorView
from tests.inbox.giving import known
from tests.inbox.home import Home, home
from tests.support.factories import FAR
from tests.support.stranger import Person, Stranger, stranger


@pytest.fixture
async def here(database: Database, tmp_path: Path) -> AsyncIterator[Home]:
    """Our node, which talks to partners only."""
    async with home(database, tmp_path) as running:
        yield running


@pytest.fixture
async def b(here: Home) -> AsyncIterator[Stranger]:
    """An honest partner."""
    async with stranger("b") as server:
        await here.admit(server)
        yield server


@pytest.fixture
async def c(here: Home) -> AsyncIterator[Stranger]:
    """Another partner."""
    async with stranger("c") as server:
        await here.admit(server)
        yield server


@pytest.fixture
async def e(here: Home) -> AsyncIterator[Stranger]:
    """A hostile partner."""
    async with stranger("e") as server:
        await here.admit(server)
        yield server


@pytest.fixture
async def x(here: Home) -> AsyncIterator[Stranger]:
    """A server that nobody admitted."""
    async with stranger("x") as server:
        yield server


@pytest.fixture
async def alice(here: Home) -> ActorView:
    """A member here."""
    return await here.someone("alice")


@pytest.fixture
async def ana(here: Home, b: Stranger) -> Person:
    """Somebody on B, known here already, so that refusals have nothing new to store."""
    person = b.person("ana")
    await find_actor(here.fetcher, person.uri)
    return person


@pytest.fixture
async def mallory(here: Home, e: Stranger) -> Person:
    """Somebody on E, known here already."""
    person = e.person("mallory", key=1)
    await find_actor(here.fetcher, person.uri)
    return person


@pytest.fixture
async def writers(
    here: Home, b: Stranger, c: Stranger, e: Stranger, alice: ActorView
) -> list[Person]:
    """Two people on each of three servers, known here; Alice follows the first of each."""
    people = [server.person(name) for server in (b, c, e) for name in ("ana", "bo")]
    for number, person in enumerate(people):
        actor = await known(here, person)
        if number % 2 == 0:
            await here.follow(alice, actor)
    await here.db.write(timelines.set_fresh, alice.id, FAR)
    return people


@pytest.fixture
def body(b: Stranger, ana: Person, alice: ActorView) -> bytes:
    return orjson.dumps(b.activity(ana, "Follow", alice.uri))
