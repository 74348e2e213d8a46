"""Bounds on processor time that hold on slow and busy machines too."""

from collections.abc import Callable
from functools import cache
from time import thread_time


def quickest(task: Callable[[], object], enough: float, runs: int = 5) -> float:
    """Processor seconds of the best of some runs, scaled to a machine of common speed.

    Stops at the first run below `enough`.
    """
    best = float("inf")
    for _ in range(runs):
        before = thread_time()
        task()
        best = min(best, (thread_time() - before) / _slowness())
        if best < enough:
            break
    return best


@cache
def _slowness() -> float:
    """How many times slower than common this machine runs a plain loop; never below one."""
    taken = []
    for _ in range(5):
        before = thread_time()
        total = 0
        for number in range(200_000):
            total += number & 3
        taken.append(thread_time() - before)
    return max(1.0, min(taken) / 0.012)
