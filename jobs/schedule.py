"""Things that happen again and again: each tick is a job, made ahead of time."""

from collections.abc import Sequence
from typing import NamedTuple

from jobs.queue import enqueue
from storage.tx import Tx


class Every(NamedTuple):
    """Run the jobs of `kind` at every whole multiple of `every_ms` since 1970.

    Ticks that were missed while no worker ran are not made up for: the next one does the work.
    """

    kind: str
    every_ms: int


def plan_ticks(tx: Tx, schedule: Sequence[Every]) -> None:
    """Store the next tick of each schedule, unless it waits already. Cheap; call it often."""
    for every in schedule:
        due = (tx.now // every.every_ms + 1) * every.every_ms
        enqueue(tx, every.kind, {"due": due}, run_at=due, unique=f"tick:{every.kind}")
