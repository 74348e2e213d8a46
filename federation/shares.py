"""What one caller may take of us in a while, counted in memory: nobody's haste slows others down.

Each process counts for itself, and forgets when it ends: a guard against floods and runaway
senders, not a boundary of rights. Whoever is asked to come back loses nothing (design §5).
"""

import time
from collections.abc import Callable
from typing import Final

#: Callers that are remembered; beyond, those who took nothing lately are forgotten first.
MOST_CALLERS: Final = 10_000


class Shares:
    """A bucket per caller that fills at a steady rate: bursts pass, floods do not."""

    def __init__(
        self, *, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`burst`: how much may be taken at once. `clock`: seconds that never run back."""
        self._per_second: Final = per_second
        self._burst: Final = float(burst)
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> bool:
        """Take one; False, and nothing is taken, if the caller's share is used up."""
        left, now = self._filled(caller)
        if left < 1:
            return False
        self._remember(caller, left - 1, now)
        return True

    def has_any(self, caller: str) -> bool:
        """Whether something is left, without taking it."""
        return self._filled(caller)[0] >= 1

    def _filled(self, caller: str) -> tuple[float, float]:
        now = self._clock()
        left, at = self._left.get(caller, (self._burst, now))
        return min(self._burst, left + (now - at) * self._per_second), now

    def _remember(self, caller: str, left: float, now: float) -> None:
        self._left.pop(caller, None)  # the latest stand last
        if len(self._left) >= MOST_CALLERS:
            for old in list(self._left)[: MOST_CALLERS // 10]:
                del self._left[old]
        self._left[caller] = (left, now)
