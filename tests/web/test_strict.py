"""The schemas that are made of the entities' types refuse what typed clients refuse."""

from typing import Any, TypedDict

import pytest

from tests.support.schemas import problems, schema
from tests.support.strict import check
from web.mastodon.entities.apps import Token
from web.mastodon.entities.formats import Day, Id, ListId, Moment
from web.mastodon.entities.polls import Poll

TOKEN = {"access_token": "x", "token_type": "Bearer", "scope": "read", "created_at": 1}
POLL: dict[str, Any] = {
    "id": "1",
    "expires_at": None,
    "expired": False,
    "multiple": False,
    "votes_count": 0,
    "voters_count": None,
    "options": [{"title": "Yes", "votes_count": None}],
    "emojis": [],
}
OWN = {"voted": True, "own_votes": [0]}


def test_a_complete_answer_passes() -> None:
    assert check("token", TOKEN) is TOKEN


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({name: value for name, value in TOKEN.items() if name != "scope"}, "scope"),
        ({**TOKEN, "scope": None}, "scope"),
        ({**TOKEN, "created_at": "1"}, "created_at"),
        ({**TOKEN, "created_at": True}, "created_at"),
        ({**TOKEN, "token_type": "bearer"}, "token_type"),
        ({**TOKEN, "scopes": "misspelt"}, "scopes"),
        ([TOKEN], "object"),
    ],
)
def test_missing_null_mistyped_unknown_and_misspelt_are_refused(broken: object, why: str) -> None:
    with pytest.raises(AssertionError, match=f"token.*{why}"):
        check("token", broken)


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        (
            Moment,
            "2024-01-01T00:00:00.000Z",
            ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000000Z"],
        ),
        (Day, "2024-01-01", ["2024-01-01T00:00:00.000Z", ""]),
        (Id, "115", [115, "", "0115", "a5", "9" * 20]),
        (ListId, "g115", ["", 115]),
        (str | None, None, [0]),
        (list[str], [], [None, "a"]),
        (dict[str, int], {"a": 1}, [{"a": "1"}, []]),
    ],
    ids=lambda value: str(value)[-24:] if not isinstance(value, list) else "",
)
def test_values_are_written_as_clients_read_them(
    type_: object, good: object, bad: list[object]
) -> None:
    assert problems(type_, good) == []
    assert all(problems(type_, one) for one in bad)


def test_a_viewers_own_fields_are_there_with_a_token_and_never_without() -> None:
    assert problems(Poll, POLL | OWN, signed_in=True) == []
    assert problems(Poll, POLL, signed_in=False) == []
    assert problems(Poll, POLL, signed_in=True)
    assert problems(Poll, POLL | OWN, signed_in=False)
    assert problems(Poll, POLL | OWN) == problems(Poll, POLL) == []


def test_a_problem_says_where_it_is() -> None:
    broken = POLL | {"options": [{"title": 5, "votes_count": 0}]}
    [found] = problems(Poll, broken)
    assert found.startswith("options.0.title")


def test_what_no_json_can_be_described_by_is_no_type_of_an_answer() -> None:
    class Odd(TypedDict):
        when: set[str]

    with pytest.raises(TypeError, match="set"):
        schema(Odd)
    assert schema(Token)["$defs"]
