"""Foreign HTML made harmless, once, when it comes in (security.md H rows; design.md §6).

Nothing but text with simple structure survives: no images, forms, tables, styles or ids; links
only to http, https and mailto; only the classes that mentions and shortened links need. Content is
escaped again wherever it is shown.
"""

import re
import unicodedata
from itertools import islice
from typing import Final

import nh3

LONGEST: Final = 50_000
"""Characters of HTML that are looked at: 50 kB of `&` cost 35 ms."""

MOST_TAGS: Final = 2000
"""Opening tags that are looked at: each may cost a look at all those it stands in (D16)."""

LONGEST_INLINE: Final = 500

_TAG_NAMES: Final = (
    "p br span a del s pre code em strong b i u ul ol li blockquote h1 h2 h3 h4 h5 h6 ruby rt rp"
)
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "a": {"href", "title", "translate"},
    "span": {"translate"},
    "ol": {"start", "reversed"},
    "li": {"value"},
}
# Never also "class" among the attributes: nh3 would panic, past every `except Exception`.
_CLASSES: Final[dict[str, set[str]]] = {
    "a": {"mention", "hashtag", "u-url"},
    "p": {"quote-inline"},  # a link to what is quoted, hidden where that is shown (FEP-044f)
    "span": {"h-card", "invisible", "ellipsis", "quote-inline"},
}
_CLEANER: Final = nh3.Cleaner(
    tags=set(_TAG_NAMES.split()),
    attributes=_ATTRIBUTES,
    allowed_classes=_CLASSES,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="nofollow noopener noreferrer",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    strip_comments=True,
)

_TEXT_ONLY: Final = nh3.Cleaner(tags=set(), strip_comments=True)
_OTHER_TAGS: Final = re.compile(r"<(?!/?(?:p|br|a|span|strong|em)[\s/>])")
_MOST_PASSES: Final = 5
"""How often a text is read again; three passes settled all that was tried."""

# What nh3 leaves of a paragraph whose classes all went; no text holds a bare "<".
_NO_CLASS: Final = '<p class="">'

# Embeddings, overrides and isolates turn a text around its reader; plain direction marks do not.
_BIDI: Final = r"\u202a-\u202e\u2066-\u2069"
_UNSEEN: Final = re.compile(f"[{_BIDI}]")
_CONTROLS: Final = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufff9-\ufffb{_BIDI}]")
_OPENING: Final = re.compile(r"<[A-Za-z]")
_BLANKS: Final = re.compile(r"\s+")


def clean(html: str, *, limit: int = LONGEST) -> str:
    """`html` with everything dangerous removed, of what `bounded` leaves of it.

    Direction controls are stripped afterwards, because they may have been written as entities.
    The result of cleaning a clean text is the same text.
    """
    rough = bounded(html, limit=limit)
    cleaned = _once(rough)
    if "<" not in cleaned or not _may_change_again(rough):
        return cleaned
    for _ in range(_MOST_PASSES):
        again = _once(cleaned)
        if again == cleaned:
            return cleaned
        cleaned = again
    return _TEXT_ONLY.clean(cleaned)


def _may_change_again(rough: str) -> bool:
    """Whether another pass may find something: another tag, or a letter written as a number.

    Paragraphs, breaks, links and emphasis are settled by one pass, in any mixture. Looked for one
    by one, each by its first letter: as one pattern they take three times as long.
    """
    return ("&" in rough and "&#" in rough) or _OTHER_TAGS.search(rough) is not None


def _once(html: str) -> str:
    """One pass. What stood inside a removed tag may be read as something else without it."""
    cleaned = _CLEANER.clean(html).replace(_NO_CLASS, "<p>")
    return cleaned if cleaned.isascii() else _UNSEEN.sub("", cleaned)


def bounded(html: str, *, limit: int = LONGEST) -> str:
    """The first `limit` characters of `html`, or less where more than `MOST_TAGS` tags open."""
    short = html[:limit]
    if short.count("<") <= MOST_TAGS:
        return short
    excess = next(islice(_OPENING.finditer(short), MOST_TAGS, None), None)
    return short if excess is None else short[: excess.start()]


def clean_inline(text: str, *, limit: int = LONGEST_INLINE) -> str:
    """A name or other single line of plain text (not HTML: escape it where it is shown).

    Controls and direction controls go, white space becomes single spaces, letters are composed.
    """
    if text.isascii() and text.isprintable():  # nothing of it is there but spaces
        return " ".join(text[: 4 * limit].split())[:limit].strip()
    rough = _CONTROLS.sub("", _BLANKS.sub(" ", text[: 4 * limit]))
    return unicodedata.normalize("NFC", " ".join(rough.split()))[:limit].strip()


def clean_text(text: str, *, limit: int) -> str:
    """Plain text of several lines, such as an alt text or what an author typed: same rules."""
    unified = text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", unified)[:limit]
