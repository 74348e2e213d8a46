"""What filters find in words, and what they leave alone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import filters
from domain.filters import (
    Action,
    Filter,
    Keyword,
    Place,
    folded,
    found_in,
    is_one_word,
    matching,
)
from tests.support.timing import is_quick


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("lift", "How to LIFT safely"),
        ("safe lifting", "safe\n  lifting"),
        ("#safety", "About #Safety."),
        ("c++", "I like C++!"),
        ("straße", "In der STRASSE"),
        ("ﬁre", "fire"),
        ("e\u0301clair", "Un \u00e9clair"),
        ("😀", "so 😀 so"),
    ],
    ids=["case", "blanks", "tag", "signs", "sharp-s", "ligature", "accents", "emoji"],
)
def test_a_keyword_is_found_however_it_is_written(keyword: str, text: str) -> None:
    assert found_in(folded(text), [Keyword(keyword)]) == (keyword,)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [("lift", "shoplifting"), ("lift", "lifts"), ("#safe", "#safety"), ("a.b", "axb"), ("x", "")],
)
def test_a_whole_word_is_not_found_inside_of_others(keyword: str, text: str) -> None:
    assert found_in(folded(text), [Keyword(keyword)]) == ()


def test_part_of_a_word_is_found_where_that_is_wanted() -> None:
    assert found_in("shoplifting", [Keyword("lift", whole_word=False)]) == ("lift",)
    assert found_in("anything", [Keyword(" ", whole_word=False)]) == ()


def test_only_filters_that_match_are_named_and_why() -> None:
    words = Filter(1, "Words", Place.HOME, Action.WARN, None, (Keyword("one"), Keyword("two")))
    posts = Filter(2, "Posts", Place.THREAD, Action.HIDE)
    named = {(2, 7), (1, 8)}
    [by_word, by_post] = matching([words, posts], "one three", named, post_ids=(7, 9))
    assert (by_word.filter.id, by_word.keywords, by_word.post_ids) == (1, ("one",), ())
    assert (by_post.filter.id, by_post.keywords, by_post.post_ids) == (2, (), (7,))
    assert matching([words, posts], "three", named, post_ids=(9,)) == ()


def test_no_keyword_takes_long() -> None:
    """What is hard for expressions that are no literals ends before the test's own limit."""
    text = folded("a" * 50_000 + "!")
    keywords = [
        Keyword("(a+)+$" * 80),
        Keyword("a" * 500 + "b", whole_word=False),
        Keyword("a" * 9),
    ]
    assert found_in(text, keywords) == ()


@given(
    st.text("ab1_ .#\0é", max_size=30).map(folded), st.text("ab1_ .#\0é", min_size=1, max_size=6)
)
def test_a_whole_word_has_borders_where_letters_are(words: str, typed: str) -> None:
    wanted = folded(typed)
    before = r"(?<!\w)" if re.match(r"\w", wanted) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", wanted) else ""
    there = re.search(f"{before}{re.escape(wanted)}{after}", words) is not None
    assert found_in(words, [Keyword(typed)]) == ((typed,) if there and wanted else ())


def test_D07_as_many_keywords_as_there_may_be_are_found_in_no_time() -> None:
    """A page of long posts: matching is done where everybody's pages are read."""
    many = tuple(Keyword("a" * length) for length in range(1, 501))
    [wanted] = [Filter(1, "Words", Place.HOME, Action.WARN, None, many)]

    def page() -> None:
        filters._parts_of.cache_clear()
        for number in range(40):
            assert matching([wanted], folded("a" * 4980 + str(number))) == ()

    assert is_quick(page, seconds=0.5)


@pytest.mark.parametrize(
    ("keyword", "one"),
    [
        (Keyword("Lift"), True),
        (Keyword("lift", whole_word=False), False),
        (Keyword("lift it"), False),
        (Keyword("😀"), True),
        (Keyword("c++"), False),
    ],
    ids=["word", "part", "phrase", "sign", "signs"],
)
def test_what_is_one_word(keyword: Keyword, one: bool) -> None:
    assert is_one_word(keyword) is one
