"""Muting somebody and shutting a server out: what people come across, and what they go to see."""

from typing import Any

import pytest

from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import ActorType, FollowState, NotificationKind
from social import departures, domain_blocks, follows, mutes, notes
from social.notifications import notify
from storage.queries import departures as departed
from storage.queries import domain_blocks as shut
from storage.queries import follows as rows
from storage.queries import mutes as stored
from storage.queries import notes as noted
from storage.queries.streams import readers
from storage.tx import Tx
from storage.views import notifications, relationships, timelines
from storage.views.paging import Page
from storage.views.relationships import Relationship
from storage.views.threads import thread
from tests.support.factories import (
    FAR,
    NODE,
    add_community,
    add_domain_block,
    add_follow,
    add_home_entry,
    add_like,
    add_membership,
    add_mute,
    add_node,
    add_person,
    add_post,
    add_remote,
    add_reply,
    add_share,
    add_wrapper,
    member,
    origin_of,
)

LIKE = NotificationKind.LIKE


class Story:
    """Ana mutes; Bo is here, Far elsewhere, and she follows both."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.helper = add_node(tx)
        self.ana = add_person(tx, "ana", home_fresh_until=FAR)
        self.bo, self.cy = add_person(tx, "bo"), add_person(tx, "cy")
        self.far = add_remote(tx, "far")
        for other in (self.bo, self.far):
            add_follow(tx, self.ana, other)

    def post(self, author: int, **more: Any) -> int:
        post = add_post(self.tx, author, **more)
        add_home_entry(self.tx, self.ana, post, author)
        return post

    def comes_across(self, post: int) -> set[str]:
        """In which lists Ana finds the post."""
        tx, me, page = self.tx, member(self.ana), Page()
        where = {
            "home": timelines.home_page(tx, me, page),
            "public": timelines.public_page(tx, me, page),
            "tag": timelines.tag_page(tx, me, page, tag="lift"),
        }
        found = {name for name, lines in where.items() if post in {one.post_id for one in lines}}
        return found | ({"stream"} if self.ana in readers(tx, post, [self.ana]) else set())

    def stands(self, other: int) -> Relationship:
        return relationships.load(self.tx, member(self.ana), [other])[0]


EVERYWHERE = {"home", "public", "tag", "stream"}


@pytest.fixture
def story(tx: Tx) -> Story:
    return Story(tx)


@pytest.mark.both
def test_who_is_muted_is_not_come_across_and_still_found_by_who_looks(story: Story, tx: Tx) -> None:
    post = story.post(story.bo, tags=("lift",))
    assert story.comes_across(post) == EVERYWHERE
    mutes.mute(tx, actor_id=story.ana, other_id=story.bo)
    assert story.comes_across(post) == set()
    page = timelines.account_page(tx, member(story.ana), Page(), author_id=story.bo)
    assert [one.post_id for one in page] == [post]
    assert thread(tx, post, member(story.ana)).above == []  # the post itself is there
    mutes.unmute(tx, actor_id=story.ana, other_id=story.bo)
    assert story.comes_across(post) == EVERYWHERE


def test_a_share_of_who_is_muted_and_a_share_by_who_is_muted(story: Story, tx: Tx) -> None:
    of_bo = add_share(tx, story.far, add_post(tx, story.bo))
    by_bo = add_share(tx, story.bo, add_post(tx, story.cy))
    for share, sharer in ((of_bo, story.far), (by_bo, story.bo)):
        add_home_entry(tx, story.ana, share, sharer)
    assert "home" in story.comes_across(of_bo) & story.comes_across(by_bo)
    add_mute(tx, story.ana, story.bo)
    assert story.comes_across(of_bo) == story.comes_across(by_bo) == set()


def test_answers_of_who_is_muted_are_left_out_of_threads(story: Story, tx: Tx) -> None:
    root = add_post(tx, story.cy)
    answer = add_reply(tx, story.bo, root)
    beyond = add_reply(tx, story.cy, answer)

    def below() -> list[int]:
        return [view.id for view in thread(tx, root, member(story.ana)).below]

    assert below() == [answer, beyond]
    add_mute(tx, story.ana, story.bo)
    assert below() == [beyond]


@pytest.mark.both
def test_a_mute_ends_by_itself(story: Story, tx: Tx) -> None:
    post = story.post(story.bo)
    mutes.mute(tx, actor_id=story.ana, other_id=story.bo, seconds=60)
    assert "home" not in story.comes_across(post)
    standing = story.stands(story.bo)
    assert (standing.muting, standing.muted_until) == (True, tx.now + 60_000)
    tx.now += 60_000
    assert "home" in story.comes_across(post)
    assert not story.stands(story.bo).muting
    assert stored.drop_over(tx) == 1


@pytest.mark.parametrize("keeps_away", [True, False])
def test_a_mute_keeps_notifications_away_if_it_says_so(
    story: Story, tx: Tx, keeps_away: bool
) -> None:
    before = notify(tx, actor_id=story.ana, kind=NotificationKind.FOLLOW, from_id=story.bo)
    mutes.mute(tx, actor_id=story.ana, other_id=story.bo, notifications=keeps_away)
    post = add_post(tx, story.ana)
    add_like(tx, story.bo, post)
    told = notify(tx, actor_id=story.ana, kind=LIKE, from_id=story.bo, post_id=post)
    assert (before, told) == (True, not keeps_away)
    seen = notifications.page(tx, member(story.ana), Page())
    assert len(seen) == (0 if keeps_away else 2)
    assert story.stands(story.bo).muting_notifications is keeps_away


def test_a_muted_community_is_silent_at_home_and_there_in_its_own_list(
    story: Story, tx: Tx
) -> None:
    club = add_community(tx, "club")
    for one in (story.ana, story.bo, story.cy):
        add_membership(tx, club, one)
    add_follow(tx, story.ana, club)
    by_cy = add_wrapper(tx, club, add_post(tx, story.cy, place_id=club))
    by_bo = add_wrapper(tx, club, add_post(tx, story.bo, place_id=club))
    for wrapper in (by_cy, by_bo):
        add_home_entry(tx, story.ana, wrapper, club)
    add_mute(tx, story.ana, club)
    assert "home" not in story.comes_across(by_cy)

    def listed() -> list[int]:
        found = timelines.community_page(tx, member(story.ana), Page(), community_id=club)
        return [one.post_id for one in found]

    assert listed() == [by_bo, by_cy]
    add_mute(tx, story.ana, story.bo)
    assert listed() == [by_cy]


def test_nobody_mutes_themselves_the_helper_or_for_no_time(story: Story, tx: Tx) -> None:
    for other in (story.ana, story.helper):
        with pytest.raises(NotAllowed):
            mutes.mute(tx, actor_id=story.ana, other_id=other)
    with pytest.raises(Invalid):
        mutes.mute(tx, actor_id=story.ana, other_id=story.bo, seconds=-1)
    with pytest.raises(NotFound):
        mutes.mute(tx, actor_id=story.ana, other_id=1)
    mutes.mute(tx, actor_id=story.ana, other_id=story.bo, seconds=1 << 60)  # for good
    assert story.stands(story.bo).muted_until is None


@pytest.mark.both
def test_who_shuts_a_server_out_comes_across_nothing_of_it(story: Story, tx: Tx) -> None:
    post, near = story.post(story.far, tags=("lift",)), story.post(story.bo, tags=("lift",))
    assert story.comes_across(post) == EVERYWHERE
    domain_blocks.shut_out(tx, node=NODE, actor_id=story.ana, domain="far.example")
    assert story.comes_across(post) == set()
    assert story.comes_across(near) == EVERYWHERE
    assert not notify(tx, actor_id=story.ana, kind=NotificationKind.FOLLOW, from_id=story.far)
    assert story.stands(story.far).shut_out
    assert not story.stands(story.bo).shut_out
    domain_blocks.let_in(tx, actor_id=story.ana, domain="far.example")
    assert "public" in story.comes_across(post)


def test_shutting_a_server_out_ends_the_follows_with_its_people(story: Story, tx: Tx) -> None:
    fan, near = add_remote(tx, "fan"), add_person(tx, "near")
    group = add_remote(tx, "group", type=ActorType.GROUP)
    for one, other in ((fan, story.ana), (near, story.ana), (story.ana, group), (story.cy, fan)):
        add_follow(tx, one, other)
    domain_blocks.shut_out(tx, node=NODE, actor_id=story.ana, domain="far.example")
    assert rows.find(tx, story.ana, story.far) is None
    assert rows.find(tx, fan, story.ana) is None
    for one, other in ((near, story.ana), (story.ana, group), (story.cy, fan)):
        assert rows.find(tx, one, other) is not None  # here, a community, somebody else's
    with pytest.raises(NotAllowed):
        follows.follow(tx, node=NODE, follower_id=story.ana, target_id=story.far)
    asked: dict[str, Any] = {"node": NODE, "follower_id": fan, "uri": "https://far.example/f/1"}
    assert follows.receive_follow(tx, target_id=story.ana, **asked) is None
    asked["uri"] = "https://far.example/f/2"
    assert follows.receive_follow(tx, target_id=story.bo, **asked) is FollowState.PENDING


@pytest.mark.both
def test_a_community_on_a_server_that_is_shut_out_stays_until_it_is_left(
    story: Story, tx: Tx
) -> None:
    club = add_community(
        tx, "club", origin_id=origin_of(tx, "https://far.example"), domain="far.example"
    )
    for one in (story.ana, story.bo):
        add_membership(tx, club, one)
    add_follow(tx, story.ana, club)
    by_bo = add_wrapper(tx, club, add_post(tx, story.bo, place_id=club))
    by_far = add_wrapper(tx, club, add_post(tx, story.far, place_id=club))
    for wrapper in (by_bo, by_far):
        add_home_entry(tx, story.ana, wrapper, club)
    add_domain_block(tx, story.ana, "far.example")
    assert "home" in story.comes_across(by_bo)
    assert "home" not in story.comes_across(by_far)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("far.example", "far.example"),
        (" @FAR.example ", "far.example"),
        ("https://far.example/about", "far.example"),
        ("far.example:8443", "far.example:8443"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_server_is_named_as_people_name_it(typed: str, meant: str) -> None:
    assert domain_blocks.domain_of(NODE, typed) == meant


@pytest.mark.parametrize("typed", ["", "no domain", "a@far.example", "here.example", "x/y", "%"])
def test_what_names_no_server_or_this_one_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        domain_blocks.domain_of(NODE, typed)


def test_many_follows_with_a_server_end_bit_by_bit(
    story: Story, tx: Tx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_blocks, "AT_ONCE", 2)
    for number in range(3):
        add_follow(tx, add_remote(tx, f"fan{number}"), story.ana)
    shut.add(tx, story.ana, "far.example")
    given = {"node": NODE, "actor_id": story.ana, "domain": "far.example"}
    assert domain_blocks.part(tx, **given)  # type: ignore[arg-type]
    assert not domain_blocks.part(tx, **given)  # type: ignore[arg-type]
    assert rows.of_actor(tx, story.ana)[0].target_id == story.bo
    assert len(rows.of_actor(tx, story.ana)) == 1
    domain_blocks.let_in(tx, actor_id=story.ana, domain="far.example")
    assert not domain_blocks.part(tx, **given)  # type: ignore[arg-type] # nothing ends any more


def test_notes_are_for_their_author_alone(story: Story, tx: Tx) -> None:
    notes.note(tx, actor_id=story.ana, about_id=story.bo, text="  met at the fair ")
    assert story.stands(story.bo).note == "met at the fair"
    assert relationships.load(tx, member(story.cy), [story.bo])[0].note == ""
    with pytest.raises(Invalid):
        notes.note(tx, actor_id=story.ana, about_id=story.bo, text="x" * 2001)
    notes.note(tx, actor_id=story.ana, about_id=story.bo, text=" ")
    assert story.stands(story.bo).note == ""


def test_nothing_of_it_is_left_of_who_left(story: Story, tx: Tx) -> None:
    mutes.mute(tx, actor_id=story.ana, other_id=story.bo)
    mutes.mute(tx, actor_id=story.bo, other_id=story.cy)
    notes.note(tx, actor_id=story.ana, about_id=story.bo, text="gone")
    shut.add(tx, story.bo, "far.example")
    departed.begin(tx, story.bo)
    departures._end(tx, node=NODE, actor_id=story.bo)
    assert stored.of_muted(tx, story.bo) == stored.of_muted(tx, story.cy) == []
    assert shut.of(tx, story.bo) == []
    assert noted.among(tx, story.ana, [story.bo]) == {}
