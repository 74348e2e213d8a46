"""What a community says of its members, and which node was told what (protocol §5)."""

import pytest

from domain.kinds import KeyType, Way
from social import cards
from storage.queries import actors
from storage.queries.cards import communities_of, forget, stated_key
from storage.queries.keys import StatedKey, insert_own_key, replace_stated_keys, retire_own_keys
from storage.tx import Tx
from tests.support.factories import (
    NODE,
    add_community,
    add_membership,
    add_node,
    add_person,
    add_remote,
    origin_of,
)
from tests.support.stranger import ed25519


class Circle:
    """A community here with ana of ours, bo of a node, dee of a plain server."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        add_node(tx)
        self.id = add_community(tx, "club")
        self.ana = add_person(tx, "ana")
        self.bo = add_remote(tx, "bo", "https://n2.example")
        self.dee = add_remote(tx, "dee", "https://masto.example")
        ways = {self.ana: Way.HERE, self.bo: Way.NODE, self.dee: Way.PLAIN}
        for actor, way in ways.items():
            add_membership(tx, self.id, actor, way=way)
            self._give_key(actor)
            assert cards.make(tx, NODE, self.id, actor)

    def _give_key(self, actor: int, number: int = 1) -> None:
        found = actors.by_id(self.tx, actor)
        assert found is not None
        uri, public = f"{found.uri}#key-{number}", ed25519(number).public.multikey()
        if found.is_local:
            insert_own_key(
                self.tx,
                actor_id=actor,
                uri=uri,
                key_type=KeyType.ED25519,
                public=public,
                sealed=b"sealed",
            )
        else:
            replace_stated_keys(self.tx, actor, [StatedKey(uri, KeyType.ED25519, public)])

    def card(self, actor: int) -> cards.Card:
        found = cards.by_member(self.tx, self.id, actor)
        assert found is not None
        return found

    def missing(self, origin: str, *people: int) -> list[int]:
        at = origin_of(self.tx, origin)
        return [one.actor_id for one in cards.missing(self.tx, self.id, at, people)]


@pytest.fixture
def circle(tx: Tx) -> Circle:
    return Circle(tx)


def test_a_card_says_who_a_member_is_and_with_which_key_they_sign(circle: Circle) -> None:
    card = circle.card(circle.bo)
    assert (card.handle, card.name, card.home, card.version) == ("bo", "Bo", "n2.example", 1)
    assert card.key == ed25519(1).public.multikey()
    assert circle.card(circle.ana).home == NODE.name
    assert circle.card(circle.dee).key is None  # the community speaks on dee's behalf


def test_only_news_make_a_new_version(circle: Circle) -> None:
    assert not cards.make(circle.tx, NODE, circle.id, circle.bo)
    circle._give_key(circle.bo, 2)
    assert cards.refresh(circle.tx, NODE, circle.bo) == 1
    card = circle.card(circle.bo)
    assert (card.version, card.key) == (2, ed25519(2).public.multikey())


def test_nobody_who_is_no_member_gets_a_card(circle: Circle) -> None:
    eve = add_person(circle.tx, "eve")
    assert not cards.make(circle.tx, NODE, circle.id, eve)
    assert communities_of(circle.tx, eve) == []


def test_a_node_is_told_what_it_was_not_told_and_never_of_its_own(circle: Circle) -> None:
    people = (circle.ana, circle.bo, circle.dee)
    assert circle.missing("https://n3.example", *people) == sorted(people)
    assert circle.missing("https://n2.example", *people) == sorted((circle.ana, circle.dee))
    at = origin_of(circle.tx, "https://n3.example")
    cards.held(circle.tx, circle.id, at, [circle.card(one) for one in people])
    assert circle.missing("https://n3.example", *people) == []
    circle._give_key(circle.bo, 2)
    cards.make(circle.tx, NODE, circle.id, circle.bo)
    assert circle.missing("https://n3.example", *people) == [circle.bo]


def test_a_key_of_ours_is_known_after_it_was_retired(circle: Circle) -> None:
    uri = circle.card(circle.ana).key_uri
    assert uri is not None
    retire_own_keys(circle.tx, circle.ana)
    assert stated_key(circle.tx, circle.ana, uri) == ed25519(1).public.multikey()
    assert stated_key(circle.tx, circle.bo, uri) is None


def test_a_purge_forgets_cards(circle: Circle) -> None:
    forget(circle.tx, circle.id, [circle.bo])
    assert cards.by_member(circle.tx, circle.id, circle.bo) is None
    assert cards.by_member(circle.tx, circle.id, circle.ana) is not None
