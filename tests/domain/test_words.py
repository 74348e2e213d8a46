"""The words of texts, and what people type into a search field."""

import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.handles import Acct
from domain.words import LONGEST_WORD, MOST_ASKED, MOST_WORDS, Question, fold, question, words
from tests.support.timing import is_quick

_ANY_WORD = re.compile(r"[^\W_]+")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Safe lifting, SAFE!", ["safe", "lifting"]),
        ("Größe café ﬁne Straße", ["grosse", "cafe", "fine", "strasse"]),
        ("#SafeLifting @ana@lab.example", ["safelifting", "ana", "lab", "example"]),
        ("don't snake_case 3D", ["don", "t", "snake", "case", "3d"]),
        ("学習する", ["学習", "習す", "する"]),
        ("字 a字b", ["字", "a", "b"]),
        ("한국어 공부", ["한국어", "공부"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("\u05e9\u05b8\u05dc\u05d5\u05b9\u05dd", ["\u05e9\u05dc\u05d5\u05dd"]),
        ("", []),
        ("-- … ☃", []),
    ],
)
def test_words_are_what_people_compare(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_what_is_written_and_what_is_asked_fold_alike() -> None:
    assert fold("ÄÖ") == fold("äö") == fold("a\u0308o\u0308")
    asked = question("ＳＡＦＥ ")
    assert asked.words == tuple(words("safe"))


def test_D16_long_texts_are_cut_and_quick() -> None:
    for text in ("a" * 50_000, "ä " * 20_000, "字" * 50_000, "x1 " * 20_000):
        found = words(text)
        assert len(found) <= MOST_WORDS
        assert all(len(word) <= 60 for word in found)
        assert len(question(text).words) <= MOST_ASKED
        assert is_quick(partial(words, text), seconds=0.5)
        assert is_quick(partial(question, text), seconds=0.5)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("safe lift", Question(words=("safe",), beginning="lift")),
        ("safe lift ", Question(words=("safe", "lift"))),
        ("up", Question(words=("up",))),
        ("-crane safe ", Question(words=("safe",), without=("crane",))),
        ("from:me a", Question(words=("a",), author="me")),
        ("from:@ana@lab.example a", Question(words=("a",), author=Acct("ana", "lab.example"))),
        ("from:@@ a", Question(words=("from", "a"))),
        ("has:media -is:reply a", Question(words=("a",), has_files=True, is_reply=False)),
        ("language:DE a", Question(words=("a",), language="de")),
        ("during:1970-01-02 a", Question(words=("a",), after=86_400_000, before=172_800_000)),
        ("before:1970-01-02 a", Question(words=("a",), before=86_400_000)),
        ("after:1970-01-01 a", Question(words=("a",), after=86_400_000)),
        ("before:soon a", Question(words=("before", "soon", "a"))),
        ("is:fun a", Question(words=("is", "fun", "a"))),
        ("-", Question()),
        ("", Question()),
    ],
)
def test_questions_are_understood(typed: str, asked: Question) -> None:
    assert question(typed) == asked


def test_a_question_without_a_word_asks_for_nothing() -> None:
    assert not question("from:me has:media -crane").asks_for_words
    assert question("a").asks_for_words


@given(text=st.text(st.characters(max_codepoint=127), max_size=400))
def test_plain_letters_are_read_as_all_others(text: str) -> None:
    """Texts of plain letters go a shorter way; the pattern that others go by finds the same."""
    found = dict.fromkeys(run[:LONGEST_WORD] for run in _ANY_WORD.findall(text.casefold()))
    assert words(text) == list(found)[:MOST_WORDS]
    assert [*words(f"{text} é")] == [*words(text), *(["e"] if "e" not in found else [])][
        :MOST_WORDS
    ]
