"""What holds while two nodes do not quite agree: the stricter word, in every point."""

from itertools import product

import pytest

from domain.agreements import NOWHERE, Terms, stricter
from domain.kinds import AgreementKind, Directory

SISTER, PARTNER = AgreementKind.SISTER, AgreementKind.PARTNER
A, B = "https://n1.example/a/1", "https://n1.example/a/2"


def terms(
    kind: AgreementKind = SISTER,
    directory: Directory = Directory.ALL,
    communities: frozenset[str] = frozenset(),
    until: int | None = None,
) -> Terms:
    return Terms(kind, directory, communities, until)


@pytest.mark.parametrize(
    ("standing", "offered", "holds"),
    [
        (terms(), terms(PARTNER), terms(PARTNER)),
        (terms(PARTNER), terms(), terms(PARTNER)),
        (terms(), terms(directory=Directory.NONE), terms(directory=Directory.NONE)),
        (terms(directory=Directory.SHARED), terms(), terms(directory=Directory.SHARED)),
        (terms(), terms(until=5), terms(until=5)),
        (terms(until=5), terms(), terms(until=5)),
        (terms(until=5), terms(until=7), terms(until=5)),
        (terms(), terms(communities=frozenset({A})), terms(communities=frozenset({A}))),
        (terms(communities=frozenset({A})), terms(), terms(communities=frozenset({A}))),
        (
            terms(communities=frozenset({A})),
            terms(communities=frozenset({B})),
            terms(communities=frozenset({NOWHERE})),
        ),
    ],
)
def test_the_stricter_word_counts(standing: Terms, offered: Terms, holds: Terms) -> None:
    assert stricter(standing, offered) == holds


def test_narrowing_needs_one_side_and_no_order() -> None:
    every = [
        terms(*points)
        for points in product(
            AgreementKind,
            Directory,
            (frozenset(), frozenset({A}), frozenset({A, B}), frozenset({NOWHERE})),
            (None, 5, 7),
        )
    ]
    for one, other in product(every, every):
        met = stricter(one, other)
        assert met == stricter(other, one)
        assert stricter(met, one) == met
        for community in (A, B):
            assert met.covers(community) == (one.covers(community) and other.covers(community))


def test_what_names_communities_means_only_those() -> None:
    assert terms().covers(A)
    assert terms(communities=frozenset({A})).covers(A)
    assert not terms(communities=frozenset({A})).covers(B)
    assert not terms(communities=frozenset({NOWHERE})).covers(A)
