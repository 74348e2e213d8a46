"""Bounds on processor time that hold on slow and busy machines too."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from time import thread_time

#: A machine that others share is for a while two or three times as slow, at one kind of work more
#: than at another. What is looked for, a loop in a loop, takes ten times as long.
_LEEWAY = 3


def is_quick(task: Callable[[], object], *, seconds: float, runs: int = 5) -> bool:
    """Whether the best of some runs takes about so many processor seconds of a common machine.

    Neither what other threads do is counted nor the collector, who walks over all that a whole
    run of tests holds and may take half a second wherever it comes.
    """
    with _no_collector():
        return any(_took(task) < seconds * _LEEWAY * _slowness() for _ in range(runs))


def _took(task: Callable[[], object]) -> float:
    before = thread_time()
    task()
    return thread_time() - before


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@cache
def _slowness() -> float:
    """How many times slower than common this machine runs a plain loop; never below one."""
    return max(1.0, min(_took(_plain_loop) for _ in range(5)) / 0.012)


def _plain_loop() -> int:
    total = 0
    for number in range(200_000):
        total += number & 3
    return total
