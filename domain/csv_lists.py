"""Lists as Mastodon writes and reads them: comma-separated, one line for each entry.

The columns are Mastodon's own (app/models/export.rb, app/models/form/import.rb), so that lists go
to and fro between servers. A cell that a spreadsheet would take for a formula is written with an
apostrophe before it, as spreadsheets do themselves, and read without it (security.md H10).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from domain.handles import parse_acct
from domain.kinds import ImportKind

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a list."""

MOST: Final = 10_000
"""Lines of a list."""

LONGEST: Final = 2_000
"""Characters of a cell."""

WIDEST: Final = 20
"""Columns that are looked at."""

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_FALSE: Final = frozenset({"false", "0", "no", "f", "off"})

HEADERS: Final[dict[ImportKind, tuple[str, ...]]] = {
    ImportKind.FOLLOWS: (
        "Account address",
        "Show boosts",
        "Notify on new posts",
        "Languages",
    ),
    ImportKind.LISTS: ("List name", "Account address"),
    ImportKind.BLOCKS: ("Account address",),
    ImportKind.MUTES: ("Account address", "Hide notifications"),
    ImportKind.DOMAIN_BLOCKS: ("#domain",),
    ImportKind.BOOKMARKS: ("#uri",),
}
_SAID_FIRST: Final = frozenset({ImportKind.FOLLOWS, ImportKind.MUTES})
"""Mastodon writes a first line with the names of the columns in these; it reads it in all."""

_FIRST: Final = frozenset(names[0].lower() for names in HEADERS.values())
_MEANT: Final[dict[str, str]] = {
    "account address": "account",
    "show boosts": "shares",
    "notify on new posts": "notify",
    "languages": "languages",
    "list name": "list",
    "hide notifications": "notifications",
    "#domain": "domain",
    "#uri": "uri",
}

Said = dict[str, Any]
"""What one line says: `account`, `list`, `domain`, `uri` as text, the rest as it is meant."""


class BadList(ValueError):  # noqa: N818 - says what it is, not that it is one
    """This is no such list; the reason is for people."""


def read(kind: ImportKind, content: bytes) -> list[tuple[int, Said]]:
    """The lines of a list with their numbers in the file. Empty lines are left out.

    Raises:
        BadList: it is too large, no text, no such list, or has nothing in it.
    """
    if len(content) > LARGEST:
        raise BadList(f"A list has at most {LARGEST >> 20} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadList("This is no list: it is not written in UTF-8") from None
    if "\0" in text:
        raise BadList("This is no list: it is not text")
    found = list(_lines(kind, text))
    if not found:
        raise BadList("There is nothing in this list")
    if 2 * sum(_makes_sense(kind, said) for _, said in found) < len(found):
        raise BadList("This is a list of another kind")  # before it takes the place of anything
    return found


def _makes_sense(kind: ImportKind, said: Said) -> bool:
    """Whether a line may be one of such a list."""
    if kind is ImportKind.DOMAIN_BLOCKS:
        return "." in said.get("domain", "") and "@" not in said["domain"]
    if kind is ImportKind.BOOKMARKS:
        return "://" in said.get("uri", "")
    return parse_acct(said.get("account", "")) is not None


def _lines(kind: ImportKind, text: str) -> Iterator[tuple[int, Said]]:
    names = [_MEANT[name.lower()] for name in HEADERS[kind]]
    reader = csv.reader(io.StringIO(text, newline=""))
    count, found = 0, False  # lines, empty ones too; whether something was said
    try:
        for row in reader:
            cells = [_plain(cell) for cell in row[:WIDEST]]
            if not found and any(cells) and row[0].strip().lower() in _FIRST:
                names, found = _columns(kind, row[:WIDEST]), True
                continue
            count += 1
            if count > MOST:
                raise BadList(f"A list has at most {MOST} lines. Please send it in parts")
            if not any(cells):
                continue
            found = True
            yield reader.line_num, _said(names, cells)
    except csv.Error:
        raise BadList(f"Line {reader.line_num} cannot be read") from None


def _columns(kind: ImportKind, row: Sequence[str]) -> list[str]:
    """What the columns mean, by their names. Raises BadList for a list of another kind."""
    names = [_MEANT.get(cell.strip().lower(), "") for cell in row]
    needed = {_MEANT[name.lower()] for name in HEADERS[kind] if name.lower() in _NEEDED}
    if not needed <= set(names):
        raise BadList("This is a list of another kind")
    return names


_NEEDED: Final = frozenset({"account address", "list name", "#domain", "#uri"})


def _plain(cell: str) -> str:
    """A cell as it was before it was made harmless for spreadsheets."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _said(names: Sequence[str], cells: Sequence[str]) -> Said:
    said: Said = {}
    for name, cell in zip(names, cells, strict=False):
        text = cell[:LONGEST]
        if name in {"shares", "notify", "notifications"}:
            if text:
                said[name] = text.lower() not in _FALSE
        elif name == "languages":
            said[name] = [one.strip() for one in text.split(",") if one.strip()]
        elif name:
            said[name] = text
    return said


def write(kind: ImportKind, rows: Iterable[Said]) -> bytes:
    """A list of this kind; Mastodon reads it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if kind in _SAID_FIRST:
        writer.writerow(HEADERS[kind])
    names = [_MEANT[name.lower()] for name in HEADERS[kind]]
    for said in rows:
        writer.writerow([_cell(said.get(name)) for name in names])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = ", ".join(value) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if _FORMULA.match(text) else text
