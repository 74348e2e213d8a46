"""Members are read alike in all spellings: alone, as a list of one, as an object or its id."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activitypub.json import PUBLIC, PUBLIC_SPELLINGS, JsonObject, MalformedDocument
from activitypub.parse import fields
from activitypub.parse.attachments import attachments
from activitypub.parse.fields import (
    LONGEST_LIST,
    LONGEST_TYPE,
    is_a,
    kinds,
    link,
    moment,
    optional_reference,
    reference,
    references,
    types,
)
from activitypub.parse.posts import parse_note
from activitypub.parse.quotes import quoting
from domain.emojis import used_in

ADDRESSES = st.sampled_from(
    [
        *("https://b.example/o/1", "https://b.example/o/1#x", "http://localhost:80/o", "Public"),
        *("as:Public", PUBLIC, "https://B.example/o", "https://b.example", "ftp://b.example/o"),
        *("", "x", "https://", "https://b.example/" + "a" * 3_000, "https://b.example/é"),
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ADDRESSES | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "href", "url", "name"]), inner, max_size=3)
    ),
    max_leaves=8,
)
TYPES = VALUES | st.sampled_from(
    [
        *("Note", "as:Note", "https://www.w3.org/ns/activitystreams#Note", "x:Note", "Link"),
        *("as:" + "x" * LONGEST_TYPE, "x" * LONGEST_TYPE, "x" * (LONGEST_TYPE + 1)),
    ]
)


def outcome(read: Any, *given_: Any, **more: Any) -> Any:
    """What comes of it, or why it is refused."""
    try:
        return read(*given_, **more)
    except MalformedDocument as refused:
        return f"refused: {refused.reason}"


@given(VALUES)
@example([None] * (LONGEST_LIST + 1))
@example(["https://b.example/o/1"])
@example([["https://b.example/o/1"]])
@example({"id": ["https://b.example/o/1"]})
def test_an_optional_reference_is_a_reference_or_nothing(raw: Any) -> None:
    strict = outcome(reference, raw, "it", fragment=True)
    assert optional_reference(raw) == (None if strict.startswith("refused: ") else strict)


@given(st.lists(VALUES, max_size=5) | VALUES)
def test_references_are_the_ids_of_all_that_have_one(raw: Any) -> None:
    items = raw if isinstance(raw, list) else [raw]
    named = [item.get("id") if isinstance(item, dict) else item for item in items]
    texts = [name for name in named if isinstance(name, str)]
    known = [PUBLIC if text in PUBLIC_SPELLINGS else optional_reference(text) for text in texts]
    assert references(raw) == tuple(dict.fromkeys(uri for uri in known if uri is not None))


@pytest.mark.parametrize("read", [references, link, lambda raw: kinds({"type": raw})])
def test_D07_a_list_that_is_too_long_is_refused(read: Any) -> None:
    assert outcome(read, ["x"] * LONGEST_LIST) is not None or read is link
    assert outcome(read, ["x"] * (LONGEST_LIST + 1)) == "refused: a list is too long"
    assert outcome(read, [None] * (LONGEST_LIST + 1)) == "refused: a list is too long"


@given(st.text(max_size=6) | ADDRESSES | st.none())
def test_one_value_is_read_like_a_list_of_it(raw: str | None) -> None:
    assert link(raw) == link([raw]) == link([None, raw])
    assert references(raw) == references([raw]) == references([None, raw])


@given(TYPES)
def test_one_type_is_read_like_a_list_of_it(raw: Any) -> None:
    document = {"type": raw}
    if not isinstance(raw, list):
        assert outcome(types, document) == outcome(types, {"type": [raw]})
        assert kinds(document) == kinds({"type": [raw]})
        assert is_a(document, "Link") == is_a({"type": [raw]}, "Link")
    assert outcome(types, document) in (
        kinds(document),
        "refused: the type is missing or not a name",
    )
    assert is_a(document, "Link") == ("Link" in (raw if isinstance(raw, list) else [raw]))


@pytest.mark.parametrize("thing", [None, 1, "Link", ["Link"], {}, {"type": None}, {"type": 1}])
def test_what_is_no_object_is_of_no_type(thing: Any) -> None:
    assert not is_a(thing, "Link")
    assert kinds(thing) == []


@given(
    st.datetimes().map(lambda at: at.isoformat())
    | st.sampled_from(["2026-01-01", "2026-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
    | st.text("0123456789-:TZ+. ", max_size=45)
)
def test_a_moment_that_was_seen_before_is_the_same(text: str) -> None:
    first = moment(text)
    assert moment(text) == first
    if 10 <= len(text) <= 40:
        assert fields._moment.__wrapped__(text) == first
    else:
        assert first is None


# A post in which everything stands alone, and the same in lists of one.

POST: JsonObject = {
    "id": "https://b.example/o/1",
    "type": "Note",
    "attributedTo": "https://b.example/u/ana",
    "to": PUBLIC,
    "cc": "https://b.example/u/ana/followers",
    "url": "https://b.example/@ana/1",
    "inReplyTo": "https://c.example/o/2",
    "tag": {"type": "Mention", "href": "https://c.example/u/ben", "name": "@ben"},
    "attachment": {"type": "Image", "url": "https://b.example/f/1.png", "mediaType": "image/png"},
    "replies": "https://b.example/o/1/replies",
}


@pytest.mark.parametrize("name", [name for name in POST if name != "id"])
def test_a_post_is_the_same_with_a_list_of_one(name: str) -> None:
    assert parse_note({**POST, name: [POST[name]]}) == parse_note(POST)


@given(st.sampled_from(["Note", "Event", "Article"]), VALUES, VALUES)
def test_an_author_is_read_alike_alone_and_in_a_list(kind: str, author: Any, maker: Any) -> None:
    post = {**POST, "type": kind, "actor": maker}
    if isinstance(author, str):
        alone = outcome(parse_note, {**post, "attributedTo": author})
        assert alone == outcome(parse_note, {**post, "attributedTo": [author]})


@given(VALUES, VALUES)
def test_nothing_attached_is_nothing_however_it_is_said(image: Any, attachment: Any) -> None:
    document = {"image": image, "attachment": attachment}
    found = outcome(attachments, document, shows_itself=False)
    # A film with nothing of its own is read to the end.
    assert found == outcome(attachments, {**document, "type": "Video"}, shows_itself=True)


@given(VALUES, VALUES, TYPES)
def test_a_quote_is_found_where_it_is_said_first(older: Any, url: Any, kind: Any) -> None:
    rel = "https://misskey-hub.net/ns#_misskey_quote"
    tags = [{"type": kind, "href": url, "rel": rel}, {"type": "Link", "href": older, "rel": "me"}]
    linked = optional_reference(url) if is_a(tags[0], "Link") else None
    said = optional_reference(older) or linked
    found = quoting({"_misskey_quote": older, "tag": tags})
    assert (None if found is None else found.uri) == said
    assert quoting({"tag": tags, "quote": None}) == quoting({"tag": tags})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (":a:", ["a"]),
        ("x:a:", []),
        ("::a:", []),
        (" :a::b: ", []),
        (":a: :b:", ["a", "b"]),
        (":a:b:c:", []),
        ("é:a:", ["a"]),
        ("https://b.example/:a:", ["a"]),
        ("12:30:45 :a.b+c-d:", ["a.b+c-d"]),
        (":-a:", []),
        (f":{'a' * 64}:", ["a" * 64]),
        (f":{'a' * 65}:", []),
        ("<p>:a:</p>", ["a"]),
    ],
)
def test_a_shortcode_stands_for_itself(text: str, found: list[str]) -> None:
    assert used_in(text) == found
