"""What the operator of a node tells everybody: which texts there are, and how long they may be."""

from enum import IntEnum
from typing import Final

MOST_RULES: Final = 50
LONGEST_RULE: Final = 300
LONGEST_HINT: Final = 500
"""Characters of a rule, and of what explains it."""

MOST_ANNOUNCEMENTS: Final = 50
"""Announcements that are up at once: apps show them all."""

LONGEST_ANNOUNCEMENT: Final = 5_000
LONGEST_TEXT: Final = 100_000
"""Characters of a longer text, such as a policy."""

MOST_REACTIONS: Final = 8
"""Different emoji with which people react to one announcement (as in Mastodon)."""


class House(IntEnum):
    """The longer texts of a node."""

    ABOUT = 1
    PRIVACY = 2
    TERMS = 3
