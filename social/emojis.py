"""The node's own custom emoji: kept by its admins, written by everybody as `:shortcode:`.

A text keeps the address that a shortcode had when it was written: other servers have it, too.
"""

from hashlib import sha256
from typing import Final

from domain.emojis import Emoji, is_own_shortcode, packed, used_in
from domain.errors import Invalid, NotFound
from domain.html import clean_inline
from domain.node import Node
from storage.queries import emojis
from storage.queries.emojis import EmojiRow
from storage.tx import Tx

MOST: Final = 2_000
"""Custom emoji of one node: apps fetch the whole list."""

LARGEST: Final = 256 << 10
"""Bytes of an emoji's picture after it was drawn anew."""

LONGEST_CATEGORY: Final = 40


def add(tx: Tx, *, shortcode: str, picture: bytes, category: str = "") -> None:
    """Keep an emoji, in place of one of the same name.

    `picture` comes from `domain.emoji_pictures`. Raises Invalid: the name cannot be, the picture
    is too large, or there are too many.
    """
    if not is_own_shortcode(shortcode):
        raise Invalid("The name of an emoji has 2 to 40 letters a-z, digits and underscores")
    if len(picture) > LARGEST:
        raise Invalid("This picture is too large for an emoji")
    if emojis.how_many(tx) >= MOST and not emojis.named(tx, [shortcode]):
        raise Invalid(f"A node has at most {MOST} emoji")
    emojis.put(
        tx,
        shortcode=shortcode,
        picture=picture,
        digest=sha256(picture).hexdigest(),
        category=clean_inline(category, limit=LONGEST_CATEGORY),
    )


def remove(tx: Tx, *, shortcode: str) -> None:
    """Forget an emoji: texts that use it show the word again. Raises NotFound."""
    if not emojis.drop(tx, shortcode):
        raise NotFound


def of_row(node: Node, row: EmojiRow) -> Emoji:
    """One of this node's emoji with its address."""
    return Emoji(row.shortcode, node.emoji(row.shortcode, row.digest))


def meant(tx: Tx, node: Node, *texts: str) -> bytes:
    """Which of this node's emoji texts use, as rows keep them; asks only if a text looks so."""
    used = used_in(*texts)
    if not used:
        return b""
    return packed(of_row(node, row) for row in emojis.named(tx, used))
