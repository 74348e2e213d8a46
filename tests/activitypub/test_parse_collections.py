"""Collections in the shapes of several servers: ids and the pages that follow, and no more."""

from typing import Any

import pytest

from activitypub.json import MalformedDocument
from activitypub.parse.collections import MOST_ENTRIES, Part, collection_beside, parse_collection
from activitypub.parse.posts import parse_note

AT = "https://m.example"
ONE, TWO = f"{AT}/notes/1", f"{AT}/notes/2"


def page(**more: Any) -> dict[str, Any]:
    return {"type": "CollectionPage", "id": f"{AT}/c?page=1", "partOf": f"{AT}/c", **more}


SHAPES: dict[str, tuple[dict[str, Any], Part]] = {
    # Mastodon: `replies` of a note, and `context`; the author's own answers first, then a next page
    "Mastodon": (
        {"type": "Collection", "first": page(items=[ONE], next=f"{AT}/c?page=2")},
        Part((ONE,), (f"{AT}/c?page=2",)),
    ),
    "Mastodon, nobody answered": (
        {"type": "Collection", "first": page(items=[], next=f"{AT}/c?page=2")},
        Part((), (f"{AT}/c?page=2",)),
    ),
    "GoToSocial": (
        {"type": "Collection", "first": f"{AT}/c?page=1"},
        Part((), (f"{AT}/c?page=1",)),
    ),
    "NodeBB": (
        {"type": "OrderedCollection", "orderedItems": [ONE, TWO], "totalItems": 2},
        Part((ONE, TWO), ()),
    ),
    "Discourse, whole objects": (
        {"type": "OrderedCollection", "orderedItems": [{"id": ONE, "type": "Note"}, {"id": TWO}]},
        Part((ONE, TWO), ()),
    ),
    "a page": (
        page(type="OrderedCollectionPage", orderedItems=[TWO], next=f"{AT}/c?page=3"),
        Part((TWO,), (f"{AT}/c?page=3",)),
    ),
    "one value": ({"type": "as:Collection", "items": ONE}, Part((ONE,), ())),
    "a page by its id": (
        {"type": ["Collection"], "first": {"id": f"{AT}/c?page=1"}},
        Part((), (f"{AT}/c?page=1",)),
    ),
    "what is no id": (
        {"type": "Collection", "items": [7, None, {}, "x", ["y"], ONE, ONE], "next": 3},
        Part((ONE,), ()),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_read(shape: str) -> None:
    document, expected = SHAPES[shape]
    assert parse_collection({"id": f"{AT}/c", **document}) == expected


@pytest.mark.parametrize("kind", ["Note", "Person", "", None])
def test_what_is_no_collection_is_refused(kind: str | None) -> None:
    with pytest.raises(MalformedDocument):
        parse_collection({"id": f"{AT}/c", "type": kind, "items": [ONE]})


def test_D08_a_page_is_read_to_a_bound_and_says_so() -> None:
    many = [f"{AT}/notes/{number}" for number in range(MOST_ENTRIES + 1)]
    part = parse_collection({"type": "Collection", "items": many})
    assert (len(part.items), part.is_whole) == (MOST_ENTRIES, False)
    assert parse_collection({"type": "Collection", "items": many[1:]}).is_whole


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"{AT}/notes/1/replies", f"{AT}/notes/1/replies"),
        ({"id": f"{AT}/notes/1/replies", "type": "Collection"}, f"{AT}/notes/1/replies"),
        ("https://victim.example/replies", None),
        ({"type": "Collection", "items": []}, None),
        (None, None),
        (5, None),
    ],
)
def test_O01_a_posts_collection_lies_on_its_own_server(said: Any, kept: str | None) -> None:
    note = {"id": ONE, "type": "Note", "attributedTo": f"{AT}/users/ana", "replies": said}
    assert collection_beside(note, "replies") == kept
    assert parse_note(note | {"content": "x"}).replies == kept
