"""What people type, understood: addresses, mentions and tags found in plain text, and its HTML.

One pass from left to right finds everything; every character is looked at a bounded number of
times, so that no text is slow (security.md D16). The grammar follows Mastodon's
(app/models/account.rb MENTION_RE, app/models/tag.rb, app/lib/text_formatter.rb).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from html import escape
from itertools import islice
from typing import Final, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from domain.handles import Acct, parse_acct
from domain.html import LONGEST, bounded, clean_text

URL_COUNTS: Final = 23
"""What an address counts in the length of a post, however long it is (Mastodon API)."""

LONGEST_TAG: Final = 100
SHOWN_OF_URL: Final = 30
MOST_FINDS: Final = 2000
MOST_FOREIGN_HOSTS: Final = 10
"""Hosts with letters beyond a-z per text: reading one of them is costly."""


class Sort(Enum):
    """What a piece of text is."""

    PLAIN = "plain"
    URL = "url"
    MENTION = "mention"
    TAG = "tag"


class Piece(NamedTuple):
    """A stretch of text as typed. `acct` is set for mentions; a tag's name is `text[1:]`."""

    sort: Sort
    text: str
    acct: Acct | None = None


class Mentioned(NamedTuple):
    """Somebody whom a text names and may name: where the mention leads, and the full handle."""

    url: str
    acct: str


_MARK_BLOCKS: Final = (
    range(0x300, 0x1E00),
    range(0x20D0, 0x2100),
    range(0x2CEF, 0x2E00),
    range(0x302A, 0x309B),
    range(0xA66F, 0xAC00),
    range(0xFB1E, 0xFE30),
    range(0xE0100, 0xE01F0),
)


def _combining() -> str:
    """The marks that belong to the letter before them, for a character class."""
    codes = (code for block in _MARK_BLOCKS for code in block)
    return "".join(chr(code) for code in codes if unicodedata.category(chr(code))[0] == "M")


_MARKS: Final = _combining()
_JOINERS: Final = "·・\u200c"
# What may not stand before or must stand after a start is asked here, at the speed of the engine.
_START: Final = re.compile(
    r"(?<!\w)https?://(?=[\w\[])"
    r"|(?<![\w/=])@(?=[A-Za-z0-9_])"
    r"|(?<![\w/=)#&])#(?=\w)",
    re.IGNORECASE,
)
# The host is asked first, so that a refusal is cheap. Names and passwords before a host mislead.
_HOST: Final = re.compile(
    r"https?://(?:\w[\w.-]*+|\[[0-9a-f:.]++\])(?::([0-9]{1,5})(?![0-9]))?(?!@|:\w)", re.IGNORECASE
)
_PATH: Final = re.compile(
    r"[/?#][^\s<>\"\\^`{|}\x00-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069、。」』】》〉]*+"
)
_MENTION: Final = re.compile(
    r"@([A-Za-z0-9_][A-Za-z0-9_.-]*+)(?:@(\w[\w.-]*+)(:[1-9][0-9]{0,4}+(?![0-9]))?)?"
)
_TAG: Final = re.compile(rf"#([\w{_JOINERS}{_MARKS}]++)")
_PREFIX: Final = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
_PARAGRAPHS: Final = re.compile(r"\n{2,}")
# A drawn character may be several code points: marks, joined emoji, skin tones, pairs of letters.
_SAME_CHARACTER: Final = re.compile(rf"[{_MARKS}]|\u200d.|[\U0001f3fb-\U0001f3ff]", re.DOTALL)
_FLAG: Final = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_TRAILING: Final = frozenset(".,;:!?'")
_OPENING: Final = {")": "(", "]": "["}
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_BLOCKS: Final = "p,li,blockquote,pre,h1,h2,h3,h4,h5,h6,div"


def pieces(text: str) -> Iterator[Piece]:
    """Cut `text` into plain stretches, addresses, mentions and tags; joined they are the text.

    After `MOST_FINDS` finds the rest is plain.
    """
    done = foreign = 0
    for found in _finds(text):
        if found.start() < done:
            continue
        piece = _read(text, found.start(), foreign_hosts=foreign < MOST_FOREIGN_HOSTS)
        if piece is None:
            continue
        if found.start() > done:
            yield Piece(Sort.PLAIN, text[done : found.start()])
        yield piece
        foreign += piece.sort is Sort.MENTION and not piece.text.isascii()
        done = found.start() + len(piece.text)
    if done < len(text):
        yield Piece(Sort.PLAIN, text[done:])


def _finds(text: str) -> Iterator[re.Match[str]]:
    return islice(_START.finditer(text), MOST_FINDS)


def _read(text: str, start: int, *, foreign_hosts: bool) -> Piece | None:
    if text[start] == "@":
        return _mention(text, start, foreign_hosts=foreign_hosts)
    if text[start] == "#":
        return _tag(text, start)
    return _url(text, start)


def _url(text: str, start: int) -> Piece | None:
    host = _HOST.match(text, start)
    if host is None or int(host[1] or 0) >= 1 << 16:
        return None
    path = _PATH.match(text, host.end())
    return Piece(Sort.URL, _without_trailing(host[0] + (path[0] if path else "")))


def _mention(text: str, start: int, *, foreign_hosts: bool) -> Piece | None:
    found = _MENTION.match(text, start)
    if found is None:
        return None
    name, host, port = found.groups()
    if host is not None and name[-1] not in ".-":
        bare = host.rstrip(".-_")
        typed = f"@{name}@{bare}{port if port and bare == host else ''}"
        acct = parse_acct(typed) if foreign_hosts or bare.isascii() else None
        if acct is not None:
            return Piece(Sort.MENTION, typed, acct)
    typed = "@" + name.rstrip(".-")
    acct = parse_acct(typed)
    return Piece(Sort.MENTION, typed, acct) if acct is not None else None


def _tag(text: str, start: int) -> Piece | None:
    found = _TAG.match(text, start)
    name = found[1].rstrip(_JOINERS) if found else ""
    if not 0 < len(name) <= LONGEST_TAG or name[0] in _JOINERS:
        return None
    if not any(character.isalpha() for character in name):
        return None
    return Piece(Sort.TAG, "#" + name)


def _without_trailing(url: str) -> str:
    """An address without the punctuation of the sentence around it; brackets that match stay."""
    surplus = {close: url.count(close) - url.count(opening) for close, opening in _OPENING.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if last not in _TRAILING and surplus.get(last, 0) <= 0:
            break
        if last in surplus:
            surplus[last] -= 1
        end -= 1
    return url[:end]


def mentions(text: str) -> list[Acct]:
    """The handles that `text` names, each once, in order."""
    found = {piece.acct.folded: piece.acct for piece in pieces(text) if piece.acct}
    return list(found.values())


def hashtags(text: str) -> list[str]:
    """The tags in `text` as first written, without `#`, each once (by `fold_tag`), in order."""
    found: dict[str, str] = {}
    for piece in pieces(text):
        if piece.sort is Sort.TAG:
            found.setdefault(fold_tag(piece.text[1:]), piece.text[1:])
    return list(found.values())


def fold_tag(name: str) -> str:
    """The form under which a tag is one tag: compatibility letters joined, lower case."""
    return unicodedata.normalize("NFKC", name).lower()


def urls(text: str) -> list[str]:
    """The web addresses in `text`, each once, in order."""
    return list(dict.fromkeys(piece.text for piece in pieces(text) if piece.sort is Sort.URL))


def length(text: str) -> int:
    """How long a post is: drawn characters, 23 for an address, mentions without their host."""
    return sum(map(_length, pieces(text)))


def _length(piece: Piece) -> int:
    if piece.sort is Sort.URL:
        return URL_COUNTS
    if piece.acct is not None:
        return 1 + len(piece.acct.name)
    composed = unicodedata.normalize("NFC", piece.text)
    if composed.isascii():
        return len(composed)
    return len(_SAME_CHARACTER.sub("", _FLAG.sub("x", composed)))


def to_html(text: str, people: Mapping[str, Mentioned], tag_url: Callable[[str], str]) -> str:
    """The HTML of a post that was typed as plain text; cut at `LONGEST` characters.

    `people` maps `Acct.folded` to whom it means: only they become mentions, everybody else stays
    plain text. `tag_url` makes the address of a tag's page from its folded name.
    """
    parts = (_to_html(piece, people, tag_url) for piece in pieces(clean_text(text, limit=LONGEST)))
    return _in_paragraphs("".join(parts))


def from_plain(text: str) -> str:
    """The HTML of plain text of another server: addresses become links, and nothing else."""
    shown = (
        link(piece.text) if piece.sort is Sort.URL else escape(piece.text, quote=False)
        for piece in pieces(clean_text(text, limit=LONGEST))
    )
    return _in_paragraphs("".join(shown))


def _in_paragraphs(html: str) -> str:
    # No markup holds a line break: addresses, handles and tags have no white space.
    paragraphs = _PARAGRAPHS.split(html.strip("\n"))
    marked = (paragraph.replace("\n", "<br>") for paragraph in paragraphs if paragraph)
    return "".join(f"<p>{paragraph}</p>" for paragraph in marked)


def with_title(title: str, html: str) -> str:
    """Clean HTML under its title, for whoever has no other place for one."""
    return f"<p><strong>{escape(title, quote=False)}</strong></p>{html}" if title else html


def _to_html(piece: Piece, people: Mapping[str, Mentioned], tag_url: Callable[[str], str]) -> str:
    if piece.sort is Sort.URL:
        return link(piece.text)
    if piece.sort is Sort.TAG:
        name = piece.text[1:]
        return (
            f'<a class="mention hashtag" href="{escape(tag_url(fold_tag(name)))}"'
            f' target="_blank" rel="nofollow noopener noreferrer">#<span>{escape(name)}</span></a>'
        )
    person = people.get(piece.acct.folded) if piece.acct else None
    return mention(person) if person else escape(piece.text, quote=False)


def mention(person: Mentioned) -> str:
    """A person's handle as a link, as Mastodon writes it."""
    name = person.acct.removeprefix("@").partition("@")[0]
    return (
        f'<span class="h-card" translate="no"><a class="u-url mention" href="{escape(person.url)}"'
        f' target="_blank" rel="nofollow noopener noreferrer">@<span>{escape(name)}</span></a>'
        "</span>"
    )


def link(url: str) -> str:
    """An http(s) address as a link that shows 30 characters and copies as a whole."""
    found = _PREFIX.match(url)
    if found is None:
        return escape(url, quote=False)
    rest = url[found.end() :]
    shown, hidden = rest[:SHOWN_OF_URL], rest[SHOWN_OF_URL:]
    css = ' class="ellipsis"' if hidden else ""
    tail = f'<span class="invisible">{escape(hidden, quote=False)}</span>' if hidden else ""
    return (
        f'<a href="{escape(url)}" translate="no" target="_blank"'
        f' rel="nofollow noopener noreferrer"><span class="invisible">{found[0]}</span>'
        f"<span{css}>{escape(shown, quote=False)}</span>{tail}</a>"
    )


def to_plain(html: str) -> str:
    """The text of HTML, with line breaks where paragraphs and list items end.

    For search, notifications and previews; addresses come out whole. Looks at no more
    than `clean` does.
    """
    body = LexborHTMLParser(bounded(html)).body
    if body is None:
        return ""
    for node in body.css("script,style,template"):
        node.decompose()
    for node in body.css("br"):
        node.insert_before("\n")
    for node in body.css(_BLOCKS):
        node.insert_after("\n" if node.tag == "li" else "\n\n")
    text = body.text(deep=True).strip()
    return _EMPTY_LINES.sub("\n\n", text) if "\n\n\n" in text else text
