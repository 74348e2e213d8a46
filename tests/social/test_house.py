"""Announcements, rules and texts on both databases: what their statements give, and to whom."""

import pytest

from domain.audience import Audience, Viewer
from domain.errors import Conflict, Invalid, NotFound
from domain.house import LONGEST_RULE, MOST_RULES, House
from social import announcements, house
from social.announcements import Words
from storage.queries import profile_choices
from storage.queries.peers import peers
from storage.queries.profile_choices import ProfileChoices
from storage.tx import Tx
from tests.social.people import create
from tests.support.factories import (
    NODE,
    add_node,
    add_post,
    add_remote,
    add_sister,
    guest,
    member,
    origin_of,
)

pytestmark = pytest.mark.both


def put_up(tx: Tx, text: str, *, for_members: bool = False, ends_at: int | None = None) -> int:
    words = Words(text=text, for_members=for_members, ends_at=ends_at)
    return announcements.publish(tx, node=NODE, words=words)


def read_by(tx: Tx, viewer: Viewer) -> list[tuple[int, bool]]:
    return [(one.row.id, one.is_read) for one in announcements.shown_to(tx, viewer)[0]]


def test_G26_each_is_shown_to_whom_it_is_for_until_it_ends(tx: Tx) -> None:
    ana, bo = member(create(tx)), guest(create(tx, "bo", "bo@mail.example"))
    known, hidden = put_up(tx, "For all"), put_up(tx, "For members", for_members=True)
    over = put_up(tx, "Soon over", ends_at=tx.now + 1)
    tx.now += 2
    assert read_by(tx, ana) == [(known, False), (hidden, False)]
    assert read_by(tx, bo) == [(known, False)]
    announcements.dismiss(tx, viewer=ana, announcement_id=hidden)
    assert read_by(tx, ana) == [(known, False), (hidden, True)]
    for viewer, one in ((bo, hidden), (ana, over), (bo, over)):
        with pytest.raises(NotFound):
            announcements.dismiss(tx, viewer=viewer, announcement_id=one)
    assert announcements.ended(tx, bo, over).id == over
    for viewer, one in ((bo, hidden), (ana, known)):
        with pytest.raises(NotFound):
            announcements.ended(tx, viewer, one)


def test_reactions_are_counted_in_the_order_of_the_first(tx: Tx) -> None:
    ana, bo = member(create(tx)), member(create(tx, "bo", "bo@mail.example"))
    gina = guest(create(tx, "gina", "gina@mail.example"))
    one = put_up(tx, "For all")
    for viewer, name in ((bo, "🎉"), (ana, "💡"), (ana, "🎉"), (gina, "💡")):
        announcements.react(tx, viewer=viewer, announcement_id=one, name=name)
        tx.now += 1
    counts = {
        viewer: [(c.emoji, c.count, c.is_mine) for c in announcements.shown_to(tx, viewer)[1]]
        for viewer in (ana, bo, gina)
    }
    assert counts[ana] == [("🎉", 2, True), ("💡", 2, True)]
    assert counts[bo] == [("🎉", 2, True), ("💡", 2, False)]
    assert counts[gina] == [("💡", 1, True)]
    assert announcements.count_for(tx, bo, one, "💡").count == 2
    assert announcements.count_for(tx, bo, one, "🌻").count == 0
    with pytest.raises(NotFound):
        announcements.count_for(tx, gina, one, "💡")


def test_rules_keep_their_order_and_the_first_holds_always(tx: Tx) -> None:
    for text in ("one", "two", "three"):
        house.add_rule(tx, text=text)
    house.move_rule(tx, number=3, to=1)
    house.remove_rule(tx, number=2)
    [first, *others] = house.rules(tx, node=NODE)
    assert first.id == house.FIRST_RULE
    assert [row.text for row in others] == ["three", "two"]
    with pytest.raises(NotFound):
        house.remove_rule(tx, number=3)
    with pytest.raises(Invalid):
        house.add_rule(tx, text="x" * (LONGEST_RULE + 1))
    for number in range(MOST_RULES - 2):
        house.add_rule(tx, text=f"rule {number}")
    with pytest.raises(Conflict):
        house.add_rule(tx, text="one too many")


def test_a_text_given_again_for_a_day_takes_the_place_of_the_first(tx: Tx) -> None:
    for text in ("First", "Second"):
        house.give_text(tx, kind=House.TERMS, text=text, holds_from="2020-01-01")
        house.give_text(tx, kind=House.ABOUT, text=text)
    assert house.terms(tx)[0].source == "Second"
    assert house.about(tx, node=NODE).content == "<p>Second</p>"
    house.take_text_away(tx, kind=House.ABOUT)
    with pytest.raises(NotFound):
        house.take_text_away(tx, kind=House.ABOUT)
    assert "read by" in house.about(tx, node=NODE).content


def test_choices_for_a_profile_are_kept_for_each_person(tx: Tx) -> None:
    chosen = ProfileChoices(shows_media=False, credited_by=("blog.example",))
    for choices in (ProfileChoices(), chosen):
        profile_choices.put(tx, 1, choices)
    assert profile_choices.find(tx, 1) == chosen
    assert profile_choices.find(tx, 2) == ProfileChoices()
    profile_choices.forget(tx, 1)
    assert profile_choices.find(tx, 1) == ProfileChoices()


def test_G39_peers_are_those_with_an_agreement_or_with_something_public(tx: Tx) -> None:
    add_node(tx)
    for name, audience in (("open", Audience.public()), ("closed", Audience.direct())):
        origin = f"https://{name}.example"
        author = add_remote(tx, "far", origin)
        add_post(tx, author, audience, origin_id=origin_of(tx, origin))
    add_sister(tx, origin_of(tx, "https://sister.example"))
    add_sister(tx, origin_of(tx, "https://former.example"), active=False)
    add_sister(tx, origin_of(tx, "https://over.example"), until=tx.now - 1)
    assert peers(tx) == ["open.example", "sister.example"]
