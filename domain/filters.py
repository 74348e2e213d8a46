"""What somebody wants folded away or hidden: words and single posts, in places, until some time.

Filters change nothing but how posts are shown to one person. Clients are told which of them match
a post (FilterResult) and do as the filter says, each in the place that it shows.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import Final

from msgspec import Struct


class Place(IntFlag):
    """Where a filter applies (Mastodon API `Filter.context`); numbers are stored."""

    HOME = 1  # home and lists
    NOTIFICATIONS = 2
    PUBLIC = 4  # the public timelines and tags
    THREAD = 8
    ACCOUNT = 16  # somebody's own page


class Action(IntEnum):
    """What is done with a post that matches; numbers are stored."""

    WARN = 1  # it is folded, with the filter's title
    HIDE = 2


class Keyword(Struct, frozen=True, gc=False):
    """Words to look for; `whole_word`: not inside of longer ones."""

    text: str
    whole_word: bool = True


class Filter(Struct, frozen=True, gc=False):
    """Somebody's filter. `until` in ms UTC; None: until it is deleted."""

    id: int
    title: str
    places: Place
    action: Action
    until: int | None = None
    keywords: tuple[Keyword, ...] = ()


class Match(Struct, frozen=True, gc=False):
    """A filter that matches a post, and why: its words, or the post's own id."""

    filter: Filter
    keywords: tuple[str, ...] = ()
    post_ids: tuple[int, ...] = ()


def folded(text: str) -> str:
    """Text as it is compared: without regard to case, form of letters, or line breaks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class _Said:
    """A folded text as keywords ask it; it is taken apart once, if one asks for whole words."""

    __slots__ = ("_apart", "_text", "words")

    def __init__(self, words: str) -> None:
        self.words = words
        self._apart: frozenset[str] | None = None
        self._text = ""

    def has(self, keyword: Keyword) -> bool:
        wanted = _wanted(keyword.text)
        if not wanted:
            return False
        if not keyword.whole_word:
            return wanted in self.words
        if self._apart is None:
            apart: list[str] = _PARTS.findall(self.words)
            self._apart, self._text = frozenset(apart), _joined(apart)
        parts = _parts_of(wanted)
        if len(parts) == 1:
            return wanted in self._apart
        return self._apart.issuperset(parts) and _joined(parts) in self._text


def found_in(words: str, keywords: Sequence[Keyword]) -> tuple[str, ...]:
    """Those of the keywords that a folded text has, as they were typed."""
    return _found(_Said(words), keywords)


def _found(said: _Said, keywords: Sequence[Keyword]) -> tuple[str, ...]:
    return tuple(keyword.text for keyword in keywords if said.has(keyword))


def is_one_word(keyword: Keyword) -> bool:
    """Whether it costs nothing to look for it, however many there are: one whole word."""
    return keyword.whole_word and len(_parts_of(_wanted(keyword.text))) == 1


def matching(
    filters: Iterable[Filter],
    words: str,
    named: Collection[tuple[int, int]] = (),
    *,
    post_ids: Sequence[int] = (),
) -> tuple[Match, ...]:
    """The filters that match a post with these words, already folded.

    `post_ids`: the post's ids, of a share its own too; `named`: which filters name which posts.
    """
    said = _Said(words)
    found = (
        Match(
            each,
            _found(said, each.keywords),
            tuple(one for one in post_ids if (each.id, one) in named),
        )
        for each in filters
    )
    return tuple(match for match in found if match.keywords or match.post_ids)


_KEPT: Final = 4096
_wanted = lru_cache(_KEPT)(folded)


# Each sign stands alone, so that beside one there is no border: "#safety", "c++" (Mastodon API
# guidelines). Whole words are compared, never searched for by an expression: nothing that people
# type makes it slow (D rows).
_PARTS: Final = re.compile(r"\w+|\W")


@lru_cache(_KEPT)
def _parts_of(wanted: str) -> tuple[str, ...]:
    return tuple(_PARTS.findall(wanted))


def _joined(parts: Iterable[str]) -> str:
    return "\0" + "\0".join(parts) + "\0"
