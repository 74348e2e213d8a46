"""When a post may appear that somebody writes for later. Limits are Mastodon's."""

from datetime import UTC, datetime
from typing import Final

from domain.errors import Invalid

SOONEST_MS: Final = 5 * 60_000
LATEST_MS: Final = 2 * 366 * 24 * 3_600_000
"""A post is written for at least five minutes and at most two years ahead."""

MOST: Final = 300
MOST_A_DAY: Final = 25
"""Posts that wait, of one person: in all, and for one day (UTC)."""

DAY_MS: Final = 24 * 3_600_000
_FIELD: Final = "scheduled_at"


def moment(text: str) -> int:
    """A date and time (ISO 8601) in ms; without a zone it is UTC. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text.strip())
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return int(found.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Invalid(
            "scheduled_at is a date and time, such as 2030-01-31T09:00:00Z", _FIELD
        ) from None


def checked(due_at: int, now: int) -> int:
    """The moment, if a post may wait for it. Raises Invalid."""
    if due_at < now + SOONEST_MS:
        raise Invalid("Validation failed: Scheduled at must be at least five minutes ahead", _FIELD)
    if due_at > now + LATEST_MS:
        raise Invalid("Validation failed: Scheduled at must be within the next two years", _FIELD)
    return due_at


def check_room(waiting: int, that_day: int) -> None:
    """Raise Invalid if somebody has as many posts waiting as they may.

    `that_day`: those for the day of the new one.
    """
    if waiting >= MOST:
        raise Invalid(f"You have {MOST} scheduled posts. Delete one, or wait for the next.", _FIELD)
    if that_day >= MOST_A_DAY:
        raise Invalid(f"You have {MOST_A_DAY} posts for that day. Choose another day.", _FIELD)
