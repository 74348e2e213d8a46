"""Cards as they come in: what is no card is left out, and a key that is none is not there."""

from typing import Any

import pytest

from activitypub.parse.cards import MOST, parse_cards
from tests.support.stranger import ed25519

KEY = {"id": "https://n3.example/a/5#k", "publicKeyMultibase": ed25519(1).public.multikey()}
CARD: dict[str, Any] = {
    "type": "tertulia:Card",
    "tertulia:of": "https://n3.example/a/5",
    "preferredUsername": "cy",
    "tertulia:host": "N3.example",
    "name": "Cy <b>",
    "tertulia:home": "Acme",
    "icon": {"type": "Image", "url": "https://n1.example/face.png"},
    "tertulia:key": KEY,
}


def test_a_card_is_read() -> None:
    [card] = parse_cards([CARD])
    assert (card.of, card.handle, card.host, card.home) == (
        *("https://n3.example/a/5", "cy", "n3.example", "Acme"),
    )
    assert (card.avatar, card.key_uri) == ("https://n1.example/face.png", KEY["id"])
    assert card.key == KEY["publicKeyMultibase"]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"tertulia:of": None},
        {"tertulia:of": "javascript:alert(1)"},
        {"tertulia:of": "https://n3.example/a/5#x"},
        {"preferredUsername": "cy@n3.example"},
        {"preferredUsername": ""},
        {"preferredUsername": 5},
        {"tertulia:host": ""},
        {"tertulia:host": "not a host"},
        {"tertulia:host": None},
    ],
    ids=str,
)
def test_what_does_not_say_of_whom_it_is_is_no_card(spoilt: dict[str, Any]) -> None:
    assert parse_cards([CARD | spoilt, "text", None, 5]) == ()


@pytest.mark.parametrize(
    "key",
    [
        None,
        "text",
        {"id": KEY["id"]},
        KEY | {"id": "https://other.example/a/5#k"},
        KEY | {"publicKeyMultibase": "z6Mk"},
        KEY | {"publicKeyMultibase": "u" + KEY["publicKeyMultibase"][1:]},
    ],
    ids=["none", "text", "no key", "of another server", "too short", "another base"],
)
def test_a_key_that_is_none_is_not_there(key: Any) -> None:
    [card] = parse_cards(CARD | {"tertulia:key": key})
    assert (card.key_uri, card.key) == (None, None)


def test_one_card_for_each_member_and_not_too_many() -> None:
    assert len(parse_cards([CARD, CARD])) == 1
    many = [CARD | {"tertulia:of": f"https://n3.example/a/{n}"} for n in range(MOST + 50)]
    assert len(parse_cards(many)) == MOST
