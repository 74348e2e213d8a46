"""The strict shapes refuse what typed clients refuse."""

import pytest

from tests.support.strict import check

TOKEN = {"access_token": "x", "token_type": "Bearer", "scope": "read", "created_at": 1}


def test_a_complete_answer_passes() -> None:
    assert check("token", TOKEN) is TOKEN


@pytest.mark.parametrize(
    "broken",
    [
        {name: value for name, value in TOKEN.items() if name != "scope"},
        {**TOKEN, "scope": None},
        {**TOKEN, "created_at": "1"},
        {**TOKEN, "created_at": True},
        {**TOKEN, "scopes": "misspelt"},
        [TOKEN],
    ],
)
def test_missing_null_mistyped_and_misspelt_fields_are_refused(broken: object) -> None:
    with pytest.raises(AssertionError, match="token"):
        check("token", broken)


@pytest.mark.parametrize("stamp", ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000000Z", 0])
def test_times_have_exactly_three_fraction_digits(stamp: object) -> None:
    edit: dict[str, object] = {"content": "", "spoiler_text": "", "sensitive": False}
    edit |= {"created_at": stamp, "account": {}, "poll": None, "quote": None}
    edit |= {"media_attachments": [], "emojis": []}
    with pytest.raises(AssertionError, match=r"created_at.*three"):
        check("edit", edit)


@pytest.mark.parametrize("identifier", [5, "", "05", "a5", None])
def test_ids_are_digits_in_strings(identifier: object) -> None:
    with pytest.raises(AssertionError, match="id: decimal"):
        check("source", {"id": identifier, "text": "", "spoiler_text": ""})
