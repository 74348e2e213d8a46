"""Custom emoji as Mastodon's CustomEmoji: pictures elsewhere come through this node alone (H06)."""

from domain.emojis import unpacked
from domain.node import Node
from social.files import proxied
from storage.queries.emojis import EmojiRow

JsonDict = dict[str, object]


def shown(kept: bytes, node: Node) -> list[JsonDict]:
    """The emoji beside a text, as its row keeps them."""
    if not kept:
        return []
    return [_emoji(one.shortcode, address(node, one.url), "") for one in unpacked(kept)]


def address(node: Node, url: str) -> str:
    """Where a reader fetches an emoji: from this node, whoever made it."""
    return proxied(node, url)


def own(row: EmojiRow, node: Node) -> JsonDict:
    """One of the node's own, for the picker of an app."""
    whole = _emoji(row.shortcode, node.emoji(row.shortcode, row.digest), row.category)
    return whole | {"visible_in_picker": True}


def _emoji(shortcode: str, url: str, category: str) -> JsonDict:
    found: JsonDict = {
        "shortcode": shortcode,
        "url": url,
        "static_url": url,
        "visible_in_picker": False,
    }
    return found | {"category": category} if category else found
