"""Flag: what is reported (AS2 Vocabulary; as Mastodon, Lemmy, GoToSocial and Pleroma send it).

The object is an id or a list: the accused first, then posts of theirs; some name posts alone. What
is too much is cut off, not refused: a refusal would only make its sender try again (O21).
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import optional_reference, plain_type
from domain.html import clean
from domain.text import to_plain

#: Ids that are looked at, and characters of the words that come with them.
MOST: Final = 100
LONGEST: Final = 4_000


class Accusation(Struct, frozen=True, kw_only=True):
    """What a Flag is about: ids in their order, and why, as plain text."""

    about: tuple[str, ...]
    comment: str


def parse_flag(document: JsonObject) -> Accusation | None:
    """Read what a Flag says; None for any other activity. Raises MalformedDocument."""
    kind = document.get("type")
    if not isinstance(kind, str) or plain_type(kind) != "Flag":
        return None
    raw = document.get("object")
    several = raw if isinstance(raw, list) else [raw]
    named = [optional_reference(one) for one in several[:MOST]]
    about = tuple(dict.fromkeys(one for one in named if one is not None))
    if not about:
        raise MalformedDocument("the report is about nothing")
    return Accusation(about=about, comment=_plain(document.get("content")))


def _plain(raw: Any) -> str:
    """The comment: plain text at Mastodon, HTML elsewhere."""
    if not isinstance(raw, str):
        return ""
    return to_plain(clean(raw, limit=LONGEST)).strip()
