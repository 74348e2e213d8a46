"""What a web page says of itself: title, description, picture. Texts alone, whatever it sends.

Read from OpenGraph, from Twitter's names for the same, from plain HTML, and from an oEmbed document
of which nothing but the texts is taken: no markup of anybody else is ever shown (security.md H06).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from typing import Final

import orjson
from msgspec import Struct
from msgspec.structs import replace

from domain.addresses import BadUrl, Url, join_url, parse_url
from domain.html import clean_inline

LONGEST_TITLE: Final = 300
LONGEST_DESCRIPTION: Final = 600
LONGEST_NAME: Final = 100
LONGEST_ADDRESS: Final = 2_000
"""Characters; longer addresses are none, longer texts are cut."""

MOST_TAGS: Final = 500
"""`meta` and `link` elements that are looked at, of each."""

LONGEST_ATTRIBUTES: Final = 8_000
LONGEST_VALUE: Final = 4_000
"""Characters of one element, and of one text in it, that are looked at."""

LARGEST_SIDE: Final = 20_000
MOST_LINKS: Final = 20
"""Links of a post among which the one to look at is searched."""

_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_OEMBED: Final = frozenset({"application/json+oembed", "text/json+oembed"})
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_-]{2,20})", re.IGNORECASE)
# Encodings of text that browsers read (WHATWG Encoding), and none that merely compute something.
_ENCODINGS: Final = re.compile(
    r"utf-?8|us-ascii|ascii|latin1|iso-?8859-\d{1,2}|windows-125\d|cp125\d|koi8-[ru]|macintosh"
    r"|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)|shift[_-]jis|iso-2022-jp|utf-16(?:le|be)?",
    re.IGNORECASE,
)
_LAST_MOMENT: Final = 253_402_300_799_000  # the end of the year 9999, in ms
# What is looked at of a page: no tree is built of a stranger's nesting (security.md D16). Whatever
# is begun goes on to the end of the page if it is not closed, as browsers have it: every character
# is read once.
_ELEMENT: Final = re.compile(
    r"<!--(?:-?>|.*?(?:-->|\Z))"
    r"|<(?P<hidden>script|style)(?=[\s/>]).*?(?:</(?P=hidden)|\Z)"
    r"|<title(?=[\s/>])[^>]*+(?:>|\Z)(?P<title>.*?)(?:</title|\Z)"
    r"|<(?P<name>meta|link|body)(?=[\s/>])"
    r"(?P<told>(?:[^>=]|=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))?)*+)",
    re.IGNORECASE | re.DOTALL,
)
_TOLD: Final = re.compile(
    r"([^\s\"'<>/=]++)(?:\s*+=\s*+(?:\"([^\"]*+)|'([^']*+)|([^\s>]*+)))?+", re.DOTALL
)
_MENTIONS: Final = frozenset({"mention", "hashtag"})
_TAGS: Final = re.compile(r'<(p|span) class="quote-inline">|</(p|span)>|<a ([^<>]*)>')
_ATTRIBUTE: Final = re.compile(r'([a-z]+)="([^"]*)"')


class Said(Struct, frozen=True):
    """What a page says of itself; every text is plain, every address http(s) or empty.

    `width` and `height` of the picture in pixels, 0 where they are not told; `published_at` in ms.
    """

    title: str = ""
    description: str = ""
    provider_name: str = ""
    provider_url: str = ""
    author_name: str = ""
    author_url: str = ""
    image: str = ""
    width: int = 0
    height: int = 0
    published_at: int | None = None


class Page(Struct, frozen=True):
    """A page that was read, and where it says that more is told of it (oEmbed)."""

    said: Said
    oembed: str = ""


def is_page(content_type: str) -> bool:
    """Whether a Content-Type is that of a page with words in it."""
    return content_type.partition(";")[0].strip().lower() in _PAGES


def read_page(body: bytes, content_type: str, url: Url) -> Page:
    """What the page at `url` says. Never raises: what makes no sense is left out."""
    head = _head(_decoded(body, content_type))
    told = _metas(head)
    title = _first(told, "og:title", "twitter:title") or head.title
    author = _first(told, "article:author", "author", "og:article:author")
    has_page = author.startswith(("http://", "https://"))
    image = _first(told, "og:image:secure_url", "og:image", "og:image:url", "twitter:image")
    said = Said(
        title=clean_inline(title, limit=LONGEST_TITLE),
        description=clean_inline(
            _first(told, "og:description", "twitter:description", "description"),
            limit=LONGEST_DESCRIPTION,
        ),
        provider_name=clean_inline(_first(told, "og:site_name"), limit=LONGEST_NAME)
        or url.host.removeprefix("www."),
        provider_url=url.origin,
        author_name=clean_inline(
            _first(told, "author") if has_page else author, limit=LONGEST_NAME
        ),
        author_url=_address(url, author) if has_page else "",
        image=_address(url, image),
        width=_pixels(_first(told, "og:image:width")),
        height=_pixels(_first(told, "og:image:height")),
        published_at=_moment(_first(told, "article:published_time")),
    )
    return Page(said, _address(url, _oembed(head)))


def with_oembed(said: Said, body: bytes, url: Url) -> Said:
    """The same with what an oEmbed document (oembed.com §2.3.4) adds; its HTML is never looked at.

    What the page itself says stands.
    """
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return said
    if not isinstance(told, dict):
        return said

    def text(name: str, limit: int) -> str:
        value = told.get(name)
        return clean_inline(value, limit=limit) if isinstance(value, str) else ""

    def address(name: str) -> str:
        value = told.get(name)
        return _address(url, value) if isinstance(value, str) else ""

    named = text("provider_name", LONGEST_NAME)
    said = replace(
        said,
        title=said.title or text("title", LONGEST_TITLE),
        author_name=said.author_name or text("author_name", LONGEST_NAME),
        author_url=said.author_url or address("author_url"),
        provider_name=named or said.provider_name,
    )
    if said.image:
        return said
    sides = (_pixels(str(told.get(side, ""))) for side in ("thumbnail_width", "thumbnail_height"))
    width, height = sides
    return replace(said, image=address("thumbnail_url"), width=width, height=height)


def linked_pages(html: str) -> list[str]:
    """The addresses to which clean HTML links, as they are written; no people, tags or quotes.

    Of clean HTML alone (`domain.html.clean`, `domain.text.to_html`): its tags are well formed.
    """
    found: list[str] = []
    inside = ""  # the tag that ends the link to what is quoted
    for opened, closed, told in _TAGS.findall(html):
        if opened or closed:
            inside = opened or ("" if closed == inside else inside)
        elif not inside and len(found) < MOST_LINKS:
            link = dict(_ATTRIBUTE.findall(told))
            if "href" in link and not _MENTIONS.intersection(link.get("class", "").split()):
                found.append(unescape(link["href"]))
    return found


def page_address(text: str) -> Url | None:
    """An address that may be looked at, in its one spelling; None for anything else."""
    if len(text) > LONGEST_ADDRESS:
        return None
    try:
        return parse_url(text).without_fragment()
    except BadUrl:
        return None


def _decoded(body: bytes, content_type: str) -> str:
    told = _CHARSET.search(content_type) or _CHARSET.search(body[:2048].decode("latin-1"))
    name = told[1] if told is not None and _ENCODINGS.fullmatch(told[1]) else "utf-8"
    try:
        return body.decode(name, "replace")
    except LookupError:  # browsers know it, Python does not
        return body.decode("utf-8", "replace")


class _Head(Struct):
    """The elements before the body that are looked at, by what they say of themselves."""

    title: str = ""
    metas: list[dict[str, str]] = []
    links: list[dict[str, str]] = []


def _head(html: str) -> _Head:
    found = _Head()
    for element in _ELEMENT.finditer(html):
        name = (element["name"] or "").lower()
        if name == "body":
            break
        if name:
            those = found.metas if name == "meta" else found.links
            if len(those) < MOST_TAGS:
                those.append(_attributes(element["told"]))
        elif not found.title and element["title"] is not None:
            found.title = _plain(element["title"])
    return found


def _attributes(text: str) -> dict[str, str]:
    """By their names; of two of one name the first, as browsers have it."""
    found: dict[str, str] = {}
    for name, *values in _TOLD.findall(text[:LONGEST_ATTRIBUTES]):
        found.setdefault(name.lower(), _plain("".join(values)))
    return found


def _plain(text: str) -> str:
    """A text without its entities. Cut before: no number in it is long enough to be refused."""
    return unescape(text[:LONGEST_VALUE]).strip()


def _metas(head: _Head) -> Mapping[str, str]:
    """The first value of each name; `property` (OpenGraph) and `name` alike, as pages mix them."""
    found: dict[str, str] = {}
    for told in head.metas:
        name = (told.get("property") or told.get("name") or "").lower()
        value = told.get("content", "")
        if name and value:
            found.setdefault(name, value)
    return found


def _oembed(head: _Head) -> str:
    known = (told for told in head.links if told.get("type", "").lower() in _OEMBED)
    return next((told.get("href", "") for told in known), "")


def _first(told: Mapping[str, str], *names: str) -> str:
    return next((told[name] for name in names if name in told), "")


def _address(base: Url, reference: str) -> str:
    """An absolute http(s) address, or nothing. Raises nothing."""
    if not reference.strip():
        return ""
    try:
        found = str(join_url(base, reference.strip()))
    except BadUrl:
        return ""
    return found if len(found) <= LONGEST_ADDRESS else ""


def _pixels(text: str) -> int:
    short = text.strip().removesuffix("px")
    is_number = short.isascii() and short.isdigit() and len(short) <= 5
    return min(int(short), LARGEST_SIDE) if is_number else 0


def _moment(text: str) -> int | None:
    try:
        found = datetime.fromisoformat(text.strip())
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        at = int(found.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return at if 0 < at <= _LAST_MOMENT else None
