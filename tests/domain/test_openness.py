"""How wide words are where they were written; rules of private-groups-observed.md §5."""

import pytest

from domain.kinds import Openness
from domain.openness import may_go_on, openness_of

G = "https://hq.example/a/7"
MINE = "https://m.example/users/dee"
INSIDE = {G, f"{G}/followers", MINE}


@pytest.mark.parametrize(
    "spelling",
    [
        "https://www.w3.org/ns/activitystreams#Public",
        "http://www.w3.org/ns/activitystreams#Public",
        "as:Public",
        "Public",
    ],
)
def test_rule_12_every_spelling_of_public_is_open(spelling: str) -> None:
    assert openness_of([G, spelling], inside=INSIDE) is Openness.OPEN


def test_rule_13_anybody_who_is_not_inside_makes_words_wider() -> None:
    assert openness_of([f"{MINE}/followers", G], inside=INSIDE) is Openness.WIDER
    assert openness_of([G, "https://x.example/a"], inside=INSIDE) is Openness.WIDER
    assert openness_of([G], inside=INSIDE) is Openness.CLOSED
    assert openness_of([G, f"{G}/followers"], inside=INSIDE) is Openness.CLOSED
    assert openness_of([], inside=INSIDE) is Openness.CLOSED


def test_rule_14_what_goes_on() -> None:
    assert may_go_on(Openness.CLOSED, takes_wider=False)
    assert not may_go_on(Openness.WIDER, takes_wider=False)
    assert may_go_on(Openness.WIDER, takes_wider=True)
    assert not may_go_on(Openness.OPEN, takes_wider=True)
