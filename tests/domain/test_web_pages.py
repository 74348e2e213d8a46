"""What is read from web pages: texts and addresses, whatever the page sends."""

from functools import partial

import pytest

from domain.addresses import parse_url
from domain.web_pages import (
    LONGEST_TITLE,
    Said,
    is_page,
    linked_pages,
    page_address,
    read_page,
    with_oembed,
)
from tests.support.timing import is_quick

HERE = parse_url("https://www.paper.example/a/b?c=1")
HTML = "text/html; charset=utf-8"


def said(html: str | bytes, content_type: str = HTML) -> Said:
    body = html if isinstance(html, bytes) else html.encode()
    return read_page(body, content_type, HERE).said


def test_opengraph_is_read_whole() -> None:
    found = read_page(
        b"""<!doctype html><html><head><title>Not this</title>
        <meta property="og:title" content="Learning  out\nloud">
        <meta property="og:description" content="Why &amp; how">
        <meta property="og:site_name" content="The Paper">
        <meta property="og:image" content="/pictures/1.png">
        <meta property="og:image:width" content="1200">
        <meta property="og:image:height" content="630px">
        <meta name="author" content="Ana Lee">
        <meta property="article:published_time" content="2026-01-02T03:04:05Z">
        <link rel="alternate" type="application/json+oembed" href="https://paper.example/oembed?u=1">
        </head></html>""",
        HTML,
        HERE,
    )
    assert found.said == Said(
        title="Learning out loud",
        description="Why & how",
        provider_name="The Paper",
        provider_url="https://www.paper.example",
        author_name="Ana Lee",
        author_url="",
        image="https://www.paper.example/pictures/1.png",
        width=1200,
        height=630,
        published_at=1767323045000,
    )
    assert found.oembed == "https://paper.example/oembed?u=1"


def test_a_page_without_opengraph_has_its_title_and_its_host() -> None:
    found = said("<title>Plain &lt;b&gt;</title><meta name=description content='About it'>")
    assert (found.title, found.description) == ("Plain <b>", "About it")
    assert (found.provider_name, found.image) == ("paper.example", "")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<title>Gr\u00fc\u00dfe</title>".encode("iso-8859-1"), "text/html; charset=ISO-8859-1"),
        ("<meta charset='shift_jis'><title>\u8aad\u66f8</title>".encode("shift_jis"), "text/html"),
        ("<title>Gr\u00fc\u00dfe</title>".encode(), "text/html; charset=rot13"),
        ("<title>Gr\u00fc\u00dfe</title>".encode(), "text/html; charset=punycode"),
        ("<title>Gr\u00fc\u00dfe</title>".encode(), "text/html; charset=iso-8859-12"),
        ("<meta charset=windows-1259><title>Gr\u00fc\u00dfe</title>".encode(), "text/html"),
    ],
    ids=["latin", "japanese", "no_encoding", "no_encoding_of_pages", "no_12", "no_1259"],
)
def test_pages_in_their_encodings(body: bytes, content_type: str) -> None:
    assert said(body, content_type).title in {"Gr\u00fc\u00dfe", "\u8aad\u66f8"}


@pytest.mark.parametrize(
    "image",
    [
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "http://[::1",
        "x" * 3000,
    ],
)
def test_H06_addresses_that_are_none_are_left_out(image: str) -> None:
    assert said(f"<meta property='og:image' content='{image}'><title>t</title>").image == ""


def test_H06_markup_in_texts_stays_text_and_controls_go() -> None:
    found = said(
        "<meta property='og:title' content='&lt;script&gt;x&lt;/script&gt;\u202eabc\x07'>"
        f"<meta name='description' content='{'y' * 9000}'>"
    )
    assert found.title == "<script>x</script>abc"
    assert len(found.description) <= 600
    assert len(said(f"<title>{'z' * 9000}</title>").title) == LONGEST_TITLE


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("9999-12-31T23:59:59-12:00", None),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ("1969-01-01", None),
        ("soon", None),
    ],
    ids=["year_10000", "last", "before", "none"],
)
def test_D16_a_page_was_published_at_a_moment_that_can_be_told(told: str, at: int | None) -> None:
    html = f'<meta property="article:published_time" content="{told}"><title>x</title>'
    assert said(html).published_at == at


@pytest.mark.parametrize(
    "part",
    [
        *("<ul><li>", "<div>", "<", "<meta ", "<meta>", "<meta '", '<meta x="', "<link a='\""),
        *(
            "<!-",
            "<!--",
            "<title>",
            "<script>",
            "<style ",
            "<meta a= ",
            "<meta =",
            "a" * 9,
            "&#9999999",
        ),
    ],
)
def test_D16_no_page_is_slow_to_look_through(part: str) -> None:
    long = f"<meta property=og:title content='&#{'9' * 5000}"
    for start in ("", "<title>", "<meta content=", long):
        page = start + part * ((1 << 20) // len(part))
        assert is_quick(partial(said, page), seconds=1)


def test_only_the_head_of_a_page_counts_and_what_is_shown_of_it() -> None:
    found = said(
        "<!-- <title>no</title> --><!--><script>'<title>no</title>'</script><STYLE x='>'>\n"
        "<title>no</title></STYLE><Title lang=en>One\n &lt; <i>two</i></Title>"
        "<meta content='It\"s > <b>' name=description ><meta name=author content=O'Neill>"
        "<meta name=author content=second /><metadata name=x>"
        "<body><meta property='og:title' content='of the body'><title>no</title>"
    )
    assert (found.title, found.description) == ("One < <i>two</i>", 'It"s > <b>')
    assert found.author_name == "O'Neill"


def test_oembed_gives_texts_and_never_its_html() -> None:
    body = (
        b'{"type":"video","html":"<iframe src=//evil.example></iframe>","title":"T",'
        b'"author_name":"Bo","author_url":"https://tube.example/bo","provider_name":"Tube",'
        b'"thumbnail_url":"https://tube.example/1.jpg","thumbnail_width":480,"thumbnail_height":360}'
    )
    found = with_oembed(Said(title="Mine", provider_name="tube.example"), body, HERE)
    assert found == Said(
        title="Mine",
        provider_name="Tube",
        author_name="Bo",
        author_url="https://tube.example/bo",
        image="https://tube.example/1.jpg",
        width=480,
        height=360,
    )
    for broken in (b"", b"[]", b"{", b'{"title":3,"thumbnail_url":"javascript:x"}'):
        assert with_oembed(Said(title="Mine"), broken, HERE) == Said(title="Mine")


def test_D16_no_words_are_slow_to_look_through() -> None:
    for html in ('<a "' * 20_000, '<a href="x' * 9_000, '<p class="quote-inline">' * 4_000 + "<a "):
        assert is_quick(partial(linked_pages, html), seconds=1)


def test_only_links_of_the_text_count_no_people_tags_or_quotes() -> None:
    html = (
        '<p class="quote-inline">RE: <a href="https://q.example/1">q</a></p>'
        '<p><a class="u-url mention" href="https://a.example/@bo">@bo</a>'
        '<a class="mention hashtag" href="https://a.example/tags/x">#x</a>'
        '<a title="b" href="https://one.example/?a=1&amp;b=2" rel="x">1</a>'
        '<span class="quote-inline"><a href="https://q.example/2">q</a></span>'
        '<a href="https://two.example/">2</a></p>'
    )
    assert linked_pages(html) == ["https://one.example/?a=1&b=2", "https://two.example/"]
    assert linked_pages("<p>no link</p>") == []


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("https://Paper.Example/a#part", "https://paper.example/a"),
        ("mailto:x@paper.example", None),
        ("https://user:pw@paper.example/", None),
        ("https://paper.example/" + "x" * 3000, None),
    ],
    ids=["one_spelling", "no_page", "user_part", "too_long"],
)
def test_addresses_in_their_one_spelling(text: str, known: str | None) -> None:
    found = page_address(text)
    assert (None if found is None else str(found)) == known


def test_what_is_a_page() -> None:
    assert is_page("text/html")
    assert is_page("Application/XHTML+xml; charset=x")
    assert not is_page("application/pdf")
    assert not is_page("")
