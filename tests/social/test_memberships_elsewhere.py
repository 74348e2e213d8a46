"""People of other servers in a community here: who may ask, what is sent and told (§4, §5)."""

import pytest
from sqlalchemy import bindparam, insert

from domain.communities import Refusal
from domain.errors import NotAllowed
from domain.kinds import MembershipState, Preset, Way
from domain.roles import CommunityRole
from social import memberships
from social.departures import actor_left
from storage.queries import actors, communities, origins
from storage.queries.disclosures import is_disclosed
from storage.tables.origins import agreed_communities
from storage.tx import Tx
from tests.social.belonging import URI, Story, is_following, sent, told
from tests.support.clubs import OPEN
from tests.support.factories import add_person, add_remote, origin_of

_AGREE = insert(agreed_communities).values(
    origin_id=bindparam("origin_id"), community_uri=bindparam("community_uri")
)


def test_partners_ask_and_are_accepted_with_what_they_should_know(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    story.agree()
    assert story.asked(cy) is None
    assert sent(tx) == []
    assert "approve @cy@far.example to safe-lifting" in told(tx, story.ana)[-1]
    story.approve(cy, by=story.bo)
    (accept,) = sent(tx)
    assert (accept["type"], accept["object"]["id"]) == ("Accept", URI)
    assert accept["result"]["tertulia:history"] == "all"
    assert accept["result"]["startTime"]
    row = story.member(cy)
    assert row is not None
    assert (row.way, row.sponsor_id) == (Way.NODE, story.bo)
    assert row.until is not None


def test_a_repeated_follow_of_a_member_is_accepted_again_rule_24(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    story.invite(cy)
    story.asked(cy)
    assert story.asked(cy, uri=f"{URI}0") is None
    assert [one["object"]["id"] for one in sent(tx, "Accept")] == [URI, f"{URI}0"]


def test_without_an_agreement_a_community_is_not_there(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    assert story.asked(cy) == "there is nobody of that id"
    assert (story.state(cy), sent(tx)) == (None, [])


def test_a_hidden_community_is_not_there_for_partners(tx: Tx) -> None:
    story = Story(tx, listed=False).launched()
    cy = story.cy()
    story.agree()
    assert story.asked(cy) == "there is nobody of that id"
    story.invite(cy)
    assert is_disclosed(tx, story.id, origin_of(tx, "https://far.example"))
    assert story.asked(cy) is None
    assert communities.is_member(tx, story.id, cy)


@pytest.mark.parametrize("preset", [Preset.MEMBERS, Preset.HERE])
def test_what_is_for_people_here_refuses_outsiders(tx: Tx, preset: Preset) -> None:
    story = Story(tx, preset).launched()
    cy = story.cy()
    story.agree()
    with pytest.raises(NotAllowed):
        story.invite(cy)
    assert story.asked(cy) == "there is nobody of that id"
    assert story.state(cy) is None


@pytest.mark.parametrize("software", ["lemmy", "mbin", "piefed", "nodebb"])
def test_software_that_breaks_the_promise_is_refused_with_the_reason(tx: Tx, software: str) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    origins.remember_software(tx, origin_of(tx, "https://far.example"), software)
    story.agree()
    assert story.asked(cy, Way.PLAIN) is None
    (reject,) = sent(tx)
    assert (reject["type"], reject["summary"]) == ("Reject", Refusal.SOFTWARE.value)
    assert story.state(cy) is None


def test_an_invitation_goes_to_our_nodes_as_an_activity(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    story.invite(cy)
    (invite,) = sent(tx, "Invite", "Create")
    community = actors.by_id(tx, story.id)
    assert community is not None
    assert (invite["actor"], invite["object"]) == (community.uri, community.uri)
    assert story.asked(cy) is None
    assert communities.is_member(tx, story.id, cy)


def test_an_invitation_goes_to_plain_servers_as_a_private_mention_rule_26(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = story.cy(ours=False)
    story.invite(dee)
    (create,) = sent(tx, "Invite", "Create")
    person = actors.by_id(tx, dee)
    assert person is not None
    note = create["object"]
    assert (note["to"], note["cc"]) == ([person.uri], [])
    assert [tag["href"] for tag in note["tag"]] == [person.uri]
    assert "@safe-lifting@here.example" in note["source"]["content"]
    assert is_disclosed(tx, story.id, person.origin_id)


def test_plain_members_are_told_where_they_stand_rule_25(tx: Tx) -> None:
    story = Story(tx).launched()
    dee = story.cy(ours=False)
    story.agree()
    story.asked(dee, Way.PLAIN)
    story.approve(dee)
    memberships.leave(tx, node=OPEN, actor_id=dee, community_id=story.id)
    waiting, welcome, left = told(tx, dee)
    assert "You asked to join" in waiting
    assert "You belong to Safe lifting now" in welcome
    assert "You have left" in left


def test_removal_reaches_the_members_node(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    story.invite(cy)
    story.asked(cy)
    memberships.remove(tx, **story.pair(cy), by_id=story.ana, reason="Over")
    reject = sent(tx, "Reject")[-1]
    assert (reject["object"]["id"], reject["summary"]) == (URI, "Over")
    assert not communities.is_member(tx, story.id, cy)


def test_leaving_from_elsewhere_is_not_answered(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    story.invite(cy)
    story.asked(cy)
    assert memberships.leave(tx, node=OPEN, actor_id=cy, community_id=story.id)
    assert sent(tx, "Reject") == []
    assert story.state(cy) is MembershipState.LEFT


def test_a_steward_elsewhere_answers_requests(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    story.invite(cy, role=CommunityRole.STEWARD)
    story.asked(cy)
    dee = add_person(tx, "dee")
    story.follow(dee)
    assert "approve @dee@here.example to safe-lifting" in told(tx, cy)[-1]
    story.approve(dee, by=cy)
    assert communities.is_member(tx, story.id, dee)


def test_an_agreement_about_other_communities_is_not_about_this_one(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    story.agree()
    community = actors.by_id(tx, story.id)
    assert community is not None
    there = origin_of(tx, "https://far.example")
    tx.run(_AGREE, origin_id=there, community_uri="https://here.example/a/1")
    assert story.asked(cy) == "there is nobody of that id"
    with pytest.raises(NotAllowed, match="other communities"):
        story.invite(cy)
    tx.run(_AGREE, origin_id=there, community_uri=community.uri)
    assert story.asked(cy) is None
    assert story.state(cy) is MembershipState.REQUESTED


def test_who_is_gone_belongs_nowhere(tx: Tx) -> None:
    story = Story(tx).launched()
    cy = story.cy()
    story.invite(cy)
    story.asked(cy)
    actor_left(tx, actor_id=cy)
    assert story.state(cy) is MembershipState.LEFT
    assert is_following(tx, cy, story.id) is None


def test_ids_of_activities_mean_nothing(tx: Tx) -> None:
    """Two requests under one id are two memberships: the pair is the key."""
    story = Story(tx).launched()
    cy, dan = story.cy(), add_remote(tx, "dan", "https://far.example")
    story.invite(cy)
    story.invite(dan)
    story.asked(cy)
    story.asked(dan)
    memberships.leave(tx, node=OPEN, actor_id=cy, community_id=story.id)
    assert communities.is_member(tx, story.id, dan)
