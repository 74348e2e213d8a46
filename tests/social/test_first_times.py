"""The first post to a kind of audience: its author is told who can read it, once."""

from typing import Final

import pytest
from sqlalchemy import bindparam, select

from domain.audience import Kind
from domain.choices import Choice
from social import scheduling
from social.first_times import EVERYTHING, WHO_READS
from social.placing import Draft
from social.posts import create_post
from storage.queries import accounts
from storage.tables.posts import mentions
from storage.tables.posts import posts as table
from storage.tx import Tx
from tests.support.factories import (
    NODE,
    add_community,
    add_follow,
    add_membership,
    add_node,
    add_person,
)

_NOTICES: Final = (
    select(table.c.source)
    .join(mentions, mentions.c.post_id == table.c.id)
    .where(table.c.author_id == bindparam("helper"), mentions.c.actor_id == bindparam("person"))
    .order_by(table.c.id)
)


class Place:
    """A node with its helper, and people who were told nothing yet."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.helper = add_node(tx)
        self.ana, self.bo = self.newcomer("ana"), self.newcomer("bo")

    def newcomer(self, handle: str) -> int:
        person = add_person(self.tx, handle)
        assert accounts.tell(self.tx, person, before=EVERYTHING, now=b"[]")
        return person

    def say(self, author: int, text: str, **draft: object) -> int:
        made = Draft(text, **draft)  # type: ignore[arg-type]
        return create_post(self.tx, node=NODE, author_id=author, draft=made).post_id

    def told(self, person: int) -> list[Kind]:
        """Of which kinds the helper spoke to somebody, in this order."""
        rows = self.tx.all(_NOTICES, helper=self.helper, person=person)
        return [kind for (said,) in rows for kind in WHO_READS if WHO_READS[kind] in (said or "")]


@pytest.fixture
def place(tx: Tx) -> Place:
    return Place(tx)


def test_each_kind_is_told_once_and_to_each_person(place: Place) -> None:
    club = add_community(place.tx, "lifting")
    for person in (place.ana, place.bo):
        add_membership(place.tx, club, person)
    for _ in range(2):
        place.say(place.ana, "to colleagues")
        place.say(place.ana, "stays here", local_only=True)
        place.say(place.ana, "to followers", visibility=Choice.PRIVATE)
        place.say(place.ana, "@bo psst", visibility=Choice.DIRECT)
        place.say(place.ana, "@lifting hello")
    assert place.told(place.ana) == [
        *(Kind.NETWORK, Kind.NODE, Kind.FOLLOWERS, Kind.DIRECT, Kind.COMMUNITY),
    ]
    assert place.told(place.bo) == []
    place.say(place.bo, "to colleagues")
    assert place.told(place.bo) == [Kind.NETWORK]


def test_what_is_said_to_the_helper_tells_nothing(place: Place) -> None:
    place.say(place.ana, "@tertulia help", visibility=Choice.DIRECT)
    assert place.told(place.ana) == []
    place.say(place.ana, "@bo help", visibility=Choice.DIRECT)
    assert place.told(place.ana) == [Kind.DIRECT]


def test_a_repeated_request_tells_nothing_more(place: Place) -> None:
    made = {place.say(place.ana, "once", idempotency_key="key") for _ in range(2)}
    assert (len(made), place.told(place.ana)) == (1, [Kind.NETWORK])


def test_an_answer_to_anothers_followers_is_not_for_ones_own(place: Place) -> None:
    add_follow(place.tx, place.bo, place.ana)
    theirs = place.say(place.ana, "to followers", visibility=Choice.PRIVATE)
    place.say(place.bo, "me too", reply_to_id=theirs)
    assert place.told(place.bo) == []


def test_a_scheduled_post_tells_when_it_appears(place: Place) -> None:
    tx, draft = place.tx, Draft("later")
    due = tx.now + 3_600_000
    made = scheduling.schedule(tx, node=NODE, author_id=place.ana, draft=draft, due_at=due)
    assert place.told(place.ana) == []
    assert scheduling.come_out(tx, node=NODE, scheduled_id=made, due_at=due)
    assert place.told(place.ana) == [Kind.NETWORK]


@pytest.mark.both
def test_whoever_was_told_meanwhile_is_not_told_again(tx: Tx) -> None:
    place = Place(tx)
    assert accounts.tell(tx, place.ana, before=b"[]", now=b'["network"]')
    assert not accounts.tell(tx, place.ana, before=b"[]", now=b'["network"]')
    place.say(place.ana, "to colleagues")
    assert place.told(place.ana) == []
