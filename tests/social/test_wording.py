"""What posts of other servers say once they are kept."""

from typing import Any

import pytest

from activitypub.parse.posts import parse_note
from domain.emojis import Emoji, unpacked
from domain.text import to_plain
from social.wording import Words, words_for
from tests.activitypub.test_parse_kinds import B, emoji, note


def words(**changes: Any) -> Words:
    return words_for(parse_note(note(**changes)))


def test_a_note_is_its_words() -> None:
    plain = words(summary="careful")
    assert plain == Words("<p>Hello</p>", "", "careful", True, b"")


def test_an_article_has_title_abstract_words_and_origin() -> None:
    made = words(type="Article", name="On bowls", summary="<p>In short</p>", url=f"{B}/bowls")
    assert made.title == "On bowls"
    assert made.content.startswith("<p>In short</p><p>Hello</p><p><a href=")
    assert f'href="{B}/bowls"' in made.content
    assert (made.summary, made.sensitive) == ("", False)


def test_nothing_is_said_twice() -> None:
    cut = words(type="Article", summary="<p>Hello […]</p>", content="<p>Hello there</p>")
    assert cut.content.startswith("<p>Hello there</p><p><a ")
    headed = words(type="Page", name="On bowls", content="<h1>On bowls</h1><p>x</p>")
    assert headed.title == ""
    linked = words(type="Page", url=f"{B}/x", content=f'<p><a href="{B}/x">here</a></p>')
    assert linked.content.count(f'href="{B}/x"') == 1


def test_a_title_alone_is_enough() -> None:
    bare = words(type="Page", name="Only a title", content="absent")
    assert bare.title == "Only a title"
    assert to_plain(bare.content) == f"{B}/notes/1"


def test_links_stand_on_lines_of_their_own() -> None:
    made = words(
        content="no paragraph", attachment=[{"type": "Link", "href": "https://c.example/"}]
    )
    assert made.content.startswith("<p>no paragraph</p><p><a href=")
    named = words(attachment={"type": "Link", "href": "https://c.example/x", "name": "A <page>"})
    assert "&lt;page&gt;</a>" in named.content
    assert words(content="no paragraph").content == "no paragraph"


def test_files_that_are_shown_beside_are_not_linked() -> None:
    picture = {"type": "Image", "url": f"{B}/x.png", "mediaType": "image/png", "name": "a cat"}
    assert words(attachment=picture).content == "<p>Hello</p>"
    paper = {"type": "Document", "url": f"{B}/x.pdf", "mediaType": "application/pdf"}
    assert f'href="{B}/x.pdf"' in words(attachment=paper).content


def test_H01_what_is_put_together_is_clean() -> None:
    place = {"name": '<script>alert(1)</script>"', "url": 'https://c.example/"><script>'}
    made = words(
        type="Event",
        name="<script>x</script>",
        startTime="2026-12-03T15:00:00Z",
        location=place,
        summary="<p onclick=x>short<script>y</script></p>",
        attachment={"type": "Link", "href": "https://c.example/", "name": '"><script>'},
    )
    assert "<script" not in made.content
    assert "onclick" not in made.content
    assert made.title == "<script>x</script>"  # plain text: escaped wherever it is shown
    assert "When:" in made.content


@pytest.mark.parametrize(
    ("status", "said"),
    [("CANCELLED", "is cancelled"), ("TENTATIVE", "not certain"), ("CONFIRMED", "")],
)
def test_an_event_says_whether_it_happens(status: str, said: str) -> None:
    content = words(type="Event", startTime="2026-12-03T15:00:00Z", status=status).content
    assert said in content
    assert ("This event" in content) is bool(said)


def test_only_emoji_that_are_used_are_kept() -> None:
    tags = [emoji(":used:"), emoji(":titled:"), emoji(":unused:")]
    made = words(type="Article", name="x :titled:", content="<p>:used:</p>", tag=tags)
    assert unpacked(made.emojis) == (
        Emoji("used", f"{B}/blob.png"),
        Emoji("titled", f"{B}/blob.png"),
    )
