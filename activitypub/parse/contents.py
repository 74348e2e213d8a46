"""What an object says: its words, its title, its warning or its abstract, and in which language.

Peers say it as HTML, or name another `mediaType`; once, or in several languages. Words become
clean HTML here, once. What a `summary` means depends on the kind: on a Note it is a content
warning, on an Article or an Event it tells what the text is about (AS2 Vocabulary; FEP-b2b8).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from activitypub.parse.fields import language, line
from domain.html import clean
from domain.kinds import PostType
from domain.text import from_plain, to_plain

LONGEST_CONTENT: Final = 65_536
LONGEST_SUMMARY: Final = 1_000
LONGEST_ABSTRACT: Final = 5_000
LONGEST_NAME: Final = 500

#: Media types of words that are no HTML: they are shown as they were typed.
_AS_TYPED: Final = frozenset({"text/plain", "text/markdown", "text/x.misskeymarkdown"})
#: Kinds whose summary is a content warning. (Not a set: members of an enumeration hash slowly.)
SHORT: Final = (PostType.NOTE, PostType.QUESTION)
_NAMES: Final = (
    "p br a span div b i u s del ins em strong code pre mark var small sup sub wbr ol ul li"
    " blockquote h[1-6] ruby rt rp img audio video source script"
)
#: Markup that is meant as such; anything else between angle brackets is what somebody wrote.
_MARKUP: Final = re.compile(rf"</?(?:{_NAMES.replace(' ', '|')})(?:\s[^<>]*)?/?>", re.IGNORECASE)


class Contents(Struct, frozen=True, kw_only=True):
    """What an object says: `html` and `abstract` are clean HTML, the others plain text."""

    html: str
    summary: str
    abstract: str
    title: str
    language: str | None


def contents(document: Mapping[str, Any], kind: PostType) -> Contents:
    """Read the words of an object of this kind."""
    words, spoken = _words(document)
    said = said_in(document, "summary")
    warns = kind in SHORT or document.get("sensitive") is True
    return Contents(
        html=_html(words, document.get("mediaType"), LONGEST_CONTENT) or _preview(document),
        summary=warning(said) if warns and said else "",
        abstract="" if warns else _abstract(said),
        title=line(said_in(document, "name"), limit=LONGEST_NAME),
        language=spoken or _language(document),
    )


def _words(document: Mapping[str, Any]) -> tuple[str, str | None]:
    """The text and its language (contentMap, AS2 Vocabulary §4.7)."""
    content = document.get("content")
    by_language = document.get("contentMap")
    spoken = by_language if isinstance(by_language, dict) else {}
    for tag, text in spoken.items():
        if isinstance(text, str) and (text == content or not isinstance(content, str)):
            return text, language(tag)
    return (content if isinstance(content, str) else ""), None


def _html(words: str, media_type: Any, limit: int) -> str:
    kind = media_type.partition(";")[0].strip().lower() if isinstance(media_type, str) else ""
    html = from_plain(words[:limit]) if kind in _AS_TYPED else words
    return clean(html, limit=limit)


def _preview(document: Mapping[str, Any]) -> str:
    """What stands for a text that did not come itself (FEP-b2b8)."""
    preview = document.get("preview")
    if not isinstance(preview, dict):
        return ""
    words, _ = _words(preview)
    return _html(words, preview.get("mediaType"), LONGEST_CONTENT)


def _language(document: Mapping[str, Any]) -> str | None:
    """As Mobilizon (`inLanguage`), Lemmy and PeerTube (`language`) say it."""
    said = document.get("language")
    code = said.get("identifier") if isinstance(said, dict) else said
    return language(document.get("inLanguage")) or language(code)


def said_in(document: Mapping[str, Any], name: str) -> str:
    """A member as text, or the first of its languages."""
    raw = document.get(name)
    if raw is None:
        by_language = document.get(f"{name}Map")
        raw = next(iter(by_language.values()), None) if isinstance(by_language, dict) else None
    return raw if isinstance(raw, str) else ""


def warning(said: str) -> str:
    """One line of plain text; markup that some peers put there goes."""
    short = said[: 4 * LONGEST_SUMMARY]
    plain = to_plain(clean(short)) if _MARKUP.search(short) else short
    return line(plain, limit=LONGEST_SUMMARY)


def _abstract(said: str) -> str:
    cleaned = clean(said, limit=LONGEST_ABSTRACT)
    return cleaned if not cleaned or cleaned.startswith("<p") else f"<p>{cleaned}</p>"
