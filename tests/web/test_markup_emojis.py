"""H06: emoji on pages are pictures of this node in text, and never markup in a tag."""

import pytest

from web.pages.markup import cleaned, named

HERE = {"blob": "http://hq.example/emoji/blob-1.png"}


def test_a_shortcode_in_text_is_a_picture_with_its_word() -> None:
    found = cleaned("<p>a :blob: b :other:</p>", HERE)
    assert found == (
        '<p>a <img class="emoji" src="http://hq.example/emoji/blob-1.png" alt=":blob:"'
        ' title=":blob:"> b :other:</p>'
    )
    assert cleaned("<p>:blob:</p>") == "<p>:blob:</p>"


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://x.example/ :blob: ">x</a>',
        '<a href="https://x.example/" title=" :blob: ">x</a>',
        '<a href="https://x.example/?a=>&b= :blob: ">x</a>',
        '<a title="> :blob: " href="https://x.example/">x</a>',
    ],
)
def test_H06_nothing_is_put_into_a_tag(html: str) -> None:
    assert "<img" not in cleaned(html, HERE)
    assert "<img" in cleaned(f"{html} :blob: ", HERE)


@pytest.mark.parametrize("address", ['x" onerror="alert(1)', "x'><script>alert(1)</script>"])
def test_H06_an_address_does_not_break_out(address: str) -> None:
    for made in (cleaned("<p>:blob:</p>", {"blob": address}), named(":blob:", {"blob": address})):
        assert 'onerror="' not in made
        assert "<script" not in made


def test_H06_a_name_is_text() -> None:
    made = named("<b>Ana</b> :blob:", HERE)
    assert made.startswith("&lt;b&gt;Ana&lt;/b&gt; <img ")
