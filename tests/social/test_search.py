"""Finding people and posts: only what the viewer may know, with lists and relationships."""

from typing import Any

import pytest

from domain.audience import ANONYMOUS, Audience
from domain.errors import NotFound
from domain.kinds import ActorType, FollowState, Role
from social.search import search
from storage.queries import actors
from storage.tx import Tx
from storage.views import people, relationships
from storage.views.paging import Page
from tests.support.factories import (
    add_actor,
    add_block,
    add_follow,
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
