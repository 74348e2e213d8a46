"""Finding people and posts: only what the viewer may know, with lists and relationships."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.audience import ANONYMOUS, Audience, Viewer
from domain.errors import NotFound
from domain.kinds import ActorType, FollowState, MembershipState, Role
from social.search import search
from storage.queries import actors
from storage.tx import Tx
from storage.views import people, relationships
from storage.views.paging import Page
from tests.support.factories import (
    add_actor,
    add_block,
    add_community,
    add_follow,
    add_membership,
    add_person,
    add_post,
    add_remote,
    guest,
    member,
)


def handles(found: list[Any]) -> list[str]:
    return [actor.acct for actor in found]


@pytest.fixture
def world(tx: Tx) -> dict[str, int]:
    """Members, a guest, the helper, a person elsewhere."""
    return {
        "ana": add_person(tx, "ana", name="Ana Maria Ålund"),
        "anabel": add_person(tx, "anabel", name="Bel"),
        "bo": add_person(tx, "bo", name="Bo Anand"),
        "gina": add_person(tx, "gina", role=Role.GUEST, name="Gina Anders"),
        "tertulia": add_actor(tx, "tertulia", type=ActorType.SERVICE, name="Tertulia"),
        "node": add_actor(tx, "node", type=ActorType.APPLICATION, name="Analytics"),
        "zoe": add_remote(tx, "anatol", name="Zoe"),
    }


def test_a_search_finds_by_the_beginning_of_handles_and_words(
    tx: Tx, world: dict[str, int]
) -> None:
    viewer = member(world["bo"])
    assert handles(search(tx, viewer, "ana")) == [
        *("ana", "anabel", "bo", "anatol@far.example"),
    ], "the exact handle first, our own before others; never the node's own actor"
    assert handles(search(tx, viewer, "@ana", limit=1)) == ["ana"]
    assert handles(search(tx, viewer, "ana", limit=1, offset=1)) == ["anabel"]
    assert handles(search(tx, viewer, "maria")) == ["ana"]
    assert handles(search(tx, viewer, "Ålund")) == ["ana"]
    assert handles(search(tx, viewer, "bel")) == ["anabel"]
    assert handles(search(tx, viewer, "@anatol@far.example")) == ["anatol@far.example"]
    assert search(tx, viewer, "nab") == []


@pytest.mark.parametrize("text", ["", "  ", "%", "_", "\\", "a%", "' OR 1=1 --", "\x00" * 3, "@"])
def test_Z06_signs_of_the_pattern_language_are_plain_text(
    tx: Tx, world: dict[str, int], text: str
) -> None:
    assert search(tx, member(world["bo"]), text.replace("\x00", "")) == []


@pytest.mark.both
def test_who_elsewhere_does_not_want_to_be_discovered_is_found_by_who_knows_them(
    tx: Tx, world: dict[str, int]
) -> None:
    viewer = member(world["bo"])
    shy = add_remote(tx, "ottilie", name="Tilly Quiet", discoverable=False)
    ours = add_person(tx, "otto", name="Otto Quiet", discoverable=False)
    for text in ("otti", "tilly", "quiet"):
        assert "ottilie@far.example" not in handles(search(tx, viewer, text))
    assert handles(search(tx, viewer, "ott")) == ["otto"], "our own are always found"
    assert handles(search(tx, viewer, "anat")) == ["anatol@far.example"], "who said so is"
    for text in ("ottilie", "@ottilie", "@Ottilie@far.example"):
        assert handles(search(tx, viewer, text)) == ["ottilie@far.example"], "the whole handle"
    add_follow(tx, world["bo"], shy)
    assert handles(search(tx, viewer, "tilly")) == ["ottilie@far.example"], "a follower"
    colleague = member(ours)
    assert search(tx, colleague, "tilly") == []
    club = add_community(tx, "club")
    for one in (ours, shy):
        add_membership(tx, club, one)
    assert handles(search(tx, colleague, "tilly")) == ["ottilie@far.example"], "in one community"


def test_a_search_among_those_one_follows(tx: Tx, world: dict[str, int]) -> None:
    add_follow(tx, world["bo"], world["anabel"])
    viewer = member(world["bo"])
    assert handles(search(tx, viewer, "ana", followed=True)) == ["anabel"]


def test_who_is_gone_or_blocked_is_not_found(tx: Tx, world: dict[str, int]) -> None:
    actors.mark_gone(tx, world["anabel"])
    add_block(tx, world["ana"], world["bo"])
    assert handles(search(tx, member(world["bo"]), "ana")) == ["bo", "anatol@far.example"]


@pytest.mark.both
def test_G_a_guest_finds_herself_and_the_helper_only(tx: Tx, world: dict[str, int]) -> None:
    viewer = guest(world["gina"])
    for text in ("ana", "anabel", "bo", "a", "an", "@ana@here.example", "@anatol@far.example"):
        assert handles(search(tx, viewer, text)) in ([], ["gina"])
    assert handles(search(tx, viewer, "gina")) == ["gina"]
    assert handles(search(tx, viewer, "tert")) == ["tertulia"]
    assert search(tx, ANONYMOUS, "ana") == []


def test_G_a_guest_sees_whom_the_world_sees_and_who_wrote_to_her(
    tx: Tx, world: dict[str, int]
) -> None:
    viewer = guest(world["gina"])
    with pytest.raises(NotFound):
        people.person(tx, viewer, world["ana"])
    add_post(tx, world["ana"], Audience.direct(), named=(world["gina"],))
    seen = people.person(tx, viewer, world["ana"])
    assert seen.handle == "ana"
    assert (seen.followers_count, seen.following_count) == (0, 0)
    with pytest.raises(NotFound):
        people.person(tx, viewer, world["bo"])
    with pytest.raises(NotFound):
        people.person(tx, ANONYMOUS, world["ana"])
    outside = add_person(tx, "open", public=True, followers_count=7)
    assert people.person(tx, ANONYMOUS, outside).followers_count == 0
    assert people.person(tx, member(world["bo"]), outside).followers_count == 7


def sees(tx: Tx, viewer: Viewer, actor_id: int) -> bool:
    """Whether every way of looking at one person says that there is somebody, or none does."""
    found = actors.by_id(tx, actor_id)
    assert found is not None
    answers = {bool(people.people(tx, viewer, [actor_id]))}
    for look in (
        lambda: people.person(tx, viewer, actor_id),
        lambda: people.by_acct(tx, viewer, found.handle, found.domain),
        lambda: people.followers(tx, viewer, actor_id, Page()),
        lambda: people.following(tx, viewer, actor_id, Page()),
    ):
        try:
            look()
        except NotFound:
            answers.add(False)
        else:
            answers.add(True)
    answers.add(found.handle in [one.handle for one in search(tx, viewer, f"@{found.acct}")])
    assert len(answers) == 1
    return answers.pop()


def test_P06_people_elsewhere_are_not_there_for_the_anonymous(
    tx: Tx, world: dict[str, int]
) -> None:
    """Even who writes for the whole world: they are here because somebody here looked at them."""
    loud = add_remote(tx, "loud", posts_count=9, public=True)
    assert sees(tx, member(world["bo"]), loud)
    assert not sees(tx, ANONYMOUS, loud)
    assert not sees(tx, guest(world["gina"]), loud)
    ours = add_person(tx, "author", posts_count=1)
    assert sees(tx, ANONYMOUS, ours), "who writes here for the whole world may be looked up"
    fake = add_remote(tx, "tertulia", "https://other.example")
    assert not sees(tx, ANONYMOUS, fake), "only our own helper is everybody's"


def by_following(tx: Tx, gina: int, zoe: int) -> None:
    add_follow(tx, gina, zoe)


def by_being_followed(tx: Tx, gina: int, zoe: int) -> None:
    add_follow(tx, zoe, gina)


def by_a_letter(tx: Tx, gina: int, zoe: int) -> None:
    add_post(tx, zoe, Audience.direct(), named=(gina,))


def by_being_named_together(tx: Tx, gina: int, zoe: int) -> None:
    add_post(tx, add_person(tx, "cy"), Audience.direct(), named=(gina, zoe))


def by_a_community(tx: Tx, gina: int, zoe: int, **theirs: Any) -> None:
    knots = add_community(tx, "knots")
    add_membership(tx, knots, gina)
    add_membership(tx, knots, zoe, **theirs)


@pytest.mark.both
@pytest.mark.parametrize(
    "meet",
    [by_following, by_being_followed, by_a_letter, by_being_named_together, by_a_community],
    ids=lambda meet: meet.__name__,
)
@pytest.mark.parametrize("who", ["zoe", "bo"])
def test_P06_a_guest_sees_whom_she_has_to_do_with(
    tx: Tx, world: dict[str, int], meet: Callable[[Tx, int, int], None], who: str
) -> None:
    gina, other = world["gina"], world[who]
    assert not sees(tx, guest(gina), other)
    meet(tx, gina, other)
    assert sees(tx, guest(gina), other)
    assert not sees(tx, ANONYMOUS, other)
    stranger = add_person(tx, "gus", role=Role.GUEST)
    assert not sees(tx, guest(stranger), other), "another guest has nothing to do with them"


def almost_by_following(tx: Tx, gina: int, zoe: int) -> None:
    add_follow(tx, gina, zoe, state=FollowState.PENDING)


def almost_by_a_letter(tx: Tx, gina: int, zoe: int) -> None:
    add_post(tx, zoe, Audience.direct(), named=(gina,), deleted_at=tx.now)


def by_an_ended_membership(tx: Tx, gina: int, zoe: int) -> None:
    by_a_community(tx, gina, zoe, until=tx.now)


def by_a_membership_that_waits(tx: Tx, gina: int, zoe: int) -> None:
    by_a_community(tx, gina, zoe, state=MembershipState.REQUESTED)


def by_two_communities(tx: Tx, gina: int, zoe: int) -> None:
    add_membership(tx, add_community(tx, "knots"), gina)
    add_membership(tx, add_community(tx, "ropes"), zoe)


@pytest.mark.parametrize(
    "meet",
    [
        *(almost_by_following, almost_by_a_letter, by_an_ended_membership),
        *(by_a_membership_that_waits, by_two_communities),
    ],
    ids=lambda meet: meet.__name__,
)
def test_P06_a_guest_does_not_see_whom_she_nearly_met(
    tx: Tx, world: dict[str, int], meet: Callable[[Tx, int, int], None]
) -> None:
    meet(tx, world["gina"], world["zoe"])
    assert not sees(tx, guest(world["gina"]), world["zoe"])


def test_a_guest_sees_her_own_communities(tx: Tx, world: dict[str, int]) -> None:
    mine, other = add_community(tx, "knots"), add_community(tx, "ropes")
    add_membership(tx, mine, world["gina"])
    assert sees(tx, guest(world["gina"]), mine)
    assert not sees(tx, guest(world["gina"]), other)


def test_Z02_not_there_and_not_for_you_are_the_same(tx: Tx, world: dict[str, int]) -> None:
    messages = set()
    for identifier in (world["ana"], 99):
        with pytest.raises(NotFound) as refused:
            people.person(tx, guest(world["gina"]), identifier)
        messages.add(refused.value.message)
    assert len(messages) == 1
    assert people.people(tx, guest(world["gina"]), [world["ana"], world["gina"], 99]) == [
        actors.by_id(tx, world["gina"])
    ]


# Lists and relationships.


def test_lists_are_paged_newest_first_and_end(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    others = [add_person(tx, f"p{number}") for number in range(5)]
    for other in others:
        add_follow(tx, other, ana)
    first = people.followers(tx, member(ana), ana, Page(limit=2))
    assert [one.actor.id for one in first] == others[:2:-1]
    rest = people.followers(tx, member(ana), ana, Page(max_id=first[-1].cursor, limit=10))
    assert [one.actor.id for one in rest] == others[2::-1]
    back = people.followers(tx, member(ana), ana, Page(min_id=rest[-1].cursor, limit=2))
    assert [one.actor.id for one in back] == [others[2], others[1]]
    assert [one.actor.id for one in people.following(tx, member(ana), others[0], Page())] == [ana]


def test_G_lists_hide_whom_the_viewer_may_not_know(tx: Tx) -> None:
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    helper = add_actor(tx, "tertulia", type=ActorType.SERVICE)
    add_follow(tx, ana, helper)
    add_follow(tx, gina, helper)
    assert len(people.followers(tx, member(ana), helper, Page())) == 2
    shown = people.followers(tx, guest(gina), helper, Page())
    assert [one.actor.id for one in shown] == [gina]
    with pytest.raises(NotFound):
        people.followers(tx, guest(gina), ana, Page())


def test_relationships_keep_the_order_and_skip_the_unknown(tx: Tx) -> None:
    ana, bo, cy = add_person(tx, "ana"), add_person(tx, "bo"), add_person(tx, "cy", locked=True)
    add_follow(tx, ana, cy, state=FollowState.PENDING)
    add_follow(tx, ana, bo, shares=False)
    add_follow(tx, cy, ana)
    add_block(tx, bo, ana)
    found = relationships.load(tx, member(ana), [cy, 99, bo, cy])
    assert [one.id for one in found] == [cy, bo]
    assert found[0] == relationships.Relationship(
        cy, requested=True, showing_shares=True, followed_by=True
    )
    assert found[1] == relationships.Relationship(bo, following=True, blocked_by=True)


def test_G_a_guest_learns_nothing_from_relationships(tx: Tx) -> None:
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    assert relationships.load(tx, guest(gina), [ana, 99]) == []
