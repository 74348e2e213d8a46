"""Posts that come home by a tag: written as they come, and found again when a home is built."""

from typing import Any

import pytest

from domain.audience import Audience
from domain.kinds import Limit, Role
from storage.dialects import SQLITE
from storage.plans import plans_of
from storage.queries import followed_tags
from storage.queries import timelines as homes
from storage.tx import Tx
from tests.storage.test_timelines import home_of, rebuilt
from tests.support.factories import (
    FAR,
    add_block,
    add_community,
    add_follow,
    add_person,
    add_post,
    add_remote,
    add_reply,
    add_share,
    add_wrapper,
    guest,
    member,
    origin_of,
)

pytestmark = pytest.mark.both
PUBLIC = Audience.public()


def fan_out(tx: Tx, post: int, author: int | None = None) -> None:
    if author is None:
        homes.fan_out(tx, post)
    else:
        homes.fan_out_to_followers(tx, [post])


def test_a_rebuilt_home_has_by_tag_what_would_have_been_written(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    gina = add_person(tx, "gina", role=Role.GUEST)
    away = add_person(tx, "away", home_fresh_until=0)
    zoe = add_remote(tx, "zoe", limited=Limit.NONE)
    hush = add_remote(tx, "hush", limited=Limit.SILENCED)
    club = add_community(tx, "club")
    far: Any = {"origin_id": origin_of(tx, "https://far.example")}
    for person in (ana, gina, away):
        followed_tags.add(tx, person, "ropes")
    inside = add_post(tx, bo, tags=("Ropes",))
    world = add_post(tx, bo, PUBLIC, tags=("ropes",))
    answer = add_reply(tx, cy, world, tags=("ropes",))
    remote = add_post(tx, zoe, PUBLIC, tags=("ropes",), **far)
    placed = add_post(tx, cy, PUBLIC, place_id=club, tags=("ropes",))
    wrapper = add_wrapper(tx, club, placed)
    own = add_post(tx, ana, tags=("ropes",))
    others = [
        placed,
        add_post(tx, bo, tags=("knots",)),
        add_post(tx, bo, PUBLIC, quiet=True, tags=("ropes",)),
        add_post(tx, bo, Audience.followers(bo), tags=("ropes",)),
        add_post(tx, bo, Audience.direct(), named=(ana,), tags=("ropes",)),
        add_post(tx, hush, PUBLIC, tags=("ropes",), **far),
        add_share(tx, cy, world),
    ]
    here = [inside, world, answer, wrapper]
    for post in (*here, own, *others):
        fan_out(tx, post)
    fan_out(tx, remote, zoe)
    assert home_of(tx, ana) == {*here, remote, own}
    assert home_of(tx, gina) == {world, wrapper, answer}
    assert home_of(tx, away) == set()
    for viewer in (member(ana), guest(gina)):
        written = home_of(tx, viewer.actor)
        rebuilt(tx, viewer)
        assert home_of(tx, viewer.actor) == written


def test_following_a_tag_brings_posts_and_unfollowing_takes_them_away(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    add_follow(tx, ana, cy)
    both = add_post(tx, bo, tags=("ropes", "knots"))
    one = add_post(tx, bo, tags=("ropes",))
    friend = add_post(tx, cy, tags=("ropes",))
    followed_tags.add(tx, ana, "ropes")
    homes.merge_tag(tx, member(ana), "ropes")
    assert home_of(tx, ana) == {both, one, friend}
    followed_tags.add(tx, ana, "knots")
    followed_tags.remove(tx, ana, "ropes")
    homes.drop_tag(tx, ana, "ropes")
    assert home_of(tx, ana) == {both, friend}
    homes.drop_author(tx, ana, bo)  # it came by the tag as well
    assert home_of(tx, ana) == {both, friend}
    homes.drop_post(tx, both)
    assert home_of(tx, ana) == {friend}


def test_P11_a_block_outweighs_a_tag(tx: Tx) -> None:
    from storage.views import timelines
    from storage.views.paging import Page

    ana, bo = add_person(tx, "ana", home_fresh_until=FAR), add_person(tx, "bo")
    followed_tags.add(tx, ana, "ropes")
    post = add_post(tx, bo, tags=("ropes",))
    fan_out(tx, post)
    assert [entry.post_id for entry in timelines.home_page(tx, member(ana), Page())] == [post]
    add_block(tx, bo, ana)
    assert timelines.home_page(tx, member(ana), Page()) == []


def test_what_was_written_while_a_home_was_read_comes_by_tag_too(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    club = add_community(tx, "club")
    followed_tags.add(tx, ana, "ropes")
    homes.set_fresh(tx, ana, 0)
    placed = add_post(tx, cy, PUBLIC, place_id=club, tags=("ropes",))
    before = add_post(tx, bo, tags=("ropes",))
    found = homes.candidates(tx, member(ana))
    assert found == [before]
    homes.set_fresh(tx, ana, FAR)
    wrapper, after = add_wrapper(tx, club, placed), add_post(tx, bo, tags=("ropes",))
    add_post(tx, bo, tags=("knots",))
    homes.rebuild(tx, member(ana), found)
    assert home_of(tx, ana) == {before, wrapper, after}


@pytest.mark.parametrize("statement", ["_TAGGED_CANDIDATES", "_TOP_UP_TAGGED"])
def test_D07_a_home_is_built_from_the_tags_that_are_followed(
    tx: Tx, database_kind: str, statement: str
) -> None:
    """Not from all tags and all shares that there are."""
    if database_kind != "sqlite":
        assert tx.dialect == "postgresql"  # its plans depend on statistics
        return
    plan = plans_of(SQLITE).get(getattr(homes, statement))
    values = dict.fromkeys(plan._names, 1)
    steps = [
        step[3] for step in tx._session.all("EXPLAIN QUERY PLAN " + plan.text, plan.values(values))
    ]
    assert not [step for step in steps if step.startswith("SCAN")], steps
    above = " AND post_id>?" if statement == "_TOP_UP_TAGGED" else ""
    assert steps.count(f"SEARCH post_tags USING PRIMARY KEY (tag=?{above})") == 2
