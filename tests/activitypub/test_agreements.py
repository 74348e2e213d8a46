"""Offers of agreements on the wire: read strictly, sealed under a code that people type."""

from typing import Any

import orjson
import pytest

from activitypub.json import MalformedDocument
from activitypub.parse.agreements import MOST_COMMUNITIES, OfferDocument, as_key, parse_offer, seal
from activitypub.render.agreements import offer
from domain.agreements import Terms
from domain.kinds import AgreementKind, Directory

URI, ACTOR = "https://n1.example/act/5", "https://n1.example/a/1"
TERMS = [
    Terms(AgreementKind.SISTER),
    Terms(
        AgreementKind.PARTNER,
        Directory.NONE,
        frozenset({"https://n1.example/a/9", "https://n1.example/a/10"}),
        1_900_000_000_000,
        "ana@n1.example",
    ),
    Terms(AgreementKind.SISTER, Directory.ALL, contact="Größe"),
]


def made(terms: Terms) -> dict[str, Any]:
    return offer(URI, ACTOR, "n2.example", terms, made_at=1_000, lapses_at=2_000)


@pytest.mark.parametrize("terms", TERMS, ids=range(len(TERMS)))
def test_what_is_offered_is_what_is_read(terms: Terms) -> None:
    read = parse_offer(orjson.loads(orjson.dumps(made(terms))))
    assert read == OfferDocument(
        uri=URI, application=ACTOR, domain="n2.example", terms=terms, lapses_at=2_000
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "Agreement"),
        ("type", None),
        ("tertulia:kind", "owner"),
        ("tertulia:kind", ["sister"]),
        ("tertulia:kind", None),
        ("tertulia:directory", "world"),
        ("tertulia:directory", None),
        ("tertulia:with", 5),
        ("tertulia:with", None),
        ("tertulia:lapses", "soon"),
        ("tertulia:lapses", None),
        ("endTime", "some day"),
        ("endTime", None),
        ("tertulia:communities", ["not an address"]),
        ("tertulia:communities", ["https://n1.example/a/1"] * (MOST_COMMUNITIES + 1)),
    ],
    ids=str,
)
def test_O_a_point_that_we_do_not_know_is_no_agreement(name: str, value: Any) -> None:
    good = made(TERMS[0])
    points = good["object"] | {name: value}
    with pytest.raises(MalformedDocument):
        parse_offer(good | {"object": points})


@pytest.mark.parametrize(
    "changed",
    [{"type": "Create"}, {"id": 5}, {"actor": "nobody"}, {"object": URI}, {"object": [1]}],
    ids=str,
)
def test_O_what_is_no_offer(changed: dict[str, Any]) -> None:
    with pytest.raises(MalformedDocument):
        parse_offer(made(TERMS[0]) | changed)


def test_a_code_may_be_typed_as_people_type() -> None:
    assert as_key(" 0ABC-1def  GHJK ") == as_key("oabc-Idef-ghjk") == as_key("0abcldefghjk")
    assert as_key("0abc") != as_key("0abd")


def test_a_seal_holds_for_one_document_one_code_and_one_part() -> None:
    document = made(TERMS[1])
    right = seal("abcd-efgh", "offer", document)
    turned = dict(reversed(document.items()))
    assert seal("ABCDEFGH", "offer", turned | {"tertulia:seal": right}) == right
    assert seal("abcd-efgj", "offer", document) != right
    assert seal("abcd-efgh", "answer", document) != right
    assert seal("abcd-efgh", "offer", document | {"actor": URI}) != right
