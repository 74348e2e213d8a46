"""Whole nodes for one test."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.support.databases import SHARED
from tests.support.nodes import Nodes
from tests.together.plain_club import PlainClub, plain_club


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the nodes of a test keep their data: beside the databases, in memory if possible."""
    made = Path(tempfile.mkdtemp(prefix="nodes-", dir=os.environ[SHARED]))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
async def nodes(new_database_url: Callable[[], str], folder: Path) -> AsyncIterator[Nodes]:
    """Starts nodes of this test's kind of database, and ends them with the test."""
    async with Nodes(new_database_url, folder) as started:
        yield started


@pytest.fixture
async def club(nodes: Nodes) -> AsyncIterator[PlainClub]:
    """A community with members on plain servers."""
    async with plain_club(nodes) as made:
        yield made
