"""What is found in plain text, its HTML, its length, and the way back; nothing takes long."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.html import clean
from domain.text import (
    LONGEST_TAG,
    MOST_FINDS,
    Mentioned,
    fold_tag,
    hashtags,
    length,
    mentions,
    pieces,
    to_html,
    to_plain,
    urls,
)
from tests.support.timing import is_quick

PEOPLE = {
    "ana": Mentioned("https://h.example/@ana", "ana"),
    "bo@lab.example:8443": Mentioned('https://lab.example:8443/@bo?"', "bo@lab.example:8443"),
}


def html(text: str) -> str:
    return to_html(text, PEOPLE, lambda tag: f"https://h.example/tags/{tag}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@ana", ["ana"]),
        ("(@ana), @Ana! @bo.", ["Ana", "bo"]),
        ("@ana@lab.example:8443: hi", ["ana@lab.example:8443"]),
        ("@ana@lab.example. Then", ["ana@lab.example"]),
        ("@ana@lab.example:99999999", ["ana@lab.example"]),
        ("@safe-lifting, @a.b_", ["safe-lifting", "a.b_"]),
        ("@ana- @bo@-x", ["ana", "bo"]),
        ("@ana@münchen.example", ["ana@xn--mnchen-3ya.example"]),
        ("@a@b@c", ["a@b"]),
        ("mail ana@lab.example, x@y", []),
        ("https://x.example/@ana /@ana =@ana", []),
        ("@ @- @@", []),
        ("@" + "a" * 201, []),
    ],
)
def test_mentions_are_found(text: str, found: list[str]) -> None:
    assert [str(acct) for acct in mentions(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#one #Two, #one", ["one", "Two"]),
        ("#été #हिन्दी #日本語 #e\u0301a", ["été", "हिन्दी", "日本語", "e\u0301a"]),
        ("#wol7 #2fa #1 #123", ["wol7", "2fa"]),
        ("#a·b #a· #·a", ["a·b", "a"]),
        ("x#y &#39; /#z ##w", []),
        ("https://x.example/#frag", []),
        ("#" + "a" * (LONGEST_TAG + 1), []),
        ("#" + "a" * LONGEST_TAG, ["a" * LONGEST_TAG]),
    ],
)
def test_hashtags_are_found(text: str, found: list[str]) -> None:
    assert hashtags(text) == found


def test_tags_fold() -> None:
    assert fold_tag("ＷＯＬ") == fold_tag("wol")
    assert hashtags("#Wol #wOL") == ["Wol"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://x.example/a?b=1#c.", ["https://x.example/a?b=1#c"]),
        ("(https://x.example/a_(b))", ["https://x.example/a_(b)"]),
        ('"http://x.example", HTTPS://Y.example!', ["http://x.example", "HTTPS://Y.example"]),
        ("https://x.example/é/日本。", ["https://x.example/é/日本"]),
        ("https://[::1]/ https://x.example/@ana", ["https://[::1]/", "https://x.example/@ana"]),
        ("https:// https://. xhttps://y ftp://x javascript:alert(1)", []),
        ("https://x.example/\u202egpj", ["https://x.example/"]),
        ("https://bank.example@evil.example https://a:b@evil.example/ https://a@", []),
        ("https://x.example:8443/a https://x.example:99999/", ["https://x.example:8443/a"]),
        ("https://x.example: see", ["https://x.example"]),
    ],
)
def test_addresses_are_found(text: str, found: list[str]) -> None:
    assert urls(text) == found


def test_html_has_paragraphs_and_breaks() -> None:
    assert html("a\nb\r\n\r\n\n\nc\n") == "<p>a<br>b</p><p>c</p>"
    assert html("") == ""


def test_H01_typed_markup_is_text() -> None:
    assert html('<script>alert(1)</script> & "x"') == (
        '<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; "x"</p>'
    )


def test_html_of_a_mention() -> None:
    assert html("hi @ANA!") == (
        '<p>hi <span class="h-card" translate="no"><a class="u-url mention"'
        ' href="https://h.example/@ana" target="_blank" rel="nofollow noopener noreferrer">'
        "@<span>ana</span></a></span>!</p>"
    )
    assert "?&quot;" in html("@bo@lab.example:8443")


def test_a_mention_of_somebody_who_may_not_read_is_plain_text() -> None:
    assert html("hi @zed and @bo@lab.example") == "<p>hi @zed and @bo@lab.example</p>"


def test_html_of_a_tag() -> None:
    assert html("#Wol7") == (
        '<p><a class="mention hashtag" href="https://h.example/tags/wol7" target="_blank"'
        ' rel="nofollow noopener noreferrer">#<span>Wol7</span></a></p>'
    )


def test_html_of_an_address_shows_thirty_characters() -> None:
    long = "https://www.example.org/" + "a" * 30
    assert html(long) == (
        f'<p><a href="{long}" translate="no" target="_blank" rel="nofollow noopener noreferrer">'
        '<span class="invisible">https://www.</span>'
        f'<span class="ellipsis">example.org/{"a" * 18}</span>'
        f'<span class="invisible">{"a" * 12}</span></a></p>'
    )
    assert "ellipsis" not in html("https://example.org/" + "a" * 18)


def test_H02_an_address_cannot_leave_its_attribute() -> None:
    made = html("https://x.example/'onclick=alert(1)&b https://x.example/\"onclick=x")
    assert "&#x27;onclick" in made
    assert '"onclick' not in made.replace('</a>"onclick', "")
    assert clean(made) == clean(clean(made))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("abc", 3),
        ("https://example.org/" + "a" * 500, 23),
        ("a https://x.example b", 27),
        ("@bo@lab.example:8443", 3),
        ("@bo", 3),
        ("#tag\n", 5),
        ("e\u0301", 1),
        ("👩‍🏫", 1),
        ("👍🏽", 1),
        ("🇩🇪🇫🇷", 2),
        ("हिन्दी", 3),
    ],
)
def test_length_is_counted_as_mastodon_does(text: str, count: int) -> None:
    assert length(text) == count


def test_plain_text_of_html() -> None:
    rich = "<h2>T</h2><p>a<br>b &amp; <b>c</b></p><ul><li>x</li><li>y</li></ul><script>no</script>z"
    assert to_plain(rich) == "T\n\na\nb & c\n\nx\ny\nz"
    assert to_plain("") == ""


def test_addresses_come_back_whole() -> None:
    text = "see https://www.example.org/" + "a" * 60 + "\n#tag @ana\n\nend"
    assert to_plain(html(text)) == text


HREF = re.compile(r' href="([^"]*)"')
WORDS = st.sampled_from(
    [
        "@",
        "#",
        "a",
        "ana",
        "@ana",
        "@bo@lab.example:8443",
        "https://",
        "x.example/",
        ".",
        "-",
        ":",
        "(",
        ")",
        "é",
        "·",
        "\n",
        " ",
        "<",
        "&",
        '"',
        "'",
        "\u202e",
        "\u200d",
        "1",
        "/",
        "[",
        "]",
        "\x00",
        "e\u0301",
    ]
)
TEXTS = st.lists(WORDS, max_size=25).map("".join) | st.text()


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_pieces_joined_are_the_text_and_html_is_clean(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text
    made = html(text)
    # The cleaner knows more impossible hosts than we do, and takes their address away.
    assert HREF.sub("", clean(made)).replace("&nbsp;", "\xa0") == HREF.sub("", made)
    assert all(found.startswith(("https://", "HTTPS://")) for found in HREF.findall(made))


def test_after_many_finds_the_rest_is_plain() -> None:
    assert len(hashtags(" ".join(f"#t{n}" for n in range(MOST_FINDS + 10)))) == MOST_FINDS


UNITS = [
    "@",
    "@a",
    "@a@",
    "@a@a",
    "@a@a ",
    "#",
    "#a",
    "#a ",
    "#·",
    "#1 ",
    "https://",
    "https://a ",
    "http",
    ":",
    "::a",
    ":aa:",
    "a",
    "@a.",
    "@a-",
    "@é",
    "@a@é ",
    "@a@é.é ",
    "#é",
    "<",
    "\n",
    "e\u0301",
    "\u200d",
    "🇩🇪",
    "@a:1",
    ".@a",
    "https://a)))",
    "https://[",
    "🏽",
    "<p>",
    "<ol><li>",
    "&",
    "<br>",
    "<!--",
]
LONG = {
    "name": "@" + "a" * 50_000,
    "host": "@a@" + "a" * 50_000,
    "dots": "@a@a" + "." * 50_000,
    "digits": "#" + "1" * 50_000,
    "closing": "https://a" + ")" * 50_000,
    "opening": "https://a" + "(" * 50_000,
    "colon": ":" + "a" * 50_000,
    "hosts": " ".join(f"@a@é{n}.x" for n in range(5000)),
    "wide hosts": " ".join(f"@a@{'é.' * 45}x" for _ in range(500)),
    "wider hosts": " ".join(f"@a@{'ü' * 200}x" for _ in range(250)),
}
TASKS: list[Callable[[str], Any]] = [mentions, hashtags, urls, length, html, to_plain]


@pytest.mark.parametrize("task", TASKS)
def test_D16_50_kB_of_anything_is_read_quickly(task: Callable[[str], Any]) -> None:
    worst = {unit: (unit * 50_000)[:50_000] for unit in UNITS} | LONG
    for name, text in worst.items():
        assert is_quick(partial(task, text), seconds=0.05), name
