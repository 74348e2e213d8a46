"""What a like is said with: nothing but a star, one emoji, or a server's own picture (FEP-c0e0).

A reaction is a like that keeps its emoji: each person has one for each post, and it counts once.
"""

import re
from collections.abc import Iterable
from typing import Final

import orjson
from msgspec import Struct

LONGEST_EMOJI: Final = 32
"""Characters of one emoji: the longest that are drawn as one (a family, a flag) have fourteen."""

MOST_SHOWN: Final = 20
"""Different reactions that a post shows (D07)."""

OFFERED: Final = ("👍", "❤️", "🎉", "💡", "🤔", "🙏")
"""Reactions that our own pages offer."""

# What is drawn as a picture: Unicode's emoji and symbols, by their blocks.
_PICTURE: Final = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe"
    "\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_SKIN: Final = "[\U0001f3fb-\U0001f3ff]"
_TAGS: Final = "[\U000e0020-\U000e007e]{1,8}\U000e007f"
_ELEMENT: Final = f"{_PICTURE}\ufe0f?{_SKIN}?(?:{_TAGS})?"
_FLAG: Final = "[\U0001f1e6-\U0001f1ff]{2}"
_KEY: Final = "[0-9#*]\ufe0f?\u20e3"
_ONE: Final = re.compile(f"{_ELEMENT}(?:\u200d{_ELEMENT}){{0,7}}|{_FLAG}|{_KEY}")


class Reaction(Struct, frozen=True):
    """What a like was said with. `emoji`: one emoji, `:shortcode:`, or nothing: a plain like.

    `url`: the picture of a shortcode, on the server of whoever reacts.
    """

    emoji: str = ""
    url: str | None = None


PLAIN: Final = Reaction()


class Tally(Struct, frozen=True, array_like=True):
    """How many people react to a post with one emoji."""

    emoji: str
    url: str | None
    count: int


def is_one_emoji(text: str) -> bool:
    """Whether a text is exactly one emoji, as readers see it."""
    return len(text) <= LONGEST_EMOJI and _ONE.fullmatch(text) is not None


def packed(tallies: Iterable[Tally]) -> bytes:
    """As rows keep them, the most frequent first; nothing where nobody reacts with an emoji."""
    ordered = sorted(tallies, key=lambda one: (-one.count, one.emoji, one.url or ""))
    return (
        orjson.dumps([[t.emoji, t.url, t.count] for t in ordered[:MOST_SHOWN]]) if ordered else b""
    )


def unpacked(kept: bytes) -> tuple[Tally, ...]:
    """The same read again."""
    return tuple(Tally(*entry) for entry in orjson.loads(kept)) if kept else ()
