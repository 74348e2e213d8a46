"""A node that limits how much it is asked, and how it fares while somebody asks too much."""

import asyncio
import resource

import pytest

from tests.support.nodes import Nodes, RunningNode


@pytest.fixture
async def hq(nodes: Nodes) -> RunningNode:
    return await nodes.start("hq", rate_limits="on")


async def is_well(node: RunningNode) -> bool:
    """Whether somebody else is served at this moment."""
    async with asyncio.timeout(40):
        return (await node.ask("GET", "/nodeinfo/2.0")).status == 200


def memory_mb() -> float:
    """The most that this process, with its node, ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
