"""One node for a test of the edge, and the people that most tests need."""

from collections.abc import AsyncIterator, Callable

import pytest

from domain.kinds import Role
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.web.visitor import Visitor, Visitors, browsing, new_session


@pytest.fixture
async def node(new_database_url: Callable[[], str]) -> AsyncIterator[RunningNode]:
    """A node that serves; what apps call public is for its network."""
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq", public_means="network") as running:
        yield running


@pytest.fixture
async def ana(node: RunningNode) -> Person:
    """A full member."""
    return await node.person("ana")


@pytest.fixture
async def bo(node: RunningNode) -> Person:
    """Another full member."""
    return await node.person("bo")


@pytest.fixture
async def gina(node: RunningNode) -> Person:
    """A guest."""
    return await node.person("gina", Role.GUEST)


@pytest.fixture
async def visitors(node: RunningNode) -> AsyncIterator[Visitors]:
    """Opens as many browsers as a test wants."""
    async with new_session() as session:
        yield Visitors(node, session)


@pytest.fixture
async def stranger(node: RunningNode) -> AsyncIterator[Visitor]:
    """A browser in which nobody is signed in."""
    async with browsing(node) as browser:
        yield browser


@pytest.fixture
async def at_ana(node: RunningNode, ana: Person) -> AsyncIterator[Visitor]:
    """Ana's browser."""
    async with browsing(node, ana) as browser:
        yield browser
