"""Communities of this node: founded, launched, and never without a steward (protocol §4)."""

from typing import Any

import pytest

from domain.errors import Conflict, Invalid, NotAllowed
from domain.kinds import ActorType, Deed, FollowState, Joining, Life, MembershipState, Preset, Role
from domain.roles import CommunityRole
from social import communities as use
from social.standing import OPERATOR
from storage.queries import actors, communities
from storage.tx import Tx
from tests.social.belonging import Story, is_following
from tests.social.people import KEYS
from tests.support.clubs import OPEN
from tests.support.factories import NODE, add_node, add_person


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


def test_roles_are_given_by_stewards_and_the_last_one_stays(tx: Tx) -> None:
    story = Story(tx).launched()
    give: dict[str, Any] = {"node": OPEN, "community_id": story.id, "role": CommunityRole.MEMBER}
    use.set_role(tx, **give, actor_id=story.bo, by_id=story.ana)
    with pytest.raises(NotAllowed):
        use.set_role(tx, **give, actor_id=story.ana, by_id=story.bo)
    with pytest.raises(Conflict):
        use.set_role(tx, **give, actor_id=story.ana, by_id=OPERATOR)
