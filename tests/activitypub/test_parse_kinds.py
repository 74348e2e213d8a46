"""What peers put into posts: words in several forms, files in several shapes, events, emoji."""

from typing import Any

import pytest

from activitypub.json import PUBLIC
from activitypub.parse.attachments import MAX_ATTACHMENTS, Attachment, duration
from activitypub.parse.posts import NoteDocument, parse_note
from activitypub.render.emojis import tags
from domain.emojis import MOST_EMOJIS, Emoji, packed
from domain.kinds import PostType
from domain.occasions import Venue

B = "https://b.example"
ANA = f"{B}/users/ana"


def note(**changes: Any) -> dict[str, Any]:
    whole = {
        "id": f"{B}/notes/1",
        "type": "Note",
        "attributedTo": ANA,
        "content": "<p>Hello</p>",
        "to": [PUBLIC],
    } | changes
    return {name: value for name, value in whole.items() if value != "absent"}


def read(**changes: Any) -> NoteDocument:
    return parse_note(note(**changes))


# Words.


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown", "Text/Markdown; x=1"])
def test_H01_words_that_are_no_html_are_shown_as_typed(media_type: str) -> None:
    typed = "**bold** <script>alert(1)</script> & more\nhttps://c.example/x\n\nnext"
    content = read(mediaType=media_type, content=typed).content
    assert content.startswith("<p>**bold** &lt;script&gt;alert(1)&lt;/script&gt; &amp; more<br>")
    assert 'href="https://c.example/x"' in content
    assert content.endswith("<p>next</p>")
    html = read(mediaType="text/html", content="<p>is <b>html</b></p>").content
    assert html == "<p>is <b>html</b></p>"


def test_words_come_in_a_language() -> None:
    both = {"en": "<p>Hello</p>", "de": "<p>Hallo</p>"}
    assert read(contentMap=both).language == "en"
    alone = read(content="absent", contentMap=both)
    assert (alone.content, alone.language) == ("<p>Hello</p>", "en")
    assert read(inLanguage="fr").language == "fr"
    assert read(language={"identifier": "pt", "name": "Portuguese"}).language == "pt"
    assert read(language="???").language is None
    titled = read(type="Article", nameMap={"de": "Titel"}, summaryMap={"de": "<p>Kurz</p>"})
    assert (titled.name, titled.abstract) == ("Titel", "<p>Kurz</p>")


def test_a_summary_is_a_warning_on_notes_and_an_abstract_on_pages() -> None:
    assert (read(summary="careful").summary, read(summary="careful").abstract) == ("careful", "")
    article = read(type="Article", summary="In <b>short</b>")
    assert (article.summary, article.abstract) == ("", "<p>In <b>short</b></p>")
    warned = read(type="Video", sensitive=True, summary="Blood")
    assert (warned.summary, warned.abstract, warned.sensitive) == ("Blood", "", True)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<p>careful</p>", "careful"),
        ("a<br>b", "a b"),
        ("I <3 you & <lifting>", "I <3 you & <lifting>"),
        ("<script>alert(1)</script>x", "x"),
        ({"not": "text"}, ""),
    ],
    ids=["paragraph", "break", "no markup", "script", "object"],
)
def test_H01_a_warning_is_plain_text(said: Any, shown: str) -> None:
    assert read(summary=said).summary == shown


def test_a_title_is_plain_text_as_it_was_written() -> None:
    assert read(type="Page", name="How <b> works").name == "How <b> works"
    assert read(type="Page", name=["a", "list"]).name == ""


def test_a_preview_stands_for_words_that_did_not_come() -> None:
    preview = {"type": "Note", "content": "<p>In short <script>x</script></p>"}
    assert read(type="Article", content="absent", preview=preview).content == "<p>In short </p>"
    assert read(type="Article", preview=preview).content == "<p>Hello</p>"
    storyboard = [{"type": "Image", "rel": ["storyboard"], "url": f"{B}/x.jpg"}]
    assert read(type="Video", content="absent", preview=storyboard).content == ""


@pytest.mark.interop("Document", "in", "read as an article", peer="a stranger")
def test_kinds_that_servers_add_are_read() -> None:
    assert read(type="Document").type is PostType.ARTICLE
    assert read(type=["Note", "Article"]).type is PostType.NOTE
    assert read(type="as:Article").type is PostType.ARTICLE


def test_the_person_who_made_a_groups_event_is_its_author() -> None:
    group = f"{B}/@group"
    assert read(type="Event", attributedTo=group, actor=ANA).attributed_to == ANA
    # O07: nobody of another server, and on no other kind.
    foreign = read(type="Event", attributedTo=group, actor="https://e.example/users/eve")
    assert foreign.attributed_to == group
    assert read(attributedTo=group, actor=ANA).attributed_to == group


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (f"{B}/1", f"{B}/1"),
        ([f"{B}/1"], f"{B}/1"),
        ([f"{B}/1", f"{B}/2"], f"{B}/1"),
        ({"type": "Link", "href": f"{B}/1"}, f"{B}/1"),
        ({"type": "Note", "id": f"{B}/1"}, f"{B}/1"),
        ({"type": "Collection", "items": [f"{B}/1"]}, None),
        (7, None),
        (f"{B}/1#part", None),
        (None, None),
    ],
    ids=["id", "list", "two", "link", "object", "collection", "number", "fragment", "nothing"],
)
def test_O17_what_it_answers_in_every_shape(said: Any, meant: str | None) -> None:
    assert read(inReplyTo=said).in_reply_to == meant


# Files.


def files(raw: Any, **more: Any) -> list[Attachment]:
    return list(read(attachment=raw, **more).attachments)


def test_a_file_says_what_it_is() -> None:
    (file,) = files(
        {
            "type": "Document",
            "mediaType": "Image/PNG",
            "url": f"{B}/a.png",
            "name": "a cat",
            "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
            "focalPoint": [0.5, -1],
            "width": 640,
            "height": 480,
        }
    )
    assert (file.url, file.media_type, file.alt) == (f"{B}/a.png", "image/png", "a cat")
    assert (file.width, file.height, file.focus) == (640, 480, "0.5,-1")
    assert file.blurhash == "LEHV6nWB2yk8pyo0adR*.7kCMdnj"
    assert file.is_picture


@pytest.mark.parametrize(
    "changes",
    [
        {"blurhash": "<script>"},
        {"width": -1, "height": 10**9},
        {"width": True, "height": "480"},
        {"focalPoint": [0, 2]},
        {"mediaType": ["image/png"]},
        {"name": {"en": "x"}},
    ],
    ids=["hash", "size", "no numbers", "focus", "type", "name"],
)
def test_O17_nonsense_about_a_file_is_left_out(changes: dict[str, Any]) -> None:
    (file,) = files({"type": "Image", "url": f"{B}/a.png"} | changes)
    assert file == Attachment(url=f"{B}/a.png", type="Image", media_type="image/png", alt="")


@pytest.mark.parametrize(
    "url",
    [
        f"{B}/a.png",
        [f"{B}/a.png"],
        {"type": "Link", "href": f"{B}/a.png", "mediaType": "image/png"},
        [{"href": f"{B}/a.avif", "mediaType": "image/avif"}, {"href": f"{B}/a.png",
          "mediaType": "image/png"}],
    ],
    ids=["address", "list", "link", "two versions"],
)  # fmt: skip
def test_the_address_of_a_file_in_every_shape(url: Any) -> None:
    (file,) = files({"type": "Image", "url": url})
    assert (file.url, file.media_type) == (f"{B}/a.png", "image/png")
    (same,) = files({"type": "Document", "href": url})
    assert same.url == f"{B}/a.png"


@pytest.mark.parametrize(
    "item",
    [
        {"type": "Link", "href": "payto://iban/DE75"},
        {"type": "Image", "url": "javascript:alert(1)"},
        {"type": "Note", "content": "no file"},
        {"@type": "Recipe", "name": "Sandwich"},
        7,
        [],
    ],
    ids=["payto", "script", "note", "recipe", "number", "list"],
)
def test_H02_what_has_no_address_is_no_file(item: Any) -> None:
    assert files([item]) == []


def test_what_an_address_ends_with_says_what_a_file_is() -> None:
    kinds = {f.url: f.media_type for f in files([{"url": f"{B}/{n}"} for n in ("a.PNG", "b.svg")])}
    assert kinds == {f"{B}/a.PNG": "image/png", f"{B}/b.svg": "image/svg+xml"}
    (link,) = files({"type": "Link", "href": f"{B}/a.png"})
    assert (link.media_type, link.is_page) == (None, True)


def test_D07_files_are_counted() -> None:
    many = [{"type": "Image", "url": f"{B}/{number}.png"} for number in range(900)]
    assert len(files(many)) == MAX_ATTACHMENTS


def test_the_image_of_a_page_comes_first_and_once() -> None:
    image = {"type": "Image", "url": f"{B}/a.png"}
    named = image | {"name": "a bowl"}
    (file,) = files([named], type="Page", image=image)
    assert file.alt == "a bowl"
    first, second = files([{"type": "Link", "href": f"{B}/x"}], type="Page", image=image)
    assert (first.url, second.url) == (f"{B}/a.png", f"{B}/x")


def test_a_film_is_what_it_plays_and_its_largest_picture() -> None:
    def version(height: int) -> dict[str, Any]:
        return {"type": "Link", "mediaType": "video/mp4", "href": f"{B}/{height}", "height": height}

    page = {"type": "Link", "mediaType": "text/html", "href": f"{B}/w/1"}
    stream = {
        "type": "Link",
        "mediaType": "application/x-mpegURL",
        "href": f"{B}/master.m3u8",
        "tag": [version(1080), version(720), version(144)],
    }
    magnet = {"type": "Link", "mediaType": "application/x-bittorrent", "href": "magnet:?xt=1"}
    icons = [{"type": "Image", "url": f"{B}/small", "mediaType": "image/jpeg", "width": 280}]
    icons += [{"type": "Image", "url": f"{B}/large", "mediaType": "image/jpeg", "width": 850}]
    video = read(type="Video", url=[page, stream, magnet], icon=icons, duration="PT1H2M3S")
    assert (video.url, video.plays) == (f"{B}/w/1", 3723)
    assert [(each.type, each.url) for each in video.attachments] == [
        ("Video", f"{B}/720"),
        ("Image", f"{B}/large"),
    ]
    assert read(url=[page, stream], icon=icons).attachments == ()  # a Note plays nothing


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT754S", 754), ("PT1H2M3S", 3723), ("P1DT1S", 86_401), ("PT0.5S", 0), ("PT10M", 600)],
)
def test_durations(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", [None, 7, "", "12:34", "PT9999999H", "P" * 100, "PT-1S"])
def test_D_odd_durations_are_none(text: Any) -> None:
    assert duration(text) == 0


# Events.


def test_an_event_says_when_and_where() -> None:
    event = read(
        type="Event",
        startTime="2026-12-03T15:00:00+01:00",
        endTime="2026-12-03T16:00:00+01:00",
        timezone="Europe/Berlin",
        location=[
            {"type": "VirtualLocation", "name": "Video room", "url": f"{B}/r/1"},
            {"type": "Place", "name": "Library", "address": {"addressLocality": "Berlin"}},
            "A street",
        ],
        externalParticipationUrl=f"{B}/join",
        eventStatus="https://schema.org/EventCancelled",
    )
    assert event.occasion is not None
    assert event.occasion.is_cancelled
    assert event.occasion.sign_up == f"{B}/join"
    assert event.occasion.venues == (
        Venue("Video room", "", f"{B}/r/1"),
        Venue("Library", "Berlin"),
        Venue("A street"),
    )
    assert read().occasion is None


@pytest.mark.parametrize(
    "changes",
    [
        {"startTime": "tomorrow", "endTime": 7},
        {"location": {"name": 7, "address": ["x"], "url": "javascript:alert(1)"}},
        {"timezone": ["Europe/Berlin"], "status": {"x": 1}},
    ],
    ids=["times", "place", "zone"],
)
def test_O17_nonsense_about_an_event_is_left_out(changes: dict[str, Any]) -> None:
    found = read(type="Event", **changes).occasion
    assert found is not None
    assert (found.start, found.venues, found.zone, found.is_cancelled) == (None, (), None, False)


def test_D07_places_are_counted() -> None:
    found = read(type="Event", location=[{"name": str(number)} for number in range(900)]).occasion
    assert found is not None
    assert len(found.venues) == 5


# Emoji.


def emoji(name: Any = ":blob:", **changes: Any) -> dict[str, Any]:
    icon = {"type": "Image", "mediaType": "image/png", "url": f"{B}/blob.png"}
    return {"type": "Emoji", "name": name, "icon": icon} | changes


def test_emoji_are_words_with_pictures() -> None:
    assert read(tag=emoji()).emojis == (Emoji("blob", f"{B}/blob.png"),)
    assert read(tag=[emoji("blob")]).emojis == (Emoji("blob", f"{B}/blob.png"),)
    dashed = read(tag=[emoji(":neko-smile.2+1:")]).emojis
    assert [one.shortcode for one in dashed] == ["neko-smile.2+1"]


@pytest.mark.parametrize(
    "tag",
    [
        emoji(name='":onerror="x'),
        emoji(name=":" + "x" * 65 + ":"),
        emoji(name=7),
        emoji(name="::"),
        emoji(name=":two words:"),
        emoji(icon={"type": "Image", "url": "javascript:alert(1)"}),
        emoji(icon={"type": "Image", "url": "data:image/png;base64,AAAA"}),
        emoji(icon=None),
        {"type": "Emoji"},
        "Emoji",
    ],
    ids=[
        *("quotes", "long", "number", "empty", "blank", "script", "data", "no picture", "bare"),
        "word",
    ],
)
def test_H06_an_emoji_without_name_or_picture_stays_a_word(tag: Any) -> None:
    assert read(tag=[tag, emoji(":good:")]).emojis == (Emoji("good", f"{B}/blob.png"),)


def test_D07_emoji_are_counted() -> None:
    many = [emoji(f":e{number}:") for number in range(900)]
    assert len(read(tag=many).emojis) == MOST_EMOJIS


def test_what_is_not_told_of_an_actor_gives_no_emoji_away() -> None:
    kept = packed([Emoji("name", f"{B}/1.png"), Emoji("bio", f"{B}/2.webp")])
    assert [tag["name"] for tag in tags(kept)] == [":name:", ":bio:"]
    assert [tag["name"] for tag in tags(kept, within="Ana :name:")] == [":name:"]
    assert tags(b"") == []
    (read_again,) = read(tag=tags(kept, within=":bio:")).emojis
    assert read_again == Emoji("bio", f"{B}/2.webp")
