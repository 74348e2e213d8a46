"""Shortcodes in texts: found where they are meant, and kept small."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.emojis import (
    MOST_EMOJIS,
    Emoji,
    is_own_shortcode,
    is_shortcode,
    packed,
    unpacked,
    used_in,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a :blob: and :neko-smile:", ["blob", "neko-smile"]),
        ("<p>:blob:</p>", ["blob"]),
        (":a::b:", []),
        ("10:30:45 and http://x.example:80/:y", []),
        (":one::", []),
        ("x:blob:", []),
        ("(:blob:)", ["blob"]),
        (":blob: :blob:", ["blob"]),
        ("none", []),
    ],
)
def test_shortcodes_in_texts(text: str, found: list[str]) -> None:
    assert used_in(text) == found


def test_D07_no_text_uses_more_than_there_can_be() -> None:
    assert len(used_in(" ".join(f":e{number}:" for number in range(900)))) == MOST_EMOJIS


def test_D16_no_text_is_slow() -> None:
    for text in (":" * 100_000, ":a" * 50_000, f":{'a' * 100_000}", ":a:" * 30_000):
        assert len(used_in(text)) <= MOST_EMOJIS


@pytest.mark.parametrize("name", ["blob", "a", "x" * 64, "neko-smile.2+1", "_x"])
def test_names_that_others_may_use(name: str) -> None:
    assert is_shortcode(name)


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "ä", '"', "<b>", ":a:", "-a", "a\n"])
def test_H06_names_that_nobody_may_use(name: str) -> None:
    assert not is_shortcode(name)
    assert not is_own_shortcode(name)


def test_our_own_names_are_what_mastodon_understands() -> None:
    assert is_own_shortcode("blob_cat2")
    assert not is_own_shortcode("a")
    assert not is_own_shortcode("blob-cat")
    assert not is_own_shortcode("x" * 41)


@given(st.lists(st.tuples(st.from_regex(r"\A[a-z0-9_]{1,20}\Z"), st.text(max_size=40))))
def test_what_is_kept_is_what_is_read(pairs: list[tuple[str, str]]) -> None:
    made = tuple(Emoji(*pair) for pair in pairs if "\ud800" not in pair[1])
    assert unpacked(packed(made)) == made
    assert (packed(made) == b"") is not bool(made)
