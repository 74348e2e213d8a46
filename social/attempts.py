"""How often somebody may knock: kept in the database, so that a restart or a second process
does not begin anew (security.md A13, A20). Subjects are hashed: the table names nobody.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from domain.errors import TooMany
from domain.rates import DEFAULTS, Rate
from storage.queries import accounts
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Pace:
    """`burst` attempts at once, then one every `seconds`."""

    burst: int
    seconds: int


def pace_of(rate: Rate) -> Pace:
    """The pace that a rate comes to: all of it at once, then evenly."""
    return Pace(rate.most, max(1, rate.seconds // rate.most))


LOGIN: Final = Pace(10, 60)
ADDRESS: Final = Pace(30, 10)
APPS: Final = pace_of(DEFAULTS["apps"])
LINKS: Final = Pace(20, 30)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that is counted: what for, for whom, and how often it may be."""

    purpose: str
    whom: str
    pace: Pace

    @property
    def subject(self) -> str:
        """The row's name."""
        digest = hashlib.sha256(f"{self.purpose}\0{self.whom}".encode()).hexdigest()
        return f"{self.purpose}:{digest[:32]}"


def take(tx: Tx, wanted: Iterable[Attempt]) -> None:
    """Count attempts, in a unit of its own: a failure later must not give them back.

    Raises:
        TooMany: one of them is one too many; it says when to come back.
    """
    for attempt in sorted(wanted, key=lambda item: item.subject):
        pace = attempt.pace
        wait = accounts.take_attempt(
            tx, attempt.subject, burst=pace.burst, step=pace.seconds * 1000
        )
        if wait:
            raise TooMany("Too many attempts. Please wait a little.", -(-wait // 1000))


def forget(tx: Tx, attempt: Attempt) -> None:
    """Start anew after a success."""
    accounts.forget_attempts(tx, attempt.subject)
