"""Homes that are built while posts come in: nothing is missing, on either database."""

import asyncio

import pytest

from tests.support.nodes import Json, Nodes, Person
from tests.together.stories import settled


async def come_back(person: Person, after: float) -> None:
    """Read a home for the first time, a moment later."""
    await asyncio.sleep(after)
    await person.home()


async def write(person: Person, words: str) -> list[Json]:
    """A few posts in a row."""
    return [await person.say(f"{words} {number}") for number in range(6)]


@pytest.mark.both
async def test_nothing_is_missing_from_homes_that_are_built_meanwhile(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await hq.person("ana")
    for turn in range(3):
        readers = [await hq.person(f"r{turn}x{number}") for number in range(6)]
        for reader in readers:
            await reader.post(f"/api/v1/accounts/{ana.id}/follow")
        coming = [come_back(reader, 0.005 * number) for number, reader in enumerate(readers)]
        writing = asyncio.create_task(write(ana, f"turn {turn}"))
        await asyncio.gather(*coming)
        made = await writing
        await settled(hq)
        expected = {status["uri"] for status in made}
        for reader in readers:
            assert expected <= {status["uri"] for status in await reader.home(limit=40)}
