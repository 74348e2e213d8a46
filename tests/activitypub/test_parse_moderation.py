"""Acts of moderation as Lemmy and its kin write them (FEP-1b12)."""

from typing import Any

import pytest

from activitypub.parse.moderation import parse_act

GROUP = "https://lemmy.example/c/books"
POST = "https://far.example/post/1"
BY = {"actor": "https://lemmy.example/u/lia", "id": "https://lemmy.example/activities/1"}
BLOCK = {
    **BY,
    "type": "Block",
    "object": "https://far.example/u/ned",
    "target": GROUP,
    "removeData": True,
    "summary": "spam",
    "endTime": "2027-01-01T00:00:00Z",
}


@pytest.mark.parametrize("kind", ["Delete", "Lock", "Add", "Remove"])
@pytest.mark.parametrize("about", [POST, {"id": POST, "type": "Page"}])
def test_a_deed_says_what_it_is_about(kind: str, about: Any) -> None:
    act = parse_act({**BY, "type": kind, "object": about, "target": f"{GROUP}/featured"})
    assert act is not None
    assert (act.kind, act.about, act.undo) == (kind, POST, False)
    assert act.target == f"{GROUP}/featured"


def test_a_block_says_for_how_long_and_what_becomes_of_posts() -> None:
    act = parse_act(BLOCK)
    assert act is not None
    assert (act.target, act.remove_posts, act.reason) == (GROUP, True, "spam")
    assert act.until == 1798761600000


def test_what_is_taken_back_is_read_inside() -> None:
    act = parse_act({**BY, "type": "Undo", "object": BLOCK})
    assert act is not None
    assert (act.kind, act.undo, act.about) == ("Block", True, "https://far.example/u/ned")


@pytest.mark.parametrize(
    "document",
    [
        {**BY, "type": "Like", "object": POST},
        {**BY, "type": "Undo", "object": POST},
        {**BY, "type": "Undo", "object": {**BY, "type": "Like", "object": POST}},
        {**BY, "type": "Undo", "object": {**BY, "type": "Add", "object": POST}},
        {**BY, "type": "Delete"},
        {**BY, "type": "Lock", "object": 7},
        {**BY, "type": ["Lock"], "object": POST},
    ],
)
def test_anything_else_is_none(document: dict[str, Any]) -> None:
    assert parse_act(document) is None
