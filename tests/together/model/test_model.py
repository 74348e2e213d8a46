"""Runs the machine: within a minute here; `make worlds N=…` gives it N examples and their time.

`TERTULIA_WORLDS_SEED` does a run again; the seed of every run is printed.
"""

import asyncio
import os
import secrets
import time

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.nodes import Nodes
from tests.together.model.machine import Machine
from tests.together.model.nodes import Places

EXAMPLES = int(os.environ.get("TERTULIA_WORLDS", "0"))
SECONDS = 30.0 if not EXAMPLES else EXAMPLES * 60.0
SEED = int(os.environ.get("TERTULIA_WORLDS_SEED", "0")) or secrets.randbelow(1 << 32)


@pytest.mark.timeout(SECONDS + 120)
async def test_everybody_sees_what_the_model_says(nodes: Nodes) -> None:
    print(f"TERTULIA_WORLDS_SEED={SEED}")
    Machine.places = await Places.started(nodes)
    Machine.loop = asyncio.get_running_loop()
    Machine.ends_at = time.monotonic() + SECONDS
    Machine.done.clear()
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
