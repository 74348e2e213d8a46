"""Custom emoji as tags (FEP-9098), beside every text that uses them."""

from activitypub.vocabulary import JsonDict
from domain.emojis import unpacked, used_in


def tags(kept: bytes, *, within: str | None = None) -> list[JsonDict]:
    """The Emoji tags of a post or an actor, from what its row keeps.

    `within`: only those that this text uses, where nothing else of it is told.
    """
    used = None if within is None else used_in(within)
    return [
        {
            "id": one.url,
            "type": "Emoji",
            "name": f":{one.shortcode}:",
            "icon": {"type": "Image", "url": one.url} | _kind(one.url),
        }
        for one in unpacked(kept)
        if used is None or one.shortcode in used
    ]


def _kind(url: str) -> JsonDict:
    return {"mediaType": "image/png"} if url.endswith(".png") else {}
