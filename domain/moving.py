"""Moving from one account to another: who may, and how often."""

from typing import Final

from domain.kinds import ActorType

COOLDOWN_MS: Final = 7 * 24 * 3600 * 1000
"""An account moves once in so many milliseconds, as Mastodon and GoToSocial have it."""

MOST_ALIASES: Final = 10
"""Accounts elsewhere that somebody here may name as their own."""

_MOVING: Final = frozenset({ActorType.PERSON, ActorType.SERVICE, ActorType.ORGANIZATION})


def may_move(old: ActorType, new: ActorType) -> bool:
    """Whether an account of the one kind can move to one of the other.

    Communities cannot: their members would have to be asked. A server's own actor is its server.
    """
    return {old, new} <= _MOVING


def is_cooled(last_at: int | None, now: int) -> bool:
    """Whether the last move, if there was one, is long enough ago. Times are ms."""
    return last_at is None or now - last_at >= COOLDOWN_MS
