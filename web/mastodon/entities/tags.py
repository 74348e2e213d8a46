"""Hashtags as Mastodon's Tag."""

from domain.node import Node
from web.mastodon.entities.accounts import JsonDict
from web.mastodon.entities.statuses import tag_url


def tag(folded: str, node: Node) -> JsonDict:
    """A tag, the same for every name, used or not: no count tells of posts (G12, G13)."""
    return {
        "id": folded,
        "name": folded,
        "url": tag_url(node, folded),
        "history": [],
        "following": False,
        "featuring": False,
    }
