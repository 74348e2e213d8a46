"""Passwords: argon2id in threads, and the same time for a name that nobody has.

Parameters are the OWASP minimum (19 MiB, t=2, p=1): about 20 ms on one core. Only a few at once,
or a crowd at the door would take every core from the people inside.
"""

import asyncio
import os
from dataclasses import dataclass
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import Invalid

SHORTEST: Final = 8
LONGEST: Final = 256
"""In characters. An upper bound keeps a megabyte of password from being hashed."""

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_TOO_COMMON: Final = frozenset(
    """
    password password1 passw0rd 12345678 123456789 1234567890 87654321 11111111 00000000 qwertyui
    qwertyuiop qwerty123 1q2w3e4r iloveyou sunshine princess football baseball letmein1 welcome1
    abcdefgh abc12345 asdfghjk changeme trustno1 admin123 administrator tertulia
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password fits; `rehashed` is its hash under today's parameters, if they changed."""

    fits: bool
    rehashed: str | None = None


def check(password: str, *others: str) -> str:
    """`password` as somebody may choose it; `others` are words that it must not be.

    Raises:
        Invalid: too short, too long, or the first thing that anybody would try.
    """
    if len(password) < SHORTEST:
        raise Invalid(f"A password needs at least {SHORTEST} characters", "password")
    if len(password) > LONGEST:
        raise Invalid(f"A password has at most {LONGEST} characters", "password")
    folded = password.lower()
    if folded in _TOO_COMMON or folded in {word.lower() for word in others}:
        raise Invalid("This password is too easy to guess", "password")
    if len(set(password)) < 3:
        raise Invalid("This password is too easy to guess", "password")
    return password


class Passwords:
    """Hashes and verifies without holding up the event loop."""

    def __init__(self, at_once: int | None = None) -> None:
        self._room = asyncio.Semaphore(at_once or max(1, (os.cpu_count() or 2) // 2))

    async def hash(self, password: str) -> str:
        """An argon2id hash for storage."""
        async with self._room:
            return await asyncio.to_thread(hash_now, password)

    async def verify(self, stored: str | None, password: str) -> Verdict:
        """Whether `password` belongs to the `stored` hash.

        Without one (nobody has that name, or signs in with a password) the same work is done
        against a hash that fits nothing, so that the answer takes as long (A12).
        """
        async with self._room:
            return await asyncio.to_thread(verify_now, stored, password)


def hash_now(password: str) -> str:
    """As `Passwords.hash`, in this thread."""
    return _HASHER.hash(password)


def verify_now(stored: str | None, password: str) -> Verdict:
    """As `Passwords.verify`, in this thread."""
    usable = bool(stored) and len(password) <= LONGEST
    try:
        _HASHER.verify(stored if stored and usable else _nobodys(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return Verdict(fits=False)
    if not usable or stored is None:
        return Verdict(fits=False)
    return Verdict(
        fits=True, rehashed=hash_now(password) if _HASHER.check_needs_rehash(stored) else None
    )


@cache
def _nobodys() -> str:
    """The hash of a password that was thrown away."""
    return hash_now(os.urandom(24).hex())
