"""Posts of other servers, read into one shape."""

from typing import Any

import pytest

from activitypub.json import PUBLIC, MalformedDocument
from activitypub.parse.posts import MAX_HASHTAGS, MAX_MENTIONS, NamedActor, parse_note
from domain.kinds import PostType

ANA = "https://b.example/users/ana"
BO = "https://c.example/users/bo"


def note(**changes: Any) -> dict[str, Any]:
    whole = {
        "id": "https://b.example/notes/1",
        "type": "Note",
        "attributedTo": ANA,
        "content": "<p>Hello</p>",
        "to": [PUBLIC],
        "cc": [f"{ANA}/followers"],
    } | changes
    return {name: value for name, value in whole.items() if value != "absent"}


def test_a_note_is_read() -> None:
    read = parse_note(
        note(
            summary="Careful",
            sensitive=True,
            inReplyTo="https://c.example/notes/9",
            published="2026-11-22T10:00:00Z",
            url=[{"type": "Link", "href": "https://b.example/@ana/1", "mediaType": "text/html"}],
        )
    )
    assert (read.id, read.type, read.attributed_to) == (
        "https://b.example/notes/1",
        PostType.NOTE,
        ANA,
    )
    assert (read.to, read.cc) == ((PUBLIC,), (f"{ANA}/followers",))
    assert (read.content, read.summary, read.sensitive) == ("<p>Hello</p>", "Careful", True)
    assert read.in_reply_to == "https://c.example/notes/9"
    assert read.published == 1_795_341_600_000
    assert read.url == "https://b.example/@ana/1"


def test_H01_a_script_does_not_survive_reading() -> None:
    read = parse_note(note(content="<p>Hi<script>alert(1)</script><img src=x onerror=y></p>"))
    assert read.content == "<p>Hi</p>"


@pytest.mark.parametrize(
    "kind", ["Question", "Article", "Page", "Event", "Image", "Video", "Audio"]
)
def test_other_kinds_of_post_are_read_too(kind: str) -> None:
    read = parse_note(note(type=kind, name="A title"))
    assert (read.type, read.name) == (PostType[kind.upper()], "A title")


def test_one_of_several_types_is_enough() -> None:
    assert parse_note(note(type=["schema:Thing", "as:Note"])).type is PostType.NOTE


@pytest.mark.parametrize("kind", ["Person", "Create", "Nothing", None, 7, []])
def test_what_is_no_post_is_refused_with_a_reason(kind: Any) -> None:
    with pytest.raises(MalformedDocument) as refused:
        parse_note(note(type=kind))
    assert refused.value.reason


@pytest.mark.parametrize("author", [None, "absent", 7, [], {"name": "Ana"}, f"{ANA}#me"])
def test_O17_a_post_without_a_usable_author_is_refused(author: Any) -> None:
    with pytest.raises(MalformedDocument):
        parse_note(note(attributedTo=author))


def test_an_author_may_be_an_object_and_the_person_among_several() -> None:
    assert parse_note(note(attributedTo={"id": ANA, "type": "Person"})).attributed_to == ANA
    channel = {"id": "https://b.example/channels/1", "type": "Group"}
    both = [channel, {"id": ANA, "type": "Person"}]
    assert parse_note(note(attributedTo=both)).attributed_to == ANA


def test_tags_come_alone_or_in_a_list() -> None:
    mention = {"type": "Mention", "href": BO, "name": "@bo@c.example"}
    tag = {"type": "Hashtag", "href": "https://b.example/t/x", "name": "#Welding"}
    alone, both = parse_note(note(tag=mention)), parse_note(note(tag=[mention, tag, 7, None, {}]))
    assert alone.mentions == (NamedActor(BO, "@bo@c.example"),)
    assert both.mentions == alone.mentions
    assert [found.name for found in both.hashtags] == ["Welding"]


def test_D07_more_tags_than_a_post_can_have_are_cut() -> None:
    mentions = [{"type": "Mention", "href": f"{BO}{n}", "name": "@b"} for n in range(600)]
    tags = [{"type": "Hashtag", "name": f"#t{n}"} for n in range(400)]
    read = parse_note(note(tag=mentions + tags))
    assert (len(read.mentions), len(read.hashtags)) == (MAX_MENTIONS, MAX_HASHTAGS)


def test_D07_names_without_end_are_cut() -> None:
    read = parse_note(note(summary="x" * 1_000_000, name="y" * 1_000_000))
    assert (len(read.summary), len(read.name)) == (1000, 500)


def test_the_language_is_that_of_the_text() -> None:
    both = {"de": "<p>Hallo</p>", "en": "<p>Hello</p>"}
    assert parse_note(note(contentMap=both)).language == "en"
    only = parse_note(note(content="absent", contentMap=both))
    assert (only.content, only.language) == ("<p>Hallo</p>", "de")
    assert parse_note(note(contentMap={"und": "<p>Hello</p>"})).language is None
    assert parse_note(note(contentMap={"en; drop": "<p>Hello</p>"})).language is None


@pytest.mark.parametrize(
    "text", ["yesterday", "1969-12-31T23:59:59Z", "12026-01-01T00:00:00Z", "", 7, None, "absent"]
)
def test_a_time_that_is_none_is_left_out(text: Any) -> None:
    assert parse_note(note(published=text)).published is None


def test_times_with_zones_mean_the_same_moment() -> None:
    texts = ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00+01:00", "2026-11-22T10:00:00.000000Z"]
    assert {parse_note(note(published=text)).published for text in texts} == {1_795_341_600_000}


def test_attachments_keep_their_text() -> None:
    image = {
        "type": "Document",
        "mediaType": "image/png",
        "url": "https://b.example/1.png",
        "name": "A weld",
    }
    broken = {"type": "Image", "url": "data:image/png;base64,AAAA"}
    (found,) = parse_note(note(attachment=[image, broken, "x", 3])).attachments
    assert (found.url, found.media_type, found.alt) == (
        "https://b.example/1.png",
        "image/png",
        "A weld",
    )


@pytest.mark.parametrize("spelling", ["as:Public", "Public", PUBLIC])
def test_O18_every_spelling_of_public_is_public(spelling: str) -> None:
    assert parse_note(note(to=spelling)).to == (PUBLIC,)
    assert parse_note(note(to=[spelling, BO])).to == (PUBLIC, BO)


def test_O18_an_unknown_addressee_is_nobody() -> None:
    assert parse_note(note(to="everyone", cc=["as:Everybody"])).addressees == ()


def test_O19_hidden_recipients_are_kept_nowhere() -> None:
    secret = "https://c.example/users/secret"
    nested = [{"type": "Mention", "href": BO, "name": "@bo", "bto": [secret]}]
    read = parse_note(note(bto=[secret], bcc=[secret], tag=nested))
    assert secret not in repr(read)
