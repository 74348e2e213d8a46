"""Whom people are shown to get to know: only whom they may know of, by ties that they may see."""

import pytest
from sqlalchemy import bindparam, update

from domain.audience import ANONYMOUS, Viewer
from domain.kinds import AccountState, ActorType, FollowState, Life, Limit, MembershipState, Role
from social import suggestions
from storage.queries import suggestions as dismissed
from storage.tables.accounts import accounts
from storage.tx import Tx
from storage.views import directory
from tests.support.factories import (
    add_actor,
    add_block,
    add_follow,
    add_membership,
    add_node,
    add_person,
    add_remote,
    guest,
    member,
    put_community,
)

pytestmark = pytest.mark.both

_SET_STATE = (
    update(accounts)
    .where(accounts.c.id == bindparam("key"))
    .values(state=bindparam("now_is", type_=accounts.c.state.type))
)


def add_club(tx: Tx, handle: str, **values: object) -> int:
    club = add_actor(tx, handle, type=ActorType.GROUP, discoverable=False)  # as they are founded
    put_community(tx, club, **values)  # type: ignore[arg-type]
    return club


def listed(tx: Tx, viewer: Viewer, **options: bool) -> list[str]:
    return [actor.acct for actor in directory.directory(tx, viewer, **options)]


def suggested(tx: Tx, viewer: Viewer) -> list[tuple[str, str]]:
    found = suggestions.suggest(tx, viewer=viewer, limit=40)
    return [(each.actor.acct, each.reason) for each in found]


def test_G01_the_directory_shows_whom_the_viewer_may_know_of(tx: Tx) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana", name="Zoe"), add_person(tx, "bo", name="")
    gina = add_person(tx, "gina", role=Role.GUEST)
    add_person(tx, "public", public=True)
    add_person(tx, "shy", discoverable=False)
    add_person(tx, "gone", gone_at=tx.now)
    add_person(tx, "loud", limited=Limit.SILENCED)
    add_person(tx, "moved", moved_to="https://there.example/a/1")
    add_remote(tx, "rosa")
    add_remote(tx, "heard", fetched_at=0)
    hidden, club = add_club(tx, "hidden"), add_club(tx, "club", listed=True)
    everybody = ["bo", "club", "gina", "public", "rosa@far.example", "tertulia", "ana"]
    assert listed(tx, member(bo)) == everybody
    assert listed(tx, member(bo), local=True) == [one for one in everybody if "@" not in one]
    assert listed(tx, member(bo), newest=True)[-1] == "tertulia", "who came last comes first"
    assert listed(tx, ANONYMOUS) == ["public", "tertulia"]
    assert listed(tx, guest(gina)) == ["gina", "public", "tertulia"]
    for one in (gina, ana):
        add_membership(tx, hidden, one)
    assert listed(tx, guest(gina)) == ["gina", "public", "tertulia", "ana"]
    add_block(tx, ana, bo)
    assert "ana" not in listed(tx, member(bo))
    assert club


def test_suggestions_have_reasons_and_tell_of_nobodys_communities(tx: Tx) -> None:
    add_node(tx)
    ana, bo, cy, dora = (add_person(tx, name) for name in ("ana", "bo", "cy", "dora"))
    elsewhere = add_remote(tx, "rosa")
    hidden, club = add_club(tx, "hidden"), add_club(tx, "club", listed=True)
    add_club(tx, "plans", listed=True, life=Life.PLANNING)
    for friend in (bo, cy):
        add_follow(tx, ana, friend)
        add_follow(tx, friend, elsewhere)
        for community in (hidden, club):  # as followers of it, which its members are
            add_follow(tx, friend, community)
    add_follow(tx, bo, dora)
    reason = "Somebody whom you follow follows them"
    assert suggested(tx, member(ana)) == [
        ("rosa@far.example", "2 people whom you follow follow them"),
        ("dora", reason),
        ("club", "A community that you can join by following it"),
    ]
    dismissed.dismiss(tx, ana, elsewhere)
    add_membership(tx, club, ana, state=MembershipState.REQUESTED)
    assert suggested(tx, member(ana)) == [("dora", reason)]
    add_follow(tx, ana, dora, state=FollowState.PENDING)
    assert suggested(tx, member(ana)) == []


def test_a_pending_follow_is_no_tie(tx: Tx) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    rosa = add_remote(tx, "rosa")
    add_follow(tx, ana, bo, state=FollowState.PENDING)
    add_follow(tx, bo, rosa)
    assert suggested(tx, member(ana)) == []
    assert directory.familiar_followers(tx, member(ana), [rosa])[rosa] == []


def test_who_hides_whom_they_follow_leads_to_nobody(tx: Tx) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo", hides_follows=True)
    rosa, shy = add_remote(tx, "rosa"), add_remote(tx, "shy", hides_follows=True)
    add_follow(tx, ana, bo)
    for one in (rosa, shy):
        add_follow(tx, bo, one)
    assert suggested(tx, member(ana)) == []
    asked = [rosa, shy]
    assert directory.familiar_followers(tx, member(ana), asked) == {rosa: [], shy: []}


def test_familiar_followers_of_a_community_are_told_to_nobody(tx: Tx) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    club, rosa = add_club(tx, "club", listed=True), add_remote(tx, "rosa")
    add_follow(tx, ana, bo)
    for one in (club, rosa):
        add_follow(tx, bo, one)
    found = directory.familiar_followers(tx, member(ana), [club, rosa])
    assert {one: [actor.id for actor in who] for one, who in found.items()} == {
        club: [],
        rosa: [bo],
    }


def test_G01_guests_and_who_may_not_sign_in_are_suggested_to_nobody(tx: Tx) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    add_person(tx, "bo")
    add_person(tx, "gina", role=Role.GUEST)
    locked_out = add_person(tx, "dora")
    tx.change(_SET_STATE, key=locked_out, now_is=AccountState.DISABLED)
    assert suggested(tx, member(ana)) == [("bo", "Came here lately")]
    assert listed(tx, member(ana)) == ["ana", "bo", "gina", "tertulia"]


def test_familiar_followers_of_one_leave_room_for_those_of_another(tx: Tx) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    asked = [add_person(tx, f"one{number}") for number in range(42)]
    friends = [add_person(tx, f"friend{number}") for number in range(40)]
    for friend in friends:
        add_follow(tx, ana, friend)
    add_follow(tx, friends[0], asked[0])
    for popular in asked[1:]:
        for friend in friends:
            add_follow(tx, friend, popular)
    few = directory.MOST_FAMILIAR
    found = directory.familiar_followers(tx, member(ana), asked)
    assert [len(found[one]) for one in asked] == [1] + [few] * 41
    assert [actor.id for actor in found[asked[1]]] == friends[: -few - 1 : -1], "the newest first"


def test_past_the_deepest_page_of_the_directory_is_nothing(
    tx: Tx, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    add_person(tx, "bo")
    monkeypatch.setattr(directory, "DEEPEST", 1)
    found = [directory.directory(tx, member(ana), offset=place) for place in (0, 1, 2)]
    assert [len(page) for page in found] == [3, 2, 0]
