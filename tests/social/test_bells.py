"""What a follower wants of somebody: the bell, shares or not, some languages only."""

import pytest
from sqlalchemy import select

from domain.choices import Choice
from domain.errors import Invalid
from domain.kinds import NotificationKind
from social import storing
from social.follows import follow
from social.posts import Draft, create_post
from social.wishes import Wishes
from storage.queries import timelines as homes
from storage.queries.follows import find
from storage.queries.posts import by_id
from storage.tables.timelines import notifications as rows
from storage.tx import Tx
from storage.views import notifications, timelines
from storage.views.paging import Page
from tests.social.people import create
from tests.support.factories import (
    FAR,
    NODE,
    add_block,
    add_community,
    add_follow,
    add_membership,
    add_mute,
    add_node,
    add_person,
    add_post,
    add_share,
    member,
)


class Story:
    """Ana follows Bo with the bell; Cy follows without."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        add_node(tx)
        self.bo = create(tx, "bo", "bo@mail.example")
        self.ana = add_person(tx, "ana", home_fresh_until=FAR)
        self.cy = add_person(tx, "cy", home_fresh_until=FAR)
        add_follow(tx, self.ana, self.bo, notify=True)
        add_follow(tx, self.cy, self.bo)

    def say(self, text: str, **more: object) -> int:
        draft = Draft(text=text, **more)  # type: ignore[arg-type]
        return create_post(self.tx, node=NODE, author_id=self.bo, draft=draft).post_id

    def told(self, actor: int) -> list[tuple[NotificationKind, int]]:
        found = notifications.page(self.tx, member(actor), Page())
        return [(one.kind, one.post.id) for one in found if one.post]

    def home(self, actor: int) -> list[int]:
        return [one.post_id for one in timelines.home_page(self.tx, member(actor), Page())]


@pytest.fixture
def story(tx: Tx) -> Story:
    return Story(tx)


STATUS = NotificationKind.STATUS


@pytest.mark.both
def test_who_wants_to_is_told_of_each_post_and_nobody_else(story: Story) -> None:
    post = story.say("News")
    assert story.told(story.ana) == [(STATUS, post)]
    assert story.told(story.cy) == []
    again = story.say("My own thread goes on", reply_to_id=post)
    assert story.told(story.ana)[0] == (STATUS, again)


def test_answers_mentions_and_what_one_may_not_read_ring_for_nobody(story: Story, tx: Tx) -> None:
    story.say("An answer", reply_to_id=add_post(tx, story.cy))
    story.say("Between us", visibility=Choice.DIRECT)
    assert story.told(story.ana) == []
    named = story.say("Look, @ana")
    assert story.told(story.ana) == [(NotificationKind.MENTION, named)]  # once is enough


def test_a_bell_is_silent_for_the_muted_and_after_it_is_taken_off(story: Story, tx: Tx) -> None:
    add_mute(tx, story.ana, story.bo)
    story.say("Unheard")
    assert story.told(story.ana) == []
    add_follow(tx, story.bo, story.ana)
    follow(tx, node=NODE, follower_id=story.cy, target_id=story.bo, wishes=Wishes(notify=True))
    first = story.say("Heard by Cy")
    follow(tx, node=NODE, follower_id=story.cy, target_id=story.bo, wishes=Wishes(notify=False))
    story.say("Not any more")
    assert story.told(story.cy) == [(STATUS, first)]


def test_a_community_s_bell_rings_for_what_begins_a_thread(story: Story, tx: Tx) -> None:
    club = add_community(tx, "club")
    for one in (story.bo, story.cy):
        add_membership(tx, club, one)
        add_follow(tx, one, club, notify=True)
    dora = add_person(tx, "dora")  # rings, and is no member
    add_follow(tx, dora, club, notify=True)
    post = story.say("@club We begin", visibility=Choice.PRIVATE)
    by_cy = add_post(tx, story.cy, place_id=club)
    story.say("and go on", visibility=Choice.PRIVATE, reply_to_id=by_cy)
    assert story.told(story.cy) == [(STATUS, post)]
    assert story.told(dora) == story.told(story.bo) == []
    assert story.told(story.ana) == []  # follows Bo with the bell, and is no member


def test_a_bell_is_forgotten_with_the_post(story: Story, tx: Tx) -> None:
    kept, gone = story.say("Kept"), story.say("Gone")
    row = by_id(tx, gone)
    assert row is not None
    storing.remove(tx, row)
    about = select(rows.c.post_id).where(rows.c.actor_id == story.ana)
    assert [found[0] for found in tx.all(about)] == [kept]


@pytest.mark.both
@pytest.mark.parametrize("how", ["the author blocks", "the listener blocks", "the listener mutes"])
def test_P11_a_community_s_bell_does_not_ring_past_a_block(story: Story, tx: Tx, how: str) -> None:
    club = add_community(tx, "club")
    dora = add_person(tx, "dora")
    for one in (story.bo, story.cy, dora):
        add_membership(tx, club, one)
        add_follow(tx, one, club, notify=True)
    before = story.say("@club Before", visibility=Choice.PRIVATE)
    assert story.told(story.cy) == [(STATUS, before)]
    match how:
        case "the author blocks":
            add_block(tx, story.bo, story.cy)
        case "the listener blocks":
            add_block(tx, story.cy, story.bo)
        case _:
            add_mute(tx, story.cy, story.bo)
    assert story.told(story.cy) == []  # what rang before is not shown any more
    after = story.say("@club After", visibility=Choice.PRIVATE)
    assert story.told(dora) == [(STATUS, after), (STATUS, before)]
    assert story.told(story.cy) == []
    about = select(rows.c.post_id).where(rows.c.actor_id == story.cy)
    assert [row[0] for row in tx.all(about)] == [before]


@pytest.mark.both
def test_only_some_languages_come_home(story: Story, tx: Tx) -> None:
    wishes = Wishes(languages=("DE", "pt-br"), notify=True)
    follow(tx, node=NODE, follower_id=story.ana, target_id=story.bo, wishes=wishes)
    known = find(tx, story.ana, story.bo)
    assert known is not None
    assert known.languages == "de pt-br"
    german = story.say("Guten Tag", language="de")
    english = story.say("Hello", language="en")
    unsaid = add_post(tx, story.bo, language=None)
    homes.fan_out_to_followers(tx, [unsaid])
    homes.fan_out_to_followers(tx, [english])
    assert story.home(story.ana) == [unsaid, german]
    assert english in story.home(story.cy)
    assert [post for _, post in story.told(story.ana)] == [german]
    candidates = homes.candidates(tx, member(story.ana))
    assert {german, unsaid} <= set(candidates)
    assert english not in candidates
    anything = Wishes(languages=())
    follow(tx, node=NODE, follower_id=story.ana, target_id=story.bo, wishes=anything)
    assert english in story.home(story.ana)  # at once, if it is among the newest
    follow(tx, node=NODE, follower_id=story.ana, target_id=story.bo, wishes=wishes)
    assert english not in story.home(story.ana)


def test_without_shares_those_that_came_home_go(story: Story, tx: Tx) -> None:
    share = add_share(tx, story.bo, add_post(tx, story.cy))
    homes.fan_out(tx, share)
    assert story.home(story.ana) == [share]
    no_shares = Wishes(shares=False)
    follow(tx, node=NODE, follower_id=story.ana, target_id=story.bo, wishes=no_shares)
    assert story.home(story.ana) == []
    follow(tx, node=NODE, follower_id=story.ana, target_id=story.bo, wishes=Wishes(shares=True))
    assert story.home(story.ana) == [share]


@pytest.mark.parametrize("language", ["english please", "%", "x" * 40, "e"])
def test_what_is_no_language_is_refused(story: Story, tx: Tx, language: str) -> None:
    wishes = Wishes(languages=(language,))
    with pytest.raises(Invalid):
        follow(tx, node=NODE, follower_id=story.ana, target_id=story.bo, wishes=wishes)
