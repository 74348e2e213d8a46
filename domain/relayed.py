"""Words on their way to members on plain servers, and back (facts: private-groups-observed.md §5).

A relay note names nobody but its one recipient: handles become plain names, or an app would put
them into the answer (rule 1). It is made of what every server shows (rule 3) and is short enough
for all of them (rule 4). An answer begins with a mention of the community, in one of three forms,
that is no part of what its author says (rule 22).
"""

import re
from collections.abc import Collection
from html import escape
from html.parser import HTMLParser
from typing import Final

import orjson

from domain.text import to_plain

#: Kept of clean HTML. Whoever drops more of them still shows the words.
_NAMES: Final = "p br a del s pre code em strong b i u ul ol li blockquote h1 h2 h3 h4 h5 h6"
_KEPT: Final = frozenset(_NAMES.split())
_VOID: Final = frozenset({"br"})
_HANDLE: Final = re.compile(r"@([\w.+-]+)@(\w[\w.-]*(?::\d+)?)")
_TAG: Final = re.compile(r"<[^<>]*>")
_BREAK: Final = re.compile(r"</?(?:p|br|ul|ol|li|pre|blockquote|h[1-6])>")
_EMPTY: Final = r"(?:\s|&nbsp;|\u00a0|<br ?/?>)"
_LEADING_EMPTY: Final = re.compile(rf"^(?:{_EMPTY}|<p>{_EMPTY}*</p>)+")
_TRAILING_EMPTY: Final = re.compile(rf"(?:{_EMPTY}|<p>{_EMPTY}*</p>)+$")
_LINKED: Final = re.compile(
    r"(?P<open><p>)?\s*(?P<card><span[^<>]*>)?<a (?P<attributes>[^<>]*)>(?P<text>.{0,600}?)</a>"
    r"(?(card)</span>)",
    re.DOTALL,
)
_TYPED: Final = re.compile(r"(?P<open><p>)?\s*(?P<text>@[\w.-]+(?:@[\w.-]+(?::\d+)?)?)")
_HREF: Final = re.compile(r'href="([^"]*)"')
_AFTER: Final = re.compile(rf"^[:,]?{_EMPTY}*")
_MOST_NAMED: Final = 10


def nameless(text: str) -> str:
    """Plain text in which nobody's handle is written so that an app would take it for one."""
    return _HANDLE.sub(r"\1 (\2)", text)


def relayed(html: str, *, limit: int) -> tuple[str, bool]:
    """Clean HTML as a relay note may say it, and whether it was cut.

    `limit` is in bytes of the text as JSON: that is how large a note is on the wire.
    """
    writer = _Writer(limit)
    writer.feed(html)
    writer.close()
    found = writer.result()
    if _HANDLE.search(
        _TAG.sub("", _BREAK.sub("\n", found))
    ):  # in pieces, put together by who strips the tags
        return _flat(html, limit)
    return found, writer.is_cut


def _flat(html: str, limit: int) -> tuple[str, bool]:
    writer = _Writer(limit)
    paragraphs = nameless(to_plain(html)).split("\n\n")
    writer.feed("".join(f"<p>{escape(each, quote=False)}</p>" for each in paragraphs))
    writer.close()
    return writer.result(), writer.is_cut


def _size(text: str) -> int:
    """Bytes in a JSON string, without the quotes around it."""
    return len(orjson.dumps(text)) - 2


class _Writer(HTMLParser):
    """Writes clean HTML again: few tags, no names, no more than so many bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(convert_charrefs=True)
        self._room = limit
        self._parts: list[str] = []
        self._open: list[str] = []
        self._named: list[str] | None = None  # the words of a mention, while it is open
        self._text: list[str] = []
        self.is_cut = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _KEPT or self.is_cut:
            return
        given = dict(attrs)
        if tag == "a" and "mention" in (given.get("class") or "").split():
            self._named = []
            return
        self._flush()
        href = f' href="{escape(given.get("href") or "")}"' if tag == "a" else ""
        cost = _size(f"<{tag}{href}>") + (0 if tag in _VOID else _size(f"</{tag}>"))
        if cost > self._room:
            self.is_cut = True
            return
        self._room -= cost
        self._parts.append(f"<{tag}{href}>")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._named is not None:
            named, self._named = "".join(self._named), None
            self._text.append(named if named.startswith("#") else named.removeprefix("@"))
            return
        if tag in self._open:
            self._flush()
            closed = ""
            while closed != tag:
                closed = self._open.pop()
                self._parts.append(f"</{closed}>")

    def handle_data(self, data: str) -> None:
        if not self.is_cut:
            (self._text if self._named is None else self._named).append(data)

    def result(self) -> str:
        """Everything written, with what was open closed."""
        if self._named is not None:
            self._text.extend(self._named)
            self._named = None
        self._flush()
        closing = "".join(f"</{tag}>" for tag in reversed(self._open))
        return "".join(self._parts) + closing

    def _flush(self) -> None:
        text, self._text = nameless("".join(self._text)), []
        written = escape(text, quote=False)
        if _size(written) > self._room:
            self.is_cut = True
            written = _fitting(text, self._room)
        self._parts.append(written)
        self._room = 0 if self.is_cut else self._room - _size(written)


def _fitting(text: str, room: int) -> str:
    """As many words of `text`, escaped, as there is room for, with an ellipsis."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _size(escape(text[:middle], quote=False) + "…") <= room:
            low = middle
        else:
            high = middle - 1
    kept = text[:low].rpartition(" ")[0] or text[:low]
    return escape(kept, quote=False) + "…" if kept else ""


def without_mention(html: str, *, handles: Collection[str], addresses: Collection[str]) -> str:
    """Clean HTML without the mention that it begins with, if that is one of the community.

    `handles` are written without the first `@`, in lower case; `addresses` are its id and page.
    """
    rest = _LEADING_EMPTY.sub("", html)
    for _ in range(_MOST_NAMED):
        shorter = _without_one(rest, handles, addresses)
        if shorter is None:
            break
        rest = _LEADING_EMPTY.sub("", shorter)
    return _TRAILING_EMPTY.sub("", rest)


def _without_one(html: str, handles: Collection[str], addresses: Collection[str]) -> str | None:
    linked = _LINKED.match(html)
    if linked is not None and _leads_to(linked["attributes"], addresses):
        return _joined(linked["open"], html[linked.end() :])
    if linked is not None and _is_one_of(_TAG.sub("", linked["text"]), handles):
        return _joined(linked["open"], html[linked.end() :])
    typed = _TYPED.match(html)
    if typed is not None and _is_one_of(typed["text"].rstrip(".-"), handles):
        return _joined(typed["open"], html[typed.end() :])
    return None


def _leads_to(attributes: str, addresses: Collection[str]) -> bool:
    found = _HREF.search(attributes)
    return found is not None and found[1].replace("&amp;", "&") in addresses


def _is_one_of(text: str, handles: Collection[str]) -> bool:
    return text.startswith("@") and text[1:].strip().lower() in handles


def _joined(opening: str | None, rest: str) -> str:
    return (opening or "") + _AFTER.sub("", rest, count=1)
