"""Belonging to a community here: asked for, answered, ended; and guests (protocol §4, §5)."""

from typing import Any

import pytest

from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import Deed, FollowState, Joining, MembershipState, Preset, Role
from social import follows, memberships
from social.standing import OPERATOR
from storage.queries import accounts, communities
from storage.queries.communities import MemberRow
from storage.tx import Tx
from tests.social.belonging import Story, is_following, told
from tests.support.clubs import OPEN
from tests.support.factories import add_person

DAY = 24 * 3600 * 1000


def test_a_member_asks_and_a_steward_says_yes(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    assert story.follow(dee) is FollowState.PENDING
    assert story.state(dee) is MembershipState.REQUESTED
    assert not communities.is_member(tx, story.id, dee)
    for steward in (story.ana, story.bo):
        assert "approve @dee to safe-lifting" in told(tx, steward)[-1]
    story.approve(dee)
    assert communities.is_member(tx, story.id, dee)
    assert is_following(tx, dee, story.id) is True
    assert "You belong to Safe lifting now. What it is for: Lift without pain." in told(tx, dee)[-1]
    assert story.deeds()[-2:] == [Deed.ASKED, Deed.JOINED]


def test_only_a_steward_answers(tx: Tx) -> None:
    story = Story(tx).launched()
    dee, eli = add_person(tx, "dee"), add_person(tx, "eli", role=Role.ADMIN)
    story.invite(eli)
    story.follow(eli)
    story.follow(dee)
    for by in (eli, dee, add_person(tx, "fay")):
        with pytest.raises(NotAllowed):
            story.approve(dee, by=by)
    assert story.state(dee) is MembershipState.REQUESTED


def test_nobody_is_let_in_who_did_not_ask(tx: Tx) -> None:
    story = Story(tx).launched()
    with pytest.raises(NotFound):
        story.approve(add_person(tx, "dee"))


def test_a_refusal_is_told_with_its_reason_and_may_be_asked_again(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    story.follow(dee)
    memberships.refuse(tx, **story.pair(dee), by_id=story.bo, reason="We are full.")
    assert (story.state(dee), is_following(tx, dee, story.id)) == (None, None)
    assert "We are full." in told(tx, dee)[-1]
    assert story.follow(dee) is FollowState.PENDING


def test_an_invitation_is_accepted_by_following_and_turned_down_by_nothing(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    story.invite(dee)
    assert not communities.is_member(tx, story.id, dee)
    assert "@safe-lifting" in told(tx, dee)[-1]
    assert story.follow(dee) is FollowState.ACCEPTED
    assert communities.is_member(tx, story.id, dee)


def test_whoever_asks_already_comes_in_by_an_invitation(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    story.follow(dee)
    story.invite(dee)
    assert communities.is_member(tx, story.id, dee)


def test_leaving_is_one_act_and_told_to_nobody(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    story.invite(dee)
    story.follow(dee)
    before = [len(told(tx, one)) for one in (story.ana, story.bo, dee)]
    epoch = accounts.by_id(tx, dee)
    follows.unfollow(tx, node=OPEN, follower_id=dee, target_id=story.id)
    assert story.state(dee) is MembershipState.LEFT
    assert is_following(tx, dee, story.id) is None
    assert [len(told(tx, one)) for one in (story.ana, story.bo, dee)] == before
    after = accounts.by_id(tx, dee)
    assert epoch is not None
    assert after is not None
    assert after.epoch == epoch.epoch + 1


def test_a_request_is_taken_back_as_if_it_had_not_been(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    story.follow(dee)
    follows.unfollow(tx, node=OPEN, follower_id=dee, target_id=story.id)
    assert (story.state(dee), is_following(tx, dee, story.id)) == (None, None)


def test_whoever_was_removed_asks_again_even_where_joining_is_open(tx: Tx) -> None:
    story = Story(tx, Preset.HERE).launched()
    dee = add_person(tx, "dee")
    assert story.follow(dee) is FollowState.ACCEPTED
    memberships.remove(tx, **story.pair(dee), by_id=story.ana, reason="Shouting")
    assert not communities.is_member(tx, story.id, dee)
    assert "Shouting" in told(tx, dee)[-1]
    assert story.follow(dee) is FollowState.PENDING


def test_only_a_steward_removes(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    story.invite(dee)
    story.follow(dee)
    with pytest.raises(NotAllowed):
        memberships.remove(tx, **story.pair(story.bo), by_id=dee)
    assert communities.is_member(tx, story.id, story.bo)


def test_by_invitation_only(tx: Tx) -> None:
    story = Story(tx, joining=Joining.BY_INVITATION).launched()
    dee = add_person(tx, "dee")
    with pytest.raises(NotAllowed, match="invitation only"):
        story.follow(dee)
    story.invite(dee)
    assert story.follow(dee) is FollowState.ACCEPTED


# Guests.


def guest_of(story: Story) -> int:
    return add_person(story.tx, "gus", role=Role.GUEST)


def test_a_guest_is_added_with_a_sponsor_and_an_end(tx: Tx) -> None:
    story = Story(tx, Preset.MEMBERS).launched()
    gus = guest_of(story)
    until = tx.now + 30 * DAY
    incomplete: list[dict[str, Any]] = [{}, {"until": until}, {"sponsor_id": story.bo}]
    for given in incomplete:
        with pytest.raises(Invalid, match="sponsor and an end"):
            memberships.add(tx, **story.pair(gus), by_id=OPERATOR, **given)
    with pytest.raises(Invalid, match="belongs to the community"):
        memberships.add(
            tx, **story.pair(gus), by_id=OPERATOR, until=until, sponsor_id=add_person(tx, "eli")
        )
    memberships.add(tx, **story.pair(gus), by_id=OPERATOR, until=until, sponsor_id=story.bo)
    row = story.member(gus)
    assert row is not None
    assert (row.until, row.sponsor_id, row.is_active(tx.now)) == (until, story.bo, True)
    assert not row.is_active(until)


def test_a_guest_is_never_in_what_everyone_here_reads(tx: Tx) -> None:
    story = Story(tx, Preset.HERE).launched()
    gus = guest_of(story)
    with pytest.raises(NotAllowed):
        memberships.add(
            tx, **story.pair(gus), by_id=OPERATOR, until=tx.now + DAY, sponsor_id=story.bo
        )
    with pytest.raises((NotAllowed, NotFound)):
        story.follow(gus)


def test_a_guest_who_was_not_invited_knows_of_no_community(tx: Tx) -> None:
    story = Story(tx, Preset.MEMBERS).launched()
    gus = guest_of(story)
    with pytest.raises(NotFound):
        story.follow(gus)
    story.invite(gus, until=tx.now + DAY, sponsor_id=story.bo)
    assert story.follow(gus) is FollowState.ACCEPTED


def test_who_becomes_a_guest_stays_in_communities_for_members(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = add_person(tx, "dee")
    story.invite(dee)
    story.follow(dee)
    follows.part_from_members(tx, node=OPEN, actor_id=dee)
    assert communities.is_member(tx, story.id, dee)


def test_an_end_date_is_kept_and_told(tx: Tx) -> None:
    story = Story(tx, Preset.MEMBERS).launched()
    gus = guest_of(story)
    memberships.add(tx, **story.pair(gus), by_id=OPERATOR, until=tx.now + 1, sponsor_id=story.bo)
    assert memberships.end_due(tx, node=OPEN) == 0
    row = story.member(gus)
    assert row is not None
    communities.put_member(
        tx,
        MemberRow(
            *(row.community_id, row.actor_id, row.state),
            row.since,
            tx.now,
            row.role,
            row.way,
            row.sponsor_id,
            row.asked_at,
        ),
    )
    assert not communities.is_member(tx, story.id, gus)
    assert memberships.end_due(tx, node=OPEN) == 1
    assert story.state(gus) is MembershipState.REMOVED
    assert is_following(tx, gus, story.id) is None
    assert "agreed end" in told(tx, gus)[-1]
    assert memberships.end_due(tx, node=OPEN) == 0
