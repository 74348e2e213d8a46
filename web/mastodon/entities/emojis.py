"""Custom emoji as Mastodon's CustomEmoji: pictures elsewhere come through this node alone (H06)."""

from typing import NotRequired, TypedDict

from domain.emojis import unpacked
from domain.node import Node
from social.files import proxied
from storage.queries.emojis import EmojiRow
from web.mastodon.entities.formats import Address


class CustomEmoji(TypedDict):
    """An emoji beside a text, or one that may be picked."""

    shortcode: str
    url: Address
    static_url: Address
    visible_in_picker: bool
    category: NotRequired[str]


def shown(kept: bytes, node: Node) -> list[CustomEmoji]:
    """The emoji beside a text, as its row keeps them."""
    if not kept:
        return []
    return [_emoji(one.shortcode, address(node, one.url), "") for one in unpacked(kept)]


def address(node: Node, url: str) -> str:
    """Where a reader fetches an emoji: from this node, whoever made it."""
    return proxied(node, url)


def own(row: EmojiRow, node: Node) -> CustomEmoji:
    """One of the node's own, for the picker of an app."""
    whole = _emoji(row.shortcode, node.emoji(row.shortcode, row.digest), row.category)
    whole["visible_in_picker"] = True
    return whole


def _emoji(shortcode: str, url: str, category: str) -> CustomEmoji:
    found: CustomEmoji = {
        "shortcode": shortcode,
        "url": url,
        "static_url": url,
        "visible_in_picker": False,
    }
    if category:
        found["category"] = category
    return found
