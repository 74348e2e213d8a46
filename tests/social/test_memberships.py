"""Belonging to a community: founded, launched, asked for, answered, ended (protocol §4, §5)."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import bindparam, insert, select

from domain.communities import Refusal
from domain.errors import Conflict, Invalid, NotAllowed, NotFound
from domain.kinds import (
    ActorType,
    AgreementKind,
    Deed,
    FollowState,
    Joining,
    Life,
    MembershipState,
    Preset,
    Role,
    SignatureScheme,
    Way,
)
from domain.node import Federation
from domain.roles import CommunityRole
from social import communities as use
from social import follows, memberships
from social.departures import actor_left
from social.standing import OPERATOR
from storage.queries import accounts, actors, communities, origins
from storage.queries import follows as stored_follows
from storage.queries.communities import MemberRow
from storage.queries.disclosures import is_disclosed
from storage.tables.origins import agreed_communities, agreements
from storage.tables.posts import mentions, posts
from storage.tables.traffic import activities
from storage.tx import Tx
from tests.social.people import KEYS
from tests.support.factories import (
    AGREED,
    NODE,
    add_node,
    add_person,
    add_remote,
    origin_of,
    put,
)

OPEN = replace(NODE, federation=Federation.OPEN)
URI = "https://far.example/follows/1"
DAY = 24 * 3600 * 1000

_AGREE = insert(agreed_communities).values(
    origin_id=bindparam("origin_id"), community_uri=bindparam("community_uri")
)
_SENT = select(activities.c.body).order_by(activities.c.id)
_TOLD = select(posts.c.source).join(mentions, mentions.c.post_id == posts.c.id).order_by(posts.c.id)


def sent(tx: Tx, *types: str) -> list[dict[str, Any]]:
    """What left the node, without the helper's notes."""
    found = [orjson.loads(row[0]) for row in tx.all(_SENT)]
    return [one for one in found if one["type"] in (types or {one["type"]} - {"Create"})]


def told(tx: Tx, actor_id: int) -> list[str]:
    """What the helper wrote to somebody."""
    return [str(row[0]) for row in tx.all(_TOLD.where(mentions.c.actor_id == actor_id))]


class Story:
    """A node with Ana, who founds a community, and Bo, its second steward."""

    def __init__(self, tx: Tx, preset: Preset = Preset.PARTNERS, **more: Any) -> None:
        self.tx = tx
        self.helper = add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        given: dict[str, Any] = {"purpose": "Lift without pain", "by_id": self.ana, "keys": KEYS}
        self.id = use.found(
            tx,
            node=OPEN,
            handle="safe-lifting",
            name="Safe lifting",
            preset=preset,
            **(given | more),
        )

    def launched(self) -> "Story":
        self.invite(self.bo, role=CommunityRole.STEWARD)
        assert self.follow(self.bo) is FollowState.ACCEPTED
        use.launch(self.tx, community_id=self.id, by_id=self.ana)
        return self

    def follow(self, actor_id: int) -> FollowState:
        return follows.follow(self.tx, node=OPEN, follower_id=actor_id, target_id=self.id)

    def asked(self, actor_id: int, way: Way = Way.NODE, uri: str = URI) -> str | None:
        actor = actors.by_id(self.tx, actor_id)
        assert actor is not None
        return memberships.asked(
            self.tx, node=OPEN, actor=actor, community_id=self.id, uri=uri, way=way
        )

    def invite(self, actor_id: int, by: int | None = None, **more: Any) -> None:
        by_id = self.ana if by is None else by
        memberships.invite(self.tx, **self.pair(actor_id), by_id=by_id, **more)

    def approve(self, actor_id: int, by: int | None = None, **more: Any) -> None:
        by_id = self.ana if by is None else by
        memberships.approve(self.tx, **self.pair(actor_id), by_id=by_id, **more)

    def pair(self, actor_id: int) -> dict[str, Any]:
        return {"node": OPEN, "community_id": self.id, "actor_id": actor_id}

    def member(self, actor_id: int) -> MemberRow | None:
        return communities.member(self.tx, self.id, actor_id)

    def state(self, actor_id: int) -> MembershipState | None:
        row = self.member(actor_id)
        return row.state if row is not None else None

    def deeds(self) -> list[Deed]:
        return [row.deed for row in communities.log_of(self.tx, self.id)]

    def cy(self, origin: str = "https://far.example", *, ours: bool = True) -> int:
        """Somebody on another of our nodes, or on a plain server."""
        found = add_remote(self.tx, "cy", origin)
        there = origin_of(self.tx, origin)
        if ours:
            origins.remember_scheme(self.tx, there, SignatureScheme.OURS)
        else:
            origins.remember_software(self.tx, there, "mastodon")
        return found

    def agree(self, origin: str = "https://far.example") -> None:
        put(
            self.tx,
            agreements,
            origin_id=origin_of(self.tx, origin),
            kind=AgreementKind.PARTNER,
            since=0,
            until=None,
            active=True,
            **AGREED,
        )


def is_following(tx: Tx, actor_id: int, community_id: int) -> bool | None:
    row = stored_follows.find(tx, actor_id, community_id)
    return None if row is None else row.is_accepted


# Founding and launching.


def test_a_community_is_an_actor_that_says_what_following_means(tx: Tx) -> None:
    story = Story(tx)
    actor = actors.by_id(tx, story.id)
    assert actor is not None
    assert (actor.type, actor.handle, actor.locked) == (ActorType.GROUP, "safe-lifting", True)
    assert "Lift without pain" in actor.summary
    assert "Following = asking to join" in actor.summary
    assert story.state(story.ana) is MembershipState.ACTIVE
    assert is_following(tx, story.ana, story.id) is True


def test_what_everyone_here_reads_is_joined_at_once(tx: Tx) -> None:
    story = Story(tx, Preset.HERE)
    row = communities.by_id(tx, story.id)
    assert row is not None
    assert row.joining is Joining.OPEN
    story.launched()
    assert story.follow(add_person(tx, "dee")) is FollowState.ACCEPTED


def test_what_is_open_to_the_world_is_joined_at_once_or_asked_for(tx: Tx) -> None:
    story = Story(tx, Preset.WORLD)
    story.launched()
    assert story.follow(add_person(tx, "dee")) is FollowState.ACCEPTED


def test_nobody_has_to_be_invited_to_what_the_world_reads(tx: Tx) -> None:
    with pytest.raises(Invalid, match="joined, or asked for"):
        Story(tx, Preset.WORLD, joining=Joining.BY_INVITATION)


@pytest.mark.parametrize("joining", [Joining.OPEN])
def test_members_only_is_never_joined_without_asking(tx: Tx, joining: Joining) -> None:
    with pytest.raises(Invalid):
        Story(tx, Preset.MEMBERS, joining=joining)


def test_guests_found_nothing(tx: Tx) -> None:
    add_node(tx)
    gus = add_person(tx, "gus", role=Role.GUEST)
    given: dict[str, Any] = {
        "handle": "x",
        "name": "X",
        "purpose": "",
        "preset": Preset.MEMBERS,
        "keys": KEYS,
    }
    with pytest.raises(NotAllowed):
        use.found(tx, node=NODE, by_id=gus, **given)


def test_a_handle_is_nobodys_twice(tx: Tx) -> None:
    story = Story(tx)
    for handle in ("bo", "Safe-Lifting"):
        with pytest.raises(Conflict):
            use.found(
                tx,
                node=NODE,
                handle=handle,
                name="X",
                purpose="",
                preset=Preset.MEMBERS,
                by_id=story.ana,
                keys=KEYS,
            )


def test_it_is_not_launched_without_two_stewards_who_said_yes(tx: Tx) -> None:
    story = Story(tx)
    story.invite(story.bo, role=CommunityRole.STEWARD)
    with pytest.raises(NotAllowed, match="two stewards"):
        use.launch(tx, community_id=story.id, by_id=story.ana)
    assert story.follow(story.bo) is FollowState.ACCEPTED
    use.launch(tx, community_id=story.id, by_id=story.ana)
    row = communities.by_id(tx, story.id)
    assert row is not None
    assert (row.life, row.launched_at) == (Life.ACTIVE, tx.now)
    assert Deed.LAUNCHED in story.deeds()


def test_it_is_not_launched_without_a_purpose(tx: Tx) -> None:
    story = Story(tx, purpose=" ")
    story.invite(story.bo, role=CommunityRole.STEWARD)
    story.follow(story.bo)
    with pytest.raises(NotAllowed, match="purpose"):
        use.launch(tx, community_id=story.id, by_id=story.ana)
    use.set_purpose(tx, community_id=story.id, purpose="Lift well", by_id=story.bo)
    use.launch(tx, community_id=story.id, by_id=story.bo)
    with pytest.raises(NotAllowed, match="not changed"):
        use.set_purpose(tx, community_id=story.id, purpose="Sell things", by_id=story.bo)


def test_only_its_stewards_launch_it(tx: Tx) -> None:
    story = Story(tx)
    story.invite(story.bo, role=CommunityRole.STEWARD)
    story.follow(story.bo)
    with pytest.raises(NotAllowed):
        use.launch(tx, community_id=story.id, by_id=add_person(tx, "dee", role=Role.ADMIN))


def test_before_it_is_launched_only_the_invited_come_in(tx: Tx) -> None:
    story = Story(tx)
    with pytest.raises(NotAllowed, match="not begun"):
        story.follow(story.bo)
    assert story.state(story.bo) is None


# People here.


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


def test_roles_are_given_by_stewards_and_the_last_one_stays(tx: Tx) -> None:
    story = Story(tx).launched()
    give: dict[str, Any] = {"node": OPEN, "community_id": story.id, "role": CommunityRole.MEMBER}
    use.set_role(tx, **give, actor_id=story.bo, by_id=story.ana)
    with pytest.raises(NotAllowed):
        use.set_role(tx, **give, actor_id=story.ana, by_id=story.bo)
    with pytest.raises(Conflict):
        use.set_role(tx, **give, actor_id=story.ana, by_id=OPERATOR)


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


# People elsewhere.


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
