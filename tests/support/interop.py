"""docs/interoperability.md: what is said to other servers and taken from them, and who showed it.

The rows are the marks `@pytest.mark.interop(what, direction, effect, peer=…)` above tests, read
from the sources. `python -m tests.support.interop` writes the page anew.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from activitypub.parse.posts import POST_TYPES
from activitypub.vocabulary import ACTOR_NAMES
from inbox.handlers import HANDLERS

TESTS: Final = Path(__file__).parents[1]
PAGE: Final = TESTS.parent / "docs" / "interoperability.md"
COMMAND: Final = "python -m tests.support.interop"

DIRECTIONS: Final = ("in", "out")
PEERS: Final = (
    "Fedify",
    "our nodes",
    *(
        f"scripted {name}"
        for name in (
            *("Mastodon", "GoToSocial", "Lemmy", "Misskey", "Pleroma"),
            *("PeerTube", "Mobilizon", "NodeBB", "Pixelfed"),
        )
    ),
    "a stranger",
)
"""Who may have shown something, in the order in which they are named."""

_SIGNATURES: Final = ("draft-cavage", "RFC 9421", "FEP-8b32", "New keys", "https", "implements")
_DISCOVERY: Final = ("WebFinger", "NodeInfo", "host-meta", "alsoKnownAs")
_COLLECTIONS: Final = (
    *("outbox", "replies", "context", "likes", "shares", "featured", "followers", "inReplyTo"),
    *("following", "followers_sync", "moderators", "contextHistory", "cards", "data_flow"),
    *("offers", "Collection-Synchronization"),
)
_OBJECTS: Final = (
    *POST_TYPES,
    *ACTOR_NAMES.values(),
    *("Tombstone", "Emoji", "QuoteAuthorization"),
)
SECTIONS: Final[Mapping[str, Iterable[str]]] = {
    "Activities": tuple(HANDLERS),
    "Objects": _OBJECTS,
    "Collections and threads": _COLLECTIONS,
    "Discovery": _DISCOVERY,
    "Signatures and proofs": _SIGNATURES,
}
"""Where a row stands, by the first word of what it is about."""

_HEAD: Final = f"""# What is said between servers, and who showed it

Each row is what a test shows: something that comes in or goes out, what becomes of it, and the
other sides with which the test shows it. *Fedify* is a server built on
[Fedify](https://fedify.dev/), which shares no code with this one and signs in either way; *our
nodes* are several of ours, over HTTP; a *scripted* server behaves by cited rules of the software
that it is named after; *a stranger* is a server that signs and says what the test wants. *Refused*
and *dropped* rows have a twin in which the same is done by who may do it.

This page is generated from the marks above the tests (`{COMMAND}`); a test
fails if it differs, or if a type that is taken in or sent has no row.
"""


class Mark(NamedTuple):
    """One mark above a test: what it is about, in or out, what becomes of it, and who showed it."""

    what: str
    direction: str
    effect: str
    peer: str
    test: str


class Row(NamedTuple):
    """One row of the page."""

    what: str
    direction: str
    effect: str
    peers: tuple[str, ...]


def marks(folder: Path = TESTS) -> list[Mark]:
    """Every mark above the tests of a folder.

    Raises:
        ValueError: a mark is not four literal strings, or says what the page has no place for.
    """
    return [mark for path in sorted(folder.rglob("test_*.py")) for mark in _of_file(path)]


def _of_file(path: Path) -> Iterator[Mark]:
    text = path.read_text()
    if "mark.interop(" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for one in node.decorator_list:
            if isinstance(one, ast.Call) and ast.unparse(one.func) == "pytest.mark.interop":
                yield _mark(one, f"{path.name}::{node.name}")


def _mark(call: ast.Call, test: str) -> Mark:
    given = [*call.args, *(word.value for word in call.keywords if word.arg == "peer")]
    said = [one.value for one in given if isinstance(one, ast.Constant)]
    words = [word for word in said if isinstance(word, str) and word]
    if len(words) != 4 or len(given) != 4:
        raise ValueError(f"{test}: a mark is three literal strings and a peer")
    what, direction, effect, peer = words
    mark = Mark(what, direction, effect, peer, test)
    if mark.direction not in DIRECTIONS:
        raise ValueError(f"{test}: {mark.direction} is no direction")
    if mark.peer not in PEERS:
        raise ValueError(f"{test}: {mark.peer} is no peer")
    if "|" in "".join(words):
        raise ValueError(f"{test}: a bar would end the column")
    section_of(mark)
    return mark


def named(what: str) -> list[str]:
    """Every type that the words before a row's effect name, outermost first in each."""
    return re.findall(r"[A-Z]\w+", what)


def section_of(mark: Mark) -> str:
    """Where a mark's row stands. Raises ValueError."""
    for title, words in SECTIONS.items():
        if any(re.match(rf"{re.escape(word)}\b", mark.what) for word in words):
            return title
    raise ValueError(f"{mark.test}: {mark.what} belongs to no section of tests/support/interop.py")


def rows(found: Iterable[Mark]) -> list[Row]:
    """Marks that say the same of several peers become one row."""
    together: dict[tuple[str, str, str], set[str]] = {}
    for mark in found:
        place = (mark.what, mark.direction, mark.effect)
        together.setdefault(place, set()).add(mark.peer)
    return [
        Row(*place, tuple(sorted(peers, key=PEERS.index)))
        for place, peers in sorted(together.items(), key=lambda one: _order(*one[0]))
    ]


def _order(what: str, direction: str, effect: str) -> tuple[object, ...]:
    no = effect.startswith(("refused", "dropped"))
    return (what.lower(), what, direction, no, effect)


def written(found: Iterable[Mark]) -> str:
    """The page."""
    sections: dict[str, list[Mark]] = {title: [] for title in SECTIONS}
    for mark in found:
        sections[section_of(mark)].append(mark)
    return _HEAD + "".join(_section(title, some) for title, some in sections.items())


def _section(title: str, found: Iterable[Mark]) -> str:
    head = f"\n## {title}\n\n| what | | what becomes of it | shown with |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{row.what}` | {row.direction} | {row.effect} | {', '.join(row.peers)} |\n"
        for row in rows(found)
    )


if __name__ == "__main__":
    PAGE.write_text(written(marks()))
