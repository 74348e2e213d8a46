"""Delays wherever a busy machine has them: what depends on how fast a run is shows in a few runs.

`make delays` puts this folder before all others that Python looks in, so that it is read as each
process of a run begins, the nodes that tests start included. Units of work begin and are answered
late, hints between processes come late, and the event loop stands still now and then. Nothing else
is different: a test that fails here fails on a slow machine too, some day.
"""

import asyncio.base_events
import random
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from os import environ
from types import ModuleType
from typing import Any, Final

SHARE: Final = float(environ.get("DELAYS", "0.1"))
"""Of so many units, beginning and answer are late. No setting of ours: a node refuses those it does
not know."""
_LATE: Final = 0.12  # seconds, at most
_VERY_LATE: Final = 0.6  # of one answer in ten that are late
_STILL: Final = 0.3  # seconds, at most, that a loop stands still
_APART: Final = 1.5  # seconds, at most, from one time to the next

_dice = random.Random()


def _perhaps(share: float, most: float) -> None:
    if _dice.random() < share:
        time.sleep(_dice.random() * most)


def _delay_units(lanes: ModuleType) -> None:
    run, answer = lanes.Lane._run_safely, lanes.Lane._answer

    def run_late(self: Any, session: Any, group: Any) -> None:
        _perhaps(SHARE, _LATE)
        run(self, session, group)

    def answer_late(self: Any, group: Any) -> None:
        _perhaps(SHARE, _LATE)
        _perhaps(SHARE / 10, _VERY_LATE)
        answer(self, group)

    lanes.Lane._run_safely, lanes.Lane._answer = run_late, answer_late


def _delay_hints(notices: ModuleType) -> None:
    flush = notices.PostgreSQLBus._flush

    async def flush_late(self: Any, connection: Any) -> None:
        if _dice.random() < SHARE:
            await asyncio.sleep(_dice.random() * _STILL)
        await flush(self, connection)

    notices.PostgreSQLBus._flush = flush_late


def _stop_loops() -> None:
    once = asyncio.base_events.BaseEventLoop._run_once  # type: ignore[attr-defined]
    again_at = time.monotonic() + _APART

    def once_late(self: Any) -> None:
        nonlocal again_at
        if time.monotonic() > again_at:
            time.sleep(_dice.random() ** 2 * _STILL)
            again_at = time.monotonic() + _dice.random() * _APART
        once(self)

    asyncio.base_events.BaseEventLoop._run_once = once_late  # type: ignore[attr-defined]


class _Delaying(MetaPathFinder):
    """Finds modules as ever, and delays what they do once they are loaded."""

    _WHERE: Final = {"storage.lanes": _delay_units, "storage.notices": _delay_hints}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        delay = self._WHERE.get(fullname)
        spec = None if delay is None else PathFinder.find_spec(fullname, path, target)
        if delay is None or spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_delayed(module: ModuleType) -> None:
            load(module)
            delay(module)

        spec.loader.exec_module = load_delayed  # type: ignore[method-assign]
        return spec


_stop_loops()
sys.meta_path.insert(0, _Delaying())
