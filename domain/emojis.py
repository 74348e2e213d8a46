"""Custom emoji: a word between colons in a text, and the picture that it stands for.

Texts keep the words; a list beside them says what each means. So a text is readable without its
pictures, and no picture is markup in it (security.md H06).
"""

import re
from collections.abc import Iterable
from typing import Final

import orjson
from msgspec import Struct

LONGEST_SHORTCODE: Final = 64
MOST_EMOJIS: Final = 64
"""Different emoji beside one text (D07); Mastodon's people rarely use five."""

# Mastodon has letters, digits and `_`; Misskey and Pleroma also `-`, `+` and `.`.
_SHORTCODE: Final = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.+-]{{0,{LONGEST_SHORTCODE - 1}}}")
_OWN: Final = re.compile(r"[A-Za-z0-9_]{2,40}")
IN_TEXT: Final = re.compile(
    rf":(?<![A-Za-z0-9_:]:)([A-Za-z0-9_][A-Za-z0-9_.+-]{{0,{LONGEST_SHORTCODE - 1}}}):"
    r"(?![A-Za-z0-9_:])"
)
"""A shortcode between its colons, with nothing before or after it that belongs to a word.

It begins with the colon: that is looked for ten times as fast as what may not stand before it.
"""


class Emoji(Struct, frozen=True):
    """What a shortcode (without its colons) stands for, and where the picture is."""

    shortcode: str
    url: str


def is_shortcode(name: str) -> bool:
    """Whether another server may call an emoji this, without colons."""
    return _SHORTCODE.fullmatch(name) is not None


def is_own_shortcode(name: str) -> bool:
    """Whether an emoji of this node may be called this: what Mastodon understands, too."""
    return _OWN.fullmatch(name) is not None


def used_in(*texts: str) -> list[str]:
    """The shortcodes that texts use, each once, in order; at most MOST_EMOJIS."""
    found: dict[str, None] = {}
    for text in texts:
        if ":" in text:
            found |= dict.fromkeys(IN_TEXT.findall(text))
    return list(found)[:MOST_EMOJIS]


def packed(emojis: Iterable[Emoji]) -> bytes:
    """As rows keep them: JSON `[[shortcode, address], …]`, or nothing."""
    pairs = [[one.shortcode, one.url] for one in emojis]
    return orjson.dumps(pairs) if pairs else b""


def unpacked(kept: bytes) -> tuple[Emoji, ...]:
    """The same read again."""
    return tuple(Emoji(*pair) for pair in orjson.loads(kept)) if kept else ()
