"""Identifiers that order by time and leak no traffic (protocol.md §2).

Posts, local accounts and everything a client compares get Mastodon's 64-bit layout, milliseconds
shifted by 16 with random low bits: clients turn dates into such ids to page by date, and nobody can
count a table from them. Notifications stay below 2**53 because clients read them as JSON numbers.
"""

import secrets
import threading
from array import array
from collections.abc import Callable
from typing import Final

HERE: Final = 1
"""The id of our own node in the table of origins."""

RANDOM_BITS: Final = 16
LARGEST: Final = 2**63 - 1

NOTIFICATION_BITS: Final = 12
NOTIFICATION_EPOCH_MS: Final = 1_577_836_800_000
"""2020-01-01T00:00Z: with it, notification ids stay below 2**53 until the year 2089."""


def snowflake(now_ms: int, random16: int) -> int:
    """The id of a thing made at `now_ms` (Unix milliseconds): `ms << 16 | random`."""
    if not 0 <= random16 < 1 << RANDOM_BITS:
        raise ValueError("random16 must have 16 bits")
    if not 0 <= now_ms <= LARGEST >> RANDOM_BITS:
        raise ValueError("time does not fit into an id")
    return now_ms << RANDOM_BITS | random16


def time_of(identifier: int) -> int:
    """The Unix milliseconds inside a snowflake."""
    return identifier >> RANDOM_BITS


def notification_id(now_ms: int, random12: int) -> int:
    """The id of a notification, a whole number below 2**53 that grows with time."""
    if not 0 <= random12 < 1 << NOTIFICATION_BITS:
        raise ValueError("random12 must have 12 bits")
    since_epoch = now_ms - NOTIFICATION_EPOCH_MS
    if not 0 <= since_epoch < 1 << (53 - NOTIFICATION_BITS):
        raise ValueError("time does not fit into a notification id")
    return since_epoch << NOTIFICATION_BITS | random12


def notification_time_of(identifier: int) -> int:
    """The Unix milliseconds inside a notification id."""
    return (identifier >> NOTIFICATION_BITS) + NOTIFICATION_EPOCH_MS


def random64() -> int:
    """A positive id without time in it, for remote accounts."""
    return secrets.randbelow(LARGEST) + 1


def token(nbytes: int = 32) -> str:
    """An unguessable name for a URL or a secret; 32 bytes are 43 characters of base64url."""
    return secrets.token_urlsafe(nbytes)


class _Noise:
    """Random bits from the system, fetched many at a time: each call of the system costs a switch
    of threads, and one activity takes a dozen ids.
    """

    __slots__ = ("_words",)

    def __init__(self) -> None:
        self._words: list[int] = []

    def bits(self, count: int) -> int:
        """`count` random bits, at most 16."""
        try:  # one step, so that no two threads get the same
            word = self._words.pop()
        except IndexError:
            words = array("H", secrets.token_bytes(4096)).tolist()
            word = words.pop()
            self._words = words
        return word >> (16 - count)


random_bits: Final = _Noise().bits
"""`count` random bits for the low end of an id, at most 16. Not for secrets: see `token`."""


class IdSource:
    """Makes ids that strictly grow within this process, from any thread.

    The clock may stand still or step back: then the last id plus a small random step is used, so
    ids may run a little ahead of the clock but never repeat. Two processes are kept apart by the
    random bits and by the primary key of the table.
    """

    __slots__ = ("_notifications", "_snowflakes")

    def __init__(self) -> None:
        self._snowflakes = _Growing(snowflake, RANDOM_BITS, step_bits=3)
        self._notifications = _Growing(notification_id, NOTIFICATION_BITS, step_bits=2)

    def new(self, now_ms: int) -> int:
        """A snowflake for `now_ms`, larger than every one before."""
        return self._snowflakes.new(now_ms)

    def many(self, now_ms: int, count: int) -> list[int]:
        """So many snowflakes for `now_ms`, each larger than every one before."""
        return self._snowflakes.many(now_ms, count)

    def new_notification(self, now_ms: int) -> int:
        """A notification id for `now_ms`, larger than every one before and below 2**53."""
        return self._notifications.new(now_ms)

    def many_notifications(self, now_ms: int, count: int) -> list[int]:
        """So many notification ids for `now_ms`, each larger than every one before."""
        return self._notifications.many(now_ms, count)


class _Growing:
    """Ids of one layout: time above, random bits below, and each larger than the last."""

    __slots__ = ("_bits", "_last", "_layout", "_lock", "_step_bits")

    def __init__(self, layout: Callable[[int, int], int], bits: int, *, step_bits: int) -> None:
        self._layout = layout
        self._bits = bits
        self._step_bits = step_bits
        self._lock = threading.Lock()
        self._last = 0

    def new(self, now_ms: int) -> int:
        wish = self._layout(now_ms, random_bits(self._bits))
        with self._lock:
            return self._beyond(wish)

    def many(self, now_ms: int, count: int) -> list[int]:
        least = self._layout(now_ms, 0)
        wishes = sorted([least | random_bits(self._bits) for _ in range(count)])
        with self._lock:
            return [self._beyond(wish) for wish in wishes]

    def _beyond(self, wish: int) -> int:
        """The id wished for, or one a small random step beyond the last if it would not grow."""
        last = self._last
        self._last = made = wish if wish > last else last + 1 + random_bits(self._step_bits)
        return made
