"""Whom words in a community name: members here, and those elsewhere of whom its cards tell."""

import pytest

from domain.audience import Audience
from domain.choices import Choice
from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import MembershipState, NotificationKind, Role
from social import follows
from social.notifications import notify
from social.placing import Draft
from social.posts import Change, create_post, edit_post
from storage.queries import posts
from storage.tx import Tx
from storage.views import notifications, people
from storage.views.paging import Page
from storage.views.posts import PostView, visible
from tests.storage.test_community_pages import hearsay
from tests.support.factories import (
    NODE,
    add_card,
    add_community,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    guest,
    member,
    origin_of,
)

pytestmark = pytest.mark.both


class Far:
    """A community on another node, to which Ana belongs; Dora is known by her card alone."""

    def __init__(self, tx: Tx) -> None:
        add_node(tx)
        self.tx = tx
        self.ana, self.eve = add_person(tx, "ana"), add_person(tx, "eve")
        base = "https://n1.example"
        self.id = add_community(tx, "club", origin_id=origin_of(tx, base), base=base)
        add_membership(tx, self.id, self.ana)
        self.dora = hearsay(tx, "dora")
        add_card(tx, self.id, self.dora, handle="dora", name="Dora Díaz")

    def say(self, text: str, **more: object) -> PostView:
        draft = Draft(text, **more)  # type: ignore[arg-type]
        made = create_post(self.tx, node=NODE, author_id=self.ana, draft=draft)
        return visible(self.tx, made.post_id, member(self.ana))


@pytest.fixture
def far(tx: Tx) -> Far:
    return Far(tx)


def named(view: PostView) -> list[str]:
    return [actor.name for actor in view.mentioned]


def test_in_the_community_members_elsewhere_are_named_by_their_cards(far: Far) -> None:
    said = far.say("@club@n1.example @dora@n3.example what do you think?")
    assert said.row.place_id == far.id
    assert named(said) == ["Dora Díaz"]
    assert 'href="https://n3.example/@dora"' in said.row.content


def test_a_colleague_who_is_no_member_is_not_named(tx: Tx, far: Far) -> None:
    kim = add_remote(tx, "kim", "https://n3.example")
    text = "@club@n1.example @eve @kim@n3.example hello"
    said = far.say(text)
    assert named(said) == []
    add_card(tx, far.id, kim, handle="kim")
    add_membership(tx, far.id, far.eve)
    assert sorted(named(far.say(text))) == ["Eve", "Kim"]


def test_an_edit_keeps_the_names_also_while_the_post_waits(tx: Tx, far: Far) -> None:
    add_membership(tx, far.id, far.eve)
    said = far.say("@club@n1.example @dora@n3.example @eve first")
    assert not said.row.is_accepted
    wish = Change(text="@club@n1.example @dora@n3.example @eve second")
    edit_post(tx, node=NODE, author_id=far.ana, post_id=said.id, change=wish)
    changed = visible(tx, said.id, member(far.ana))
    assert 'href="https://n3.example/@dora"' in changed.row.content
    assert sorted(named(changed)) == ["Dora Díaz", "Eve"]


@pytest.mark.parametrize("choice", [Choice.DIRECT, Choice.PRIVATE, Choice.PUBLIC], ids=str)
def test_outside_the_community_who_is_hearsay_stays_plain_text(far: Far, choice: Choice) -> None:
    said = far.say("@dora@n3.example hello", visibility=choice)
    assert named(said) == []
    assert said.silent == ()
    assert "href" not in said.row.content


def test_who_was_fetched_is_named_outside_as_well(tx: Tx, far: Far) -> None:
    add_remote(tx, "kim", "https://n3.example")
    assert named(far.say("@kim@n3.example hello", visibility=Choice.DIRECT)) == ["Kim"]


def test_who_left_a_community_here_is_not_named_by_an_old_card(tx: Tx) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    kim = add_remote(tx, "kim", "https://n3.example")
    club = add_community(tx, "club")
    for one, state in ((ana, MembershipState.ACTIVE), (kim, MembershipState.LEFT)):
        add_membership(tx, club, one, state=state)
        add_card(tx, club, one)
    made = create_post(tx, node=NODE, author_id=ana, draft=Draft("@club @kim@n3.example hm"))
    assert visible(tx, made.post_id, member(ana)).mentioned == ()


def test_G59_people_of_a_card_are_there_for_members_alone(tx: Tx, far: Far) -> None:
    gina = add_person(tx, "gina", role=Role.GUEST)
    outsiders = (member(far.eve), guest(gina))
    assert people.person(tx, member(far.ana), far.dora).name == "Dora Díaz"
    assert people.by_acct(tx, member(far.ana), "dora", "n3.example").name == "Dora Díaz"
    assert [one.id for one in people.search(tx, member(far.ana), "dora", limit=5)] == [far.dora]
    for viewer in outsiders:
        with pytest.raises(NotFound):
            people.person(tx, viewer, far.dora)
        with pytest.raises(NotFound):
            people.by_acct(tx, viewer, "dora", "n3.example")
        assert people.people(tx, viewer, [far.dora]) == []
        assert people.search(tx, viewer, "dora", limit=5) == []
    add_membership(tx, far.id, gina)
    assert people.person(tx, guest(gina), far.dora).name == "Dora Díaz"


def test_nobody_follows_who_is_known_by_a_card_alone(tx: Tx, far: Far) -> None:
    with pytest.raises(NotAllowed, match="through a community"):
        follows.follow(tx, node=NODE, follower_id=far.ana, target_id=far.dora)
    with pytest.raises(NotFound):
        follows.follow(tx, node=NODE, follower_id=far.eve, target_id=far.dora)


def test_notifications_bear_the_card_s_name(tx: Tx, far: Far) -> None:
    pair = Audience.community(far.id)
    post = add_post(tx, far.dora, pair, place_id=far.id, named=(far.ana,))
    notify(tx, actor_id=far.ana, kind=NotificationKind.MENTION, from_id=far.dora, post_id=post)
    [told] = notifications.page(tx, member(far.ana), Page())
    assert told.sender.name == "Dora Díaz"
    assert told.post is not None
    assert told.post.author.name == "Dora Díaz"


def test_a_post_written_on_a_community_s_page_belongs_to_it(tx: Tx, far: Far) -> None:
    said = far.say("no name in it", place_id=far.id)
    row = posts.by_id(tx, said.id)
    assert row is not None
    assert (row.place_id, row.audience) == (far.id, Audience.community(far.id))
    assert far.say("@club@n1.example twice", place_id=far.id).row.place_id == far.id


def test_G30_whoever_is_no_member_writes_on_no_community_s_page(tx: Tx, far: Far) -> None:
    for place in (far.id, far.ana, 12345):
        with pytest.raises(NotFound):
            create_post(tx, node=NODE, author_id=far.eve, draft=Draft("let me in", place_id=place))


def test_two_communities_cannot_be_written_in_at_once(tx: Tx, far: Far) -> None:
    other = add_community(tx, "other")
    add_membership(tx, other, far.ana)
    with pytest.raises(Invalid, match="one community at a time"):
        far.say("@other too", place_id=far.id)
