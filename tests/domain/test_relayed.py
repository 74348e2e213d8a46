"""Words for members on plain servers, and from them; rules of private-groups-observed.md §5."""

import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.html import clean
from domain.relayed import nameless, relayed, without_mention
from domain.text import to_plain
from tests.support.plain import as_stripped

HANDLES = {"lifting", "lifting@hq.example:9710"}
ADDRESSES = {"https://hq.example:9710/a/7", "https://hq.example:9710/@lifting"}
FOREIGN = re.compile(r"@[\w.+-]+@\w")


def said(html: str, *, limit: int = 30_000) -> str:
    return relayed(html, limit=limit)[0]


def test_rule_01_people_are_named_as_plain_text() -> None:
    html = (
        '<p><span class="h-card"><a class="u-url mention" href="https://n3.example/@cy">@<span>cy'
        "</span></a></span> and @bo@far.example:8443 agree</p>"
    )
    assert said(html) == "<p>cy and bo (far.example:8443) agree</p>"


def test_rule_01_a_handle_in_pieces_is_not_put_together_by_who_strips_tags() -> None:
    for html in (
        "<p>ask @bo<b>@far.example</b> now</p>",
        "<p>ask @bo@<em>far.example</em> now</p>",
        "<p>ask @<i>bo</i>@far.example now</p>",
    ):
        assert not FOREIGN.search(as_stripped(said(html)))
        assert "far.example" in said(html)


def test_rule_01_addresses_with_one_at_stay() -> None:
    assert nameless("write to bo@far.example or @bo") == "write to bo@far.example or @bo"


def test_rule_03_only_what_every_server_shows_is_left_and_a_title_has_its_own_line() -> None:
    html = '<p><strong>Safe lifting</strong></p><p>a<br>b <span class="invisible">c</span></p>'
    assert said(html) == "<p><strong>Safe lifting</strong></p><p>a<br>b c</p>"
    link = '<p><a href="https://x.example/?a=1&amp;b=2" rel="nofollow" target="_blank">x</a></p>'
    assert said(link) == '<p><a href="https://x.example/?a=1&amp;b=2">x</a></p>'
    tag = '<p><a class="mention hashtag" href="https://hq.example/tags/x">#<span>x</span></a></p>'
    assert said(tag) == "<p>#x</p>"


def test_rule_03_markup_that_was_text_stays_text() -> None:
    assert said("<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp;</p>") == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp;</p>"
    )


def test_rule_04_long_words_are_cut_and_closed() -> None:
    html = f"<blockquote><p>{'word ' * 5_000}</p></blockquote><p>end</p>"
    words, is_cut = relayed(html, limit=1_000)
    assert is_cut
    assert len(orjson.dumps(words)) <= 1_002  # with the quotes around it
    assert words.startswith("<blockquote><p>word word")
    assert words.endswith("word…</p></blockquote>")
    assert relayed("<p>short</p>", limit=1_000) == ("<p>short</p>", False)


@given(st.text(max_size=400), st.integers(min_value=0, max_value=300))
def test_rule_04_no_text_is_longer_than_its_room_or_names_anybody(text: str, limit: int) -> None:
    html = clean(f'<p>{text}</p><p>@bo@far.example <b>"{text}"</b></p>')
    words, is_cut = relayed(html, limit=limit)
    assert len(orjson.dumps(words)) <= limit + 2
    assert is_cut or "bo (far.example)" in words
    assert not FOREIGN.search(as_stripped(words))
    assert clean(words) == clean(clean(words))


CARD = (
    '<span class="h-card" translate="no"><a href="https://hq.example:9710/@lifting" '
    'class="u-url mention" rel="nofollow noopener noreferrer" target="_blank">@<span>lifting'
    "</span></a></span>"
)
LINK = '<a href="https://hq.example:9710/a/7" rel="nofollow noopener">@lifting@hq.example:9710</a>'
NAMED = '<a href="https://elsewhere.example/x">@lifting@hq.example:9710</a>'
TYPED = "@lifting@hq.example:9710"


@pytest.mark.parametrize("form", [CARD, LINK, NAMED, TYPED], ids=["card", "link", "named", "typed"])
def test_rule_22_the_leading_mention_is_stripped_in_each_form(form: str) -> None:
    def left(html: str) -> str:
        return without_mention(clean(html), handles=HANDLES, addresses=ADDRESSES)

    assert left(f"<p>{form} we use straps</p>") == "<p>we use straps</p>"
    assert left(f"<p>{form}: we use straps</p>") == "<p>we use straps</p>"
    assert left(f"<p><br></p><p>{form}<br>we use straps</p><p><br></p>") == "<p>we use straps</p>"
    assert left(f"<p>{form}</p><p>we use straps</p>") == "<p>we use straps</p>"
    assert left(f"{form} we use straps") == "we use straps"
    assert left(f"<p>{form} {form} twice</p>") == "<p>twice</p>"
    assert not to_plain(left(f"<p>{form}</p>"))


def test_rule_22_other_mentions_and_mentions_further_on_stay() -> None:
    def left(html: str) -> str:
        return without_mention(clean(html), handles=HANDLES, addresses=ADDRESSES)

    other = CARD.replace("lifting", "bo").replace("hq.example", "far.example")
    assert left(f"<p>{other} hello</p>") == clean(f"<p>{other} hello</p>")
    assert left(f"<p>as {CARD} says</p>") == clean(f"<p>as {CARD} says</p>")
    assert left("<p>@liftings hello</p>") == "<p>@liftings hello</p>"
    assert left("<p>plain words</p>") == "<p>plain words</p>"
