"""Hashtags as Mastodon's Tag."""

from collections.abc import Sequence
from typing import TypedDict

from domain.node import Node
from web.mastodon.entities.formats import Address
from web.mastodon.entities.statuses import tag_url


class TagHistory(TypedDict):
    """How much a tag was used on one day: figures as text, as clients expect them."""

    day: str
    uses: str
    accounts: str


class Tag(TypedDict):
    """A hashtag, and how the viewer stands to it."""

    id: str
    name: str
    url: Address
    history: list[TagHistory]
    following: bool
    featuring: bool


def tag(
    folded: str,
    node: Node,
    *,
    following: bool = False,
    featuring: bool = False,
    history: Sequence[TagHistory] = (),
) -> Tag:
    """A tag; its history is of posts that the viewer may see (G12, G13)."""
    return {
        "id": folded,
        "name": folded,
        "url": tag_url(node, folded),
        "history": list(history),
        "following": following,
        "featuring": featuring,
    }
