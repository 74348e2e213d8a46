"""Answers of the database kept for a moment: never longer than two seconds (design §5).

The command line is a second process, so whatever the server decides on is asked again that soon.
"""

import time
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

#: Seconds.
FRESH: Final = 2.0


class Recent(Generic[K, V]):
    """A bounded memory of answers that forgets each after FRESH seconds."""

    __slots__ = ("_entries", "_most")

    def __init__(self, most: int = 4_096) -> None:
        self._most = most
        self._entries: dict[K, tuple[V, float]] = {}

    def get(self, key: K) -> V | None:
        """The answer, if it was given less than FRESH seconds ago."""
        entry = self._entries.get(key)
        return entry[0] if entry is not None and time.monotonic() - entry[1] < FRESH else None

    def put(self, key: K, answer: V) -> V:
        """Keep an answer; gives it back."""
        if len(self._entries) >= self._most:
            self._entries.clear()
        self._entries[key] = (answer, time.monotonic())
        return answer

    def forget(self, key: K) -> None:
        """Drop an answer that is known to be old."""
        self._entries.pop(key, None)
