"""Polls: what somebody may ask, and when a poll is over. Limits are Mastodon's, or wider."""

from typing import Final

from msgspec import Struct

from domain.errors import Invalid
from domain.html import clean_inline

FEWEST_OPTIONS: Final = 2
MOST_OPTIONS: Final = 12
LONGEST_OPTION: Final = 100
SHORTEST_S: Final = 300
LONGEST_S: Final = 2_629_746
"""Seconds that a poll lasts: five minutes to a month."""

_OPTIONS: Final = "poll[options]"
_EXPIRES: Final = "poll[expires_in]"


class NewPoll(Struct, frozen=True):
    """A poll that somebody wants to make, or to have instead of an earlier one.

    `lasts_s`: seconds from now. `hides_totals`: nobody sees figures before it has ended.
    """

    options: tuple[str, ...]
    lasts_s: int
    multiple: bool = False
    hides_totals: bool = False


def checked(wish: NewPoll) -> NewPoll:
    """The poll with its answers as they will be shown. Raises Invalid for one that cannot be."""
    options = tuple(clean_inline(one, limit=4 * LONGEST_OPTION) for one in wish.options)
    options = tuple(one for one in options if one)
    if len(options) < FEWEST_OPTIONS:
        raise Invalid("A poll needs at least two answers to choose from", _OPTIONS)
    if len(options) > MOST_OPTIONS:
        raise Invalid(f"A poll has at most {MOST_OPTIONS} answers", _OPTIONS)
    if any(len(one) > LONGEST_OPTION for one in options):
        raise Invalid(f"Each answer has at most {LONGEST_OPTION} characters", _OPTIONS)
    if len(set(options)) < len(options):
        raise Invalid("Two answers of the poll say the same", _OPTIONS)
    if wish.lasts_s < SHORTEST_S:
        raise Invalid("A poll lasts at least five minutes", _EXPIRES)
    if wish.lasts_s > LONGEST_S:
        raise Invalid("A poll lasts at most a month", _EXPIRES)
    return NewPoll(options, wish.lasts_s, wish.multiple, wish.hides_totals)


def has_ended(ends_at: int | None, closed_at: int | None, now: int) -> bool:
    """Whether nobody votes any more. Times in ms UTC; without an end a poll goes on."""
    return closed_at is not None or (ends_at is not None and ends_at <= now)
