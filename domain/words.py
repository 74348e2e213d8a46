"""The words of a text, as a search compares them, and what somebody who searches asks for.

A word is a run of letters and digits without its accents, in lower case. Scripts that put no space
between words are cut into pairs of characters, so that any part of a sentence is found.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Any, Final

from msgspec import Struct

from domain.handles import Acct, parse_acct

LONGEST_WORD: Final = 60
MOST_WORDS: Final = 600
"""Words of one text that are looked at."""

MOST_ASKED: Final = 8
"""Words of one question that are looked at."""

DAY_MS: Final = 86_400_000
_SHORTEST_BEGINNING: Final = 3

# Signs of Indic and South-East Asian scripts are letters to their readers, not to `\\w`.
_WORD: Final = re.compile(
    "(?:[^\\W_]|[\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])+"
)
# All that is no letter or digit among plain letters, as a space: what `_WORD` finds between them.
_BETWEEN: Final = {code: " " for code in range(128) if not chr(code).isalnum()}
# Han, Kana and the like: written without spaces. Hangul has them.
_UNSPACED: Final = re.compile(
    "([\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]+)"
)
# Accents, and the vowel signs of Hebrew and Arabic, which most people leave out.
_MARK: Final = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]")


class Question(Struct, frozen=True):
    """What somebody searches for. Times are ms UTC; what is not asked is None.

    `words` all stand in the post, `beginning` begins one of its words, `without` do not stand in
    it. `author`: "me", or a handle.
    """

    words: tuple[str, ...] = ()
    beginning: str | None = None
    without: tuple[str, ...] = ()
    author: str | Acct | None = None
    after: int | None = None
    before: int | None = None
    language: str | None = None
    has_files: bool | None = None
    has_poll: bool | None = None
    is_reply: bool | None = None
    is_sensitive: bool | None = None

    @property
    def asks_for_words(self) -> bool:
        """Whether there is a word to look up: without one nothing is searched."""
        return bool(self.words or self.beginning)


def fold(text: str) -> str:
    """Lower case without accents, wide and joined letters as plain ones."""
    if text.isascii():
        return text.lower()  # the same
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _MARK.sub("", decomposed)).casefold()


def words(text: str) -> list[str]:
    """The words of a text, each once, in order; at most `MOST_WORDS`."""
    folded = fold(text)
    if folded.isascii():  # 2 kB in 8 µs instead of 70
        runs = dict.fromkeys(folded.translate(_BETWEEN).split())
        return list(dict.fromkeys(run[:LONGEST_WORD] for run in runs))[:MOST_WORDS]
    found: dict[str, None] = {}
    for match in _WORD.finditer(folded):
        for word in _parts(match[0]):
            found[word[:LONGEST_WORD]] = None
        if len(found) >= MOST_WORDS:
            break
    return list(found)[:MOST_WORDS]


def _parts(run: str) -> list[str]:
    if run.isascii():
        return [run]
    parts: list[str] = []
    for piece in _UNSPACED.split(run):
        if _UNSPACED.match(piece) is None:
            parts += [piece] if piece else []
        elif len(piece) == 1:
            parts.append(piece)
        else:
            parts += [piece[at : at + 2] for at in range(len(piece) - 1)]
    return parts


def question(text: str) -> Question:
    """What was typed into a search field, with the operators that Mastodon documents.

    `from:`, `before:`, `after:`, `during:`, `language:`, `has:media|poll`, `is:reply|sensitive`; a
    minus before a word or an operator of the last two kinds says no. What is no operator is a word.
    The last word counts as a beginning too, since somebody may still be typing it.
    """
    plain: list[str] = []
    without: list[str] = []
    asked: dict[str, Any] = {}
    for token in text.split():
        bare = token.removeprefix("-")
        found = _operator(bare, no=bare != token)
        if found is not None:
            asked |= found
        elif bare != token:
            without += words(bare)
        else:
            plain += words(token)
    whole = tuple(dict.fromkeys(plain))[:MOST_ASKED]
    beginning = None
    if whole and len(whole[-1]) >= _SHORTEST_BEGINNING and not text[-1:].isspace():
        whole, beginning = whole[:-1], whole[-1]
    return Question(
        words=whole,
        beginning=beginning,
        without=tuple(dict.fromkeys(without))[:MOST_ASKED],
        **asked,
    )


def _operator(token: str, *, no: bool) -> dict[str, Any] | None:
    name, colon, value = token.partition(":")
    if not colon or not value:
        return None
    if name == "from":
        author = "me" if value == "me" else parse_acct(value)
        return None if author is None else {"author": author}
    if name in {"before", "after", "during"}:
        return _days(name, value)
    if name == "language" and value.isalpha():
        return {"language": value.lower()}
    flags = {
        ("has", "media"): "has_files",
        ("has", "poll"): "has_poll",
        ("is", "reply"): "is_reply",
        ("is", "sensitive"): "is_sensitive",
    }
    flag = flags.get((name, value))
    return None if flag is None else {flag: not no}


def _days(name: str, value: str) -> dict[str, Any] | None:
    try:
        day = date.fromisoformat(value)
        begins = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None
    if name == "before":
        return {"before": begins}
    ends = begins + DAY_MS
    return {"after": ends} if name == "after" else {"after": begins, "before": ends}
