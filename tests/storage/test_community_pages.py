"""Communities on screens: their wrappers at home and in their list, and names from cards."""

from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from domain.audience import Audience
from domain.errors import NotFound
from domain.ids import HERE
from domain.kinds import Acceptance, ActorType, FollowState, MembershipState, Role
from storage.queries import timelines as homes
from storage.tables.communities import memberships
from storage.tables.timelines import home_entries
from storage.tx import Tx
from storage.views import communities, timelines
from storage.views.paging import Page
from storage.views.posts import PostView, load, visible
from tests.storage.test_post_views import Counting
from tests.support.factories import (
    add_block,
    add_card,
    add_community,
    add_follow,
    add_membership,
    add_person,
    add_post,
    add_remote,
    add_reply,
    add_wrapper,
    guest,
    member,
)

pytestmark = pytest.mark.both

HOME = select(home_entries.c.actor_id).where(home_entries.c.post_id == bindparam("post_id"))
END = (
    update(memberships)
    .where(memberships.c.actor_id == bindparam("who"))
    .values(state=bindparam("state"), until=bindparam("until"))
)


def end(tx: Tx, actor: int) -> None:
    tx.change(END, who=actor, state=MembershipState.REMOVED, until=None)


def in_homes(tx: Tx, post: int) -> set[int]:
    homes.fan_out(tx, post)
    return {row[0] for row in tx.all(HOME, post_id=post)}


class Club:
    """Ana and Bo are members, Cy is none; all three follow each other, members the community."""

    def __init__(self, tx: Tx, **values: Any) -> None:
        self.tx = tx
        self.ana, self.bo, self.cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
        self.id = add_community(tx, "club", **values)
        people = (self.ana, self.bo, self.cy)
        for one in people:
            for other in people:
                if one != other:
                    add_follow(tx, one, other)
        for one in (self.ana, self.bo):
            add_membership(tx, self.id, one)
            add_follow(tx, one, self.id)

    def post(self, author: int, **values: Any) -> tuple[int, int]:
        """(the post, its wrapper)"""
        pair = Audience.community(self.id)
        made = add_post(self.tx, author, pair, place_id=self.id, **values)
        return made, add_wrapper(self.tx, self.id, made)

    def answer(self, author: int, parent: int, **values: Any) -> tuple[int, int]:
        made = add_reply(self.tx, author, parent, place_id=self.id, **values)
        return made, add_wrapper(self.tx, self.id, made)

    def list(self, viewer: int) -> list[PostView]:
        return timelines.community(self.tx, member(viewer), Page(), community_id=self.id)


@pytest.fixture
def club(tx: Tx) -> Club:
    return Club(tx)


def shown(views: list[PostView]) -> list[int]:
    return [view.shown.id for view in views]


def test_at_home_a_community_s_post_comes_as_its_wrapper_once(tx: Tx, club: Club) -> None:
    post, wrapper = club.post(club.ana)
    assert in_homes(tx, post) == set()  # not even in its author's, nor her followers'
    assert in_homes(tx, wrapper) == {club.ana, club.bo}
    [line] = timelines.home(tx, member(club.bo), Page())
    assert (line.id, line.author.handle) == (wrapper, "club")
    assert (line.shown.id, line.shown.author.handle) == (post, "ana")
    assert timelines.home(tx, member(club.cy), Page()) == []


def test_of_answers_those_to_the_reader_come_home_and_all_stand_in_the_list(
    tx: Tx, club: Club
) -> None:
    post, _ = club.post(club.ana)
    answer, to_ana = club.answer(club.bo, post)
    assert in_homes(tx, answer) == set()
    assert in_homes(tx, to_ana) == {club.ana}
    far, to_someone_unknown = club.post(club.bo, reply_to_uri="https://n3.example/o/1")
    assert in_homes(tx, to_someone_unknown) == set()
    assert shown(club.list(club.bo)) == [far, answer, post]
    assert {line.author.handle for line in club.list(club.bo)} == {"club"}


def test_a_rebuilt_home_holds_what_would_have_been_written(tx: Tx, club: Club) -> None:
    mine = add_post(tx, club.ana)
    post, wrapper = club.post(club.ana)
    answer, to_ana = club.answer(club.bo, post)
    _, to_bo = club.answer(club.ana, answer)
    assert homes.candidates(tx, member(club.ana)) == [to_ana, wrapper, mine]
    homes.rebuild(tx, member(club.ana), homes.candidates(tx, member(club.ana)))
    assert [line.id for line in timelines.home(tx, member(club.ana), Page())] == [
        *(to_ana, wrapper, mine),
    ]
    assert homes.candidates(tx, member(club.bo)) == [to_bo, wrapper, mine]
    assert homes.candidates(tx, member(club.cy)) == [mine]


def test_G67_only_active_members_have_the_list(tx: Tx, club: Club) -> None:
    club.post(club.ana)
    pending, former, late = (add_person(tx, name) for name in ("pia", "fay", "lea"))
    add_membership(tx, club.id, pending, state=MembershipState.REQUESTED)
    add_membership(tx, club.id, former, state=MembershipState.REMOVED)
    add_membership(tx, club.id, late, until=tx.now)
    for outsider in (club.cy, pending, former, late):
        assert communities.mine(tx, member(outsider)) == []
        assert club.list(outsider) == []
        with pytest.raises(NotFound):
            communities.one_of_mine(tx, member(outsider), club.id)
        with pytest.raises(NotFound):
            communities.members(tx, member(outsider), club.id, Page())
    assert [each.handle for each in communities.mine(tx, member(club.bo))] == ["club"]
    assert communities.one_of_mine(tx, member(club.bo), club.id).id == club.id
    found = communities.members(tx, member(club.bo), club.id, Page())
    assert {line.actor.handle for line in found} == {"ana", "bo"}
    end(tx, club.bo)
    assert communities.mine(tx, member(club.bo)) == []
    assert club.list(club.bo) == []


def test_a_list_shows_no_other_community_and_no_share_by_a_person(tx: Tx, club: Club) -> None:
    club.post(club.ana)
    other = add_community(tx, "other")
    add_membership(tx, other, club.ana)
    elsewhere = add_post(tx, club.ana, Audience.community(other), place_id=other)
    add_wrapper(tx, other, elsewhere)
    found = timelines.community(tx, member(club.ana), Page(), community_id=other)
    assert shown(found) == [elsewhere]
    assert timelines.community(tx, member(club.ana), Page(), community_id=club.ana) == []


def test_a_guest_reads_the_list_of_her_community(tx: Tx, club: Club) -> None:
    post, _ = club.post(club.ana)
    gina = add_person(tx, "gina", role=Role.GUEST)
    add_membership(tx, club.id, gina)
    found = timelines.community(tx, guest(gina), Page(), community_id=club.id)
    assert shown(found) == [post]


def test_blocked_people_are_left_out_of_lists_and_members(tx: Tx, club: Club) -> None:
    post, wrapper = club.post(club.ana)
    assert shown(club.list(club.bo)) == [post]
    add_block(tx, club.bo, club.ana)
    assert club.list(club.bo) == []
    assert in_homes(tx, wrapper) == {club.ana}
    found = communities.members(tx, member(club.bo), club.id, Page())
    assert [line.actor.handle for line in found] == ["bo"]
    assert shown(club.list(club.ana)) == [post]


def test_words_are_listed_in_their_place_and_for_their_author(tx: Tx, club: Club) -> None:
    usual = add_post(tx, club.ana)
    post, wrapper = club.post(club.ana)

    def page(viewer: int, author: int, **options: Any) -> list[int]:
        found = timelines.account_page(
            tx,
            member(viewer),
            Page(),
            author_id=author,
            **options,
        )
        return [entry.post_id for entry in found]

    assert page(club.bo, club.ana) == [usual]
    assert page(club.ana, club.ana) == [post, usual]
    assert page(club.cy, club.ana) == [usual]
    _, to_ana = club.answer(club.bo, post)
    assert page(club.bo, club.id) == [to_ana, wrapper]
    assert page(club.bo, club.id, with_replies=False) == [wrapper]
    assert page(club.bo, club.id, with_shares=False) == []
    assert page(club.cy, club.id) == []


@pytest.mark.parametrize(
    "acceptance", [Acceptance.WAITING, Acceptance.REFUSED], ids=["waiting", "refused"]
)
def test_what_was_not_taken_in_is_its_author_s_alone(
    tx: Tx, club: Club, acceptance: Acceptance
) -> None:
    pair = Audience.community(club.id)
    post = add_post(tx, club.ana, pair, place_id=club.id, acceptance=acceptance)
    assert visible(tx, post, member(club.ana)).row.acceptance is acceptance
    assert load(tx, [post], member(club.bo)) == []
    assert in_homes(tx, post) == set()
    assert club.list(club.ana) == []


class Far(Club):
    """The same community on another node: its people are known here by its cards."""

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx, origin_id=77, base="https://n1.example")
        self.dora = hearsay(tx, "dora")
        add_card(tx, self.id, self.dora, handle="dora", name="Dora Díaz", avatar="https://n1/1")


def hearsay(tx: Tx, handle: str) -> int:
    origin = "https://n3.example"
    return add_remote(tx, handle, origin, fetched_at=0, inbox="", name="", type=ActorType.PERSON)


def test_authors_and_people_named_have_their_card_s_name_inside_the_community(tx: Tx) -> None:
    far = Far(tx)
    eva = hearsay(tx, "eva")
    post, wrapper = far.post(far.dora, named=(eva,))
    add_card(tx, far.id, eva, handle="eva", name="Eva <b>", home="Lab & Co", avatar=None)
    other = add_community(tx, "other", origin_id=77, base="https://n1.example")
    add_membership(tx, other, far.ana)
    add_card(tx, other, far.dora, handle="dora", name="Somebody else")
    [line] = far.list(far.ana)
    assert (line.id, line.shown.id) == (wrapper, post)
    assert (line.shown.author.name, line.shown.author.acct) == ("Dora Díaz", "dora@n3.example")
    assert line.shown.author.avatar == "https://n1/1"
    [named] = line.shown.mentioned
    assert named.name == "Eva <b>"
    assert b"Lab &amp; Co" in named.fields
    elsewhere = add_post(tx, far.dora, Audience.community(other), place_id=other)
    assert visible(tx, elsewhere, member(far.ana)).author.name == "Somebody else"


def test_G59_a_card_says_nothing_of_people_whom_we_know(tx: Tx) -> None:
    far = Far(tx)
    known = add_remote(tx, "kim", "https://n3.example")
    for actor in (known, far.bo):
        add_card(tx, far.id, actor, handle="forged", name="Forged")
    for author, name in ((known, "Kim"), (far.bo, "Bo")):
        post, _ = far.post(author)
        assert visible(tx, post, member(far.ana)).author.name == name


def test_members_of_a_community_elsewhere_are_those_of_whom_it_told(tx: Tx) -> None:
    far = Far(tx)
    found = communities.members(tx, member(far.ana), far.id, Page())
    assert {line.actor.name for line in found} == {"Ana", "Bo", "Dora Díaz"}
    here = add_community(tx, "here")
    add_membership(tx, here, far.ana)
    add_card(tx, here, far.dora)  # who left: at home the memberships alone count
    [line] = communities.members(tx, member(far.ana), here, Page())
    assert line.actor.handle == "ana"


def test_a_page_of_wrappers_costs_the_same_statements_for_one_and_for_forty(tx: Tx) -> None:
    far = Far(tx)
    for number in range(20):
        post, wrapper = far.post(far.dora, named=(far.bo,), tags=(f"t{number}",))
        homes.fan_out(tx, wrapper)
        _, to_dora = far.answer(far.ana, post)
        homes.fan_out(tx, to_dora)

    def cost(find: object, limit: int) -> tuple[int, int]:
        counting = Counting(tx)
        page = Page(limit=limit)
        if find == "home":
            found = timelines.home(counting, member(far.ana), page)  # type: ignore[arg-type]
        else:
            found = timelines.community(
                counting,  # type: ignore[arg-type]
                member(far.ana),
                page,
                community_id=far.id,
            )
        return len(found), len(counting.statements)

    assert cost("list", 40) == (40, 7)
    assert cost("list", 1) == (1, 7)
    assert cost("home", 40) == (20, 7)
    assert cost("home", 1) == (1, 7)


def test_a_request_to_join_brings_nothing_home(tx: Tx, club: Club) -> None:
    pia = add_person(tx, "pia")
    add_follow(tx, pia, club.id, state=FollowState.PENDING)
    add_membership(tx, club.id, pia, state=MembershipState.REQUESTED)
    _, wrapper = club.post(club.ana)
    assert pia not in in_homes(tx, wrapper)
    assert homes.candidates(tx, member(pia)) == []


def test_a_node_s_own_words_stay_as_they_were(tx: Tx, club: Club) -> None:
    post = add_post(tx, club.ana, Audience.network(HERE))
    assert in_homes(tx, post) == {club.ana, club.bo, club.cy}
