"""One node for a test of the edge, and the people that most tests need."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from domain.kinds import Role
from tests.support.nodes import Person, RunningNode, running_node


@pytest.fixture
async def node(new_database_url: Callable[[], str], tmp_path: Path) -> AsyncIterator[RunningNode]:
    """A node that serves; what apps call public is for its network."""
    url = new_database_url()
    beside = tmp_path if url.startswith("postgresql") else Path(url).parent
    async with running_node(url, beside / "hq", public_means="network") as running:
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
