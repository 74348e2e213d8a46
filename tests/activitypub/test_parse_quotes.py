"""Quotes and policies as documents say them: FEP-044f, what came before it, and nonsense."""

from typing import Any

import pytest

from activitypub.json import MalformedDocument
from activitypub.parse.posts import parse_note
from activitypub.parse.quotes import (
    MOST_ADDRESSES,
    QuoteRule,
    Quoting,
    authorization,
    quote_rule,
    quoting,
)
from domain.addressing import PUBLIC_URI

QUOTED = "https://far.example/notes/1"
STAMP = "https://far.example/stamps/1"
LINK = {"type": "Link", "rel": "https://misskey-hub.net/ns#_misskey_quote", "href": QUOTED}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"quote": QUOTED}, Quoting(QUOTED)),
        ({"quote": {"id": QUOTED, "type": "Note"}}, Quoting(QUOTED)),
        ({"quote": [QUOTED], "quoteAuthorization": STAMP}, Quoting(QUOTED, STAMP)),
        ({"quote": QUOTED, "quoteAuthorization": {"id": STAMP}}, Quoting(QUOTED, STAMP)),
        ({"quote": QUOTED, "quoteAuthorization": 7}, Quoting(QUOTED)),
        ({"quote": QUOTED, "_misskey_quote": f"{QUOTED}0"}, Quoting(QUOTED)),
        ({"_misskey_quote": QUOTED}, Quoting(QUOTED, asked=False)),
        ({"quoteUri": QUOTED}, Quoting(QUOTED, asked=False)),
        ({"quoteUrl": QUOTED, "quoteAuthorization": STAMP}, Quoting(QUOTED, asked=False)),
        ({"tag": [LINK]}, Quoting(QUOTED, asked=False)),
        ({"tag": LINK}, Quoting(QUOTED, asked=False)),
        ({"tag": [LINK | {"rel": "alternate"}]}, None),
        ({"tag": [LINK | {"type": "Mention"}]}, None),
        ({"quote": {"type": "Tombstone"}, "quoteUri": QUOTED}, None),
        ({"quote": 7}, None),
        ({"quote": [QUOTED, f"{QUOTED}0"]}, None),
        ({"quote": "javascript:alert(1)"}, None),
        ({"quoteUrl": "not an address"}, None),
        ({}, None),
    ],
)
def test_what_a_post_quotes(said: dict[str, Any], expected: Quoting | None) -> None:
    assert quoting(said) == expected
    note = {"id": "https://b.example/1", "type": "Note", "attributedTo": "https://b.example/ana"}
    assert parse_note(note | said).quoting == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"automaticApproval": "as:Public"}, QuoteRule((PUBLIC_URI,))),
        ({"automaticApproval": ["a:b", PUBLIC_URI]}, QuoteRule((PUBLIC_URI,))),
        ({"manualApproval": [QUOTED]}, QuoteRule((), (QUOTED,))),
        ({}, QuoteRule()),
        (None, None),
        ("everybody", None),
        (["x"], None),
    ],
)
def test_who_may_quote(said: Any, expected: QuoteRule | None) -> None:
    assert quote_rule({"interactionPolicy": {"canQuote": said}}) == expected


def test_D07_a_long_policy_is_cut() -> None:
    many = [f"https://far.example/{number}" for number in range(900)]
    found = quote_rule({"interactionPolicy": {"canQuote": {"automaticApproval": many}}})
    assert found is not None
    assert len(found.automatic) == MOST_ADDRESSES
    assert quote_rule({"interactionPolicy": ["x"]}) is None


WHOLE = {
    "id": STAMP,
    "type": "QuoteAuthorization",
    "attributedTo": "https://far.example/zoe",
    "interactingObject": "https://b.example/1",
    "interactionTarget": QUOTED,
}


def test_an_authorization_is_read() -> None:
    read = authorization(WHOLE)
    assert (read.id, read.author) == (STAMP, "https://far.example/zoe")
    assert (read.quoting, read.quoted) == ("https://b.example/1", QUOTED)
    long = WHOLE | {"type": "https://w3id.org/fep/044f#QuoteAuthorization"}
    assert authorization(long | {"interactionTarget": {"id": QUOTED, "type": "Note"}}) == read


@pytest.mark.parametrize(
    "lie",
    [
        {"type": "Note"},
        {"type": None},
        {"id": None},
        {"attributedTo": None},
        {"interactingObject": ["https://b.example/1", "https://b.example/2"]},
        {"interactionTarget": 7},
    ],
)
def test_O01_what_is_no_authorization(lie: dict[str, Any]) -> None:
    with pytest.raises(MalformedDocument):
        authorization(WHOLE | lie)
