"""Live channels and communities: wrappers once, lists for members, asked when it is sent."""

import pytest

from domain.audience import Audience
from domain.kinds import Acceptance, MembershipState
from social import streaming
from social.streaming import EventKind, Stream, announce
from storage.queries import timelines as homes
from storage.tx import Tx
from tests.social.test_streaming_rules import USER, Story, heard, next_is, story
from tests.storage.test_community_pages import END
from tests.support.factories import (
    add_community,
    add_follow,
    add_membership,
    add_post,
    add_reply,
    add_share,
    add_wrapper,
)

__all__ = ["story"]

pytestmark = pytest.mark.both


class Club:
    """Ana and Bo belong to it; what is said in it is announced as the product does."""

    def __init__(self, told: Story, tx: Tx) -> None:
        self.ana, self.bo = told.people["ana"], told.people["bo"]
        self.id = add_community(tx, "club")
        self.list = Stream("list", community=self.id)
        for person in (self.ana, self.bo):
            add_membership(tx, self.id, person)
            add_follow(tx, person, self.id)

    def say(self, tx: Tx, **values: object) -> tuple[int, int]:
        pair = Audience.community(self.id)
        post = add_post(tx, self.ana, pair, place_id=self.id, **values)  # type: ignore[arg-type]
        return post, self.wrap(tx, post)

    def answer(self, tx: Tx, parent: int) -> tuple[int, int]:
        post = add_reply(tx, self.ana, parent, place_id=self.id)
        return post, self.wrap(tx, post)

    def wrap(self, tx: Tx, post: int) -> int:
        wrapper = add_wrapper(tx, self.id, post)
        homes.fan_out(tx, wrapper)
        announce(tx, streaming.posted(post))  # as an open community's would be
        announce(tx, streaming.posted(wrapper))
        return wrapper


@pytest.fixture
async def club(story: Story) -> Club:
    return await story.put(lambda tx: Club(story, tx))  # type: ignore[no-any-return]


async def test_new_words_come_as_the_wrapper_once(story: Story, club: Club) -> None:
    bo = story.connect("bo", USER, club.list)
    only_home = story.connect("bo", USER)
    post, wrapper = await story.put(club.say)
    assert (await next_is(bo, EventKind.UPDATE, wrapper)).streams == (USER, club.list)
    await next_is(only_home, EventKind.UPDATE, wrapper)
    _, answer = await story.put(lambda tx: club.answer(tx, post))
    assert (await next_is(bo, EventKind.UPDATE, answer)).streams == (club.list,)
    assert await heard(only_home, 0.3) is None


async def test_edits_and_deletions_come_as_they_are(story: Story, club: Club) -> None:
    post, wrapper = await story.put(club.say)
    bo = story.connect("bo", USER, club.list)
    both = (USER, club.list)
    await story.put(lambda tx: announce(tx, streaming.edited(post)))
    assert (await next_is(bo, EventKind.EDIT, post)).streams == both
    for gone in (wrapper, post):
        await story.put(lambda tx, gone=gone: announce(tx, streaming.deleted(gone)))
        assert (await next_is(bo, EventKind.DELETE, gone)).streams == both


async def test_G33_a_list_is_silent_for_whoever_is_no_member(story: Story, club: Club) -> None:
    other = await story.put(lambda tx: add_community(tx, "other"))
    gina = story.connect("gina", USER, club.list)
    foreign = story.connect("bo", Stream("list", community=other))
    bo = story.connect("bo", club.list)
    post, wrapper = await story.put(club.say)
    await next_is(bo, EventKind.UPDATE, wrapper)
    await story.put(lambda tx: announce(tx, streaming.edited(post)))
    await next_is(bo, EventKind.EDIT, post)
    await story.put(lambda tx: announce(tx, streaming.deleted(post)))
    await next_is(bo, EventKind.DELETE, post)
    for outsider in (gina, foreign):
        assert await heard(outsider, 0.2) is None


async def test_G33_the_right_is_asked_when_it_is_sent(story: Story, club: Club) -> None:
    bo, ana = story.connect("bo", USER, club.list), story.connect("ana", club.list)
    state = {"state": MembershipState.REMOVED, "until": None}
    await story.put(lambda tx: tx.change(END, who=club.bo, **state))
    _, wrapper = await story.put(club.say)
    await next_is(ana, EventKind.UPDATE, wrapper)
    assert await heard(bo, 0.2) is None


async def test_a_membership_s_last_moment_ends_its_list(story: Story, club: Club) -> None:
    bo, ana = story.connect("bo", club.list), story.connect("ana", club.list)
    ended = {"state": MembershipState.ACTIVE}
    await story.put(lambda tx: tx.change(END, who=club.bo, until=tx.now, **ended))
    _, wrapper = await story.put(club.say)
    await next_is(ana, EventKind.UPDATE, wrapper)
    assert await heard(bo, 0.2) is None


async def test_words_that_wait_are_their_author_s(story: Story, club: Club) -> None:
    ana, bo = story.connect("ana", club.list), story.connect("bo", USER, club.list)

    def say(tx: Tx) -> int:
        pair = Audience.community(club.id)
        post = add_post(tx, club.ana, pair, place_id=club.id, acceptance=Acceptance.WAITING)
        announce(tx, streaming.edited(post))
        announce(tx, streaming.deleted(post))
        return post

    post = await story.put(say)
    await next_is(ana, EventKind.EDIT, post)
    await next_is(ana, EventKind.DELETE, post)
    assert await heard(bo, 0.2) is None


async def test_an_open_community_s_list_holds_no_shares_by_people(story: Story) -> None:
    """Whoever may read an open community, but does not belong to it, has no list of it."""

    def prepare(tx: Tx) -> int:
        club = add_community(tx, "open")
        add_membership(tx, club, story.people["ana"])
        add_follow(tx, story.people["ana"], club)
        return club

    club = await story.put(prepare)
    mine = Stream("list", community=club)
    ana = story.connect("ana", mine, Stream("public"))
    bo = story.connect("bo", mine, Stream("public"))

    def say(tx: Tx) -> tuple[int, int, int]:
        post = add_post(tx, story.people["ana"], place_id=club)
        wrapper = add_wrapper(tx, club, post)
        share = add_share(tx, story.people["bo"], post, place_id=club)
        for new in (share, post, wrapper):
            announce(tx, streaming.posted(new))
        return post, wrapper, share

    post, wrapper, _ = await story.put(say)
    assert (await next_is(ana, EventKind.UPDATE, post)).streams == (Stream("public"),)
    assert (await next_is(ana, EventKind.UPDATE, wrapper)).streams == (mine,)
    assert (await next_is(bo, EventKind.UPDATE, post)).streams == (Stream("public"),)
    assert await heard(bo, 0.2) is None


@pytest.mark.parametrize("stream", [Stream("list"), Stream("lists", community=1)], ids=str)
async def test_a_list_needs_a_community(story: Story, stream: Stream) -> None:
    with pytest.raises(ValueError, match="no such stream"):
        story.connect("ana", stream)
