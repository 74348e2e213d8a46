"""Runs the machine: within a minute here; `make worlds N=…` gives it N examples and their time.

`TERTULIA_WORLDS_SEED` does a run again; the seed of every run is printed.
"""

import asyncio
import math
import os
import time

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support import chance
from tests.support.nodes import Nodes
from tests.together.model.machine import Machine
from tests.together.model.nodes import Places

EXAMPLES = int(os.environ.get("TERTULIA_WORLDS", "0"))
SECONDS = 30.0 if not EXAMPLES else EXAMPLES * 60.0
SEED = chance.seed("TERTULIA_WORLDS_SEED")


async def _ready(nodes: Nodes, seconds: float) -> None:
    Machine.places = await Places.started(nodes)
    Machine.loop = asyncio.get_running_loop()
    Machine.ends_at = time.monotonic() + seconds
    Machine.done.clear()


async def test_what_waits_for_its_community_is_not_liked_and_then_is(nodes: Nodes) -> None:
    """A run that chance seldom finds: it showed a gap of the model itself."""
    await _ready(nodes, math.inf)  # every step counts, however long it takes

    def run() -> None:
        machine = Machine()
        machine.found()
        machine.silence("firm")
        machine.say("cy")
        newest = len(machine.expected.words) - 1
        machine.like("cy", newest)
        machine.answer("cy", newest)
        machine.like("cy", newest - 1)
        machine.hear()
        for who in ("cy", "bo", "ana"):
            machine.like(who, newest)

    await asyncio.to_thread(run)
    assert Machine.done["wait"] == 1
    assert Machine.done["like"] == 4


@pytest.mark.timeout(SECONDS + 120)
async def test_everybody_sees_what_the_model_says(nodes: Nodes) -> None:
    print(f"TERTULIA_WORLDS_SEED={SEED}")
    await _ready(nodes, SECONDS)
    run = settings(
        max_examples=EXAMPLES or 100,
        stateful_step_count=30,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    await asyncio.to_thread(run_state_machine_as_test, seed(SEED)(Machine), settings=run)
    print(Machine.done)
    assert Machine.done["found"]
