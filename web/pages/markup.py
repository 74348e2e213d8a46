"""The one place where stored HTML becomes markup instead of text (security.md H rows).

Posts and bios were cleaned when they came in. They are cleaned once more here, which costs
microseconds and means that a page trusts nothing but this file. Custom emoji become pictures after
that, in what is text and never inside a tag; their addresses are on this node (H06).
"""

import re
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup, escape

from domain.emojis import IN_TEXT
from domain.html import clean

# The cleaner writes every attribute in double quotes, with no quote inside.
_TAG: Final = re.compile(r'(<[^<>"]*(?:"[^"]*"[^<>"]*)*>)')


def cleaned(html: str, emojis: Mapping[str, str] | None = None) -> Markup:
    """HTML of a post, a bio or a field, safe to stand in a page.

    `emojis`: from a shortcode to the address of its picture on this node.
    """
    safe = clean(html)
    if emojis and ":" in safe:
        pieces = _TAG.split(safe)
        pieces[::2] = [_with_pictures(text, emojis) for text in pieces[::2]]
        safe = "".join(pieces)
    return Markup(safe)  # noqa: S704 - the result of the cleaner, and of nothing else


def named(text: str, emojis: Mapping[str, str]) -> Markup:
    """Plain text, such as a name, with its emoji as pictures."""
    return Markup(_with_pictures(str(escape(text)), emojis))  # noqa: S704 - escaped just now


def _with_pictures(safe: str, emojis: Mapping[str, str]) -> str:
    """Escaped text in which known shortcodes are pictures; others stay words."""

    def picture(found: re.Match[str]) -> str:
        address = emojis.get(found[1])
        if address is None:
            return found[0]
        word = escape(found[0])
        return f'<img class="emoji" src="{escape(address)}" alt="{word}" title="{word}">'

    return IN_TEXT.sub(picture, safe)
