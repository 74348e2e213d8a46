"""A node with somebody on it, a server with somebody who follows, and the inbox tests' fixtures."""

from collections.abc import AsyncIterator

import pytest

from tests.gotchas.talk import Talk, talking
from tests.inbox.conftest import alice, ana, b, body, e, here, mallory, x
from tests.support.nodes import Nodes
from tests.together.conftest import folder, nodes

__all__ = ["alice", "ana", "b", "body", "e", "folder", "here", "mallory", "nodes", "x"]


@pytest.fixture
async def talk(nodes: Nodes) -> AsyncIterator[Talk]:
    """Liv on our node, and Zoe on a foreign server, who follows her."""
    async with talking(nodes) as made:
        yield made
