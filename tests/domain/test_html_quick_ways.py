"""What is looked at less closely because little can be in it: the same as if it were."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import html
from domain.html import MOST_TAGS, bounded, clean, clean_inline

HTML = st.lists(
    st.sampled_from(
        [
            *("<p>", "</p>", "<br>", "<br/>", "<a href='https://b.example'>", "</a>", "<span>"),
            *(
                "<strong>",
                "</em>",
                "<em\n>",
                "<pre>",
                "<s",
                "<STRONG>",
                "<astro>",
                "</",
                "<",
                "<b>",
            ),
            *("&", "&amp;", "&#60;", "&#x3c;b&#62;", "#", "&lt;", "x", " ", "é"),
        ]
    ),
    max_size=12,
).map("".join)


@given(
    st.text(max_size=30)
    | st.text("aB &<:\t\n\x00\x0b\x1c\x1f\x7f\x85\xa0\u2028\u202eé", max_size=30)
    | st.text("ab  ", max_size=60),
    st.integers(1, 12),
)
@example(" a  b ", 3)
@example("", 5)
def test_a_plain_line_is_cleaned_like_any(text: str, limit: int) -> None:
    rough = html._CONTROLS.sub("", html._BLANKS.sub(" ", text[: 4 * limit]))
    slowly = unicodedata.normalize("NFC", " ".join(rough.split()))[:limit].strip()
    assert clean_inline(text, limit=limit) == slowly


@given(HTML)
def test_another_pass_is_made_for_the_same_texts(rough: str) -> None:
    together = re.compile(r"<(?!/?(?:p|br|a|span|strong|em)[\s/>])|&#")
    assert html._may_change_again(rough) is (together.search(rough) is not None)
    assert clean(clean(rough)) == clean(rough)


@pytest.mark.parametrize("opening", ["<b", "<b>", "< <b", "<1<b", "</b><b>", "<<b"])
@pytest.mark.parametrize("more", [-2, -1, 0, 1, 2])
def test_D16_tags_are_counted_exactly_where_there_may_be_too_many(opening: str, more: int) -> None:
    text = "x" + opening * (MOST_TAGS + more)
    starts = [found.start() for found in re.finditer("<[A-Za-z]", text)]
    whole = len(starts) <= MOST_TAGS
    assert bounded(text) == (text if whole else text[: starts[MOST_TAGS]])
