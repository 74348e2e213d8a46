"""Emoji tags of posts and actors (FEP-9098): a shortcode and the address of its picture."""

from typing import Any

from activitypub.parse.fields import is_a, line, link, listed
from domain.emojis import LONGEST_SHORTCODE, MOST_EMOJIS, Emoji, is_shortcode

PICTURES = frozenset({"image/png", "image/webp", "image/gif", "image/jpeg", "image/avif"})


def emojis(tags: list[Any]) -> tuple[Emoji, ...]:
    """The custom emoji that an object's tags define, at most MOST_EMOJIS (D07).

    A tag without a usable name or picture is left out: its shortcode stays a word.
    """
    found: dict[str, Emoji] = {}
    for tag in tags:
        if not is_a(tag, "Emoji"):
            continue
        name = line(tag.get("name"), limit=LONGEST_SHORTCODE + 2).removeprefix(":")
        shortcode, url = name.removesuffix(":"), _picture(tag.get("icon"))
        if url is not None and is_shortcode(shortcode) and len(found) < MOST_EMOJIS:
            found.setdefault(shortcode, Emoji(shortcode, url))
    return tuple(found.values())


def _picture(raw: Any) -> str | None:
    for item in listed(raw):
        found = link(item.get("url"), PICTURES) if isinstance(item, dict) else link(item)
        if found is not None:
            return found
    return None
