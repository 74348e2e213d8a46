"""Likes and shares: inside the audience, once, counted, told, taken back."""

import orjson
import pytest
from sqlalchemy import bindparam, select

from domain.audience import ANONYMOUS, Audience, Viewer
from domain.errors import NotAllowed, NotFound
from domain.kinds import NotificationKind, Role
from social import reactions
from storage.queries import likes
from storage.queries import posts as rows
from storage.tables.timelines import home_entries, notifications
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views.paging import Page
from storage.views.posts import PostRow, visible
from tests.support.factories import (
    NODE,
    add_block,
    add_community,
    add_follow,
    add_like,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    add_share,
    add_sister,
    guest,
    member,
    origin_of,
)

pytestmark = pytest.mark.both

FAR = "https://far.example"
TOLD = select(notifications.c.actor_id, notifications.c.kind, notifications.c.from_id)
HOMES = select(home_entries.c.actor_id).where(home_entries.c.post_id == bindparam("post_id"))
SENT = select(activities.c.body).order_by(activities.c.id)


class People:
    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        self.gina = add_person(tx, "gina", role=Role.GUEST)
        self.zoe = add_remote(tx, "zoe")

    def row(self, post_id: int) -> PostRow:
        found = rows.by_id(self.tx, post_id)
        assert found is not None
        return found

    def told(self, person: int) -> list[tuple[NotificationKind, int]]:
        return [(kind, sender) for who, kind, sender in self.tx.all(TOLD) if who == person]

    def sent(self) -> list[str]:
        return [orjson.loads(body)["type"] for (body,) in self.tx.all(SENT)]

    def do(self, act: object, actor: int, post: int) -> object:
        return act(self.tx, node=NODE, actor_id=actor, post_id=post)  # type: ignore[operator]

    def foreign(self, author: int, **values: object) -> int:
        return add_post(
            self.tx,
            author,
            Audience.public(),
            origin_id=origin_of(self.tx, FAR),
            uri=f"{FAR}/notes/{author}",
            **values,  # type: ignore[arg-type]
        )


@pytest.fixture
def people(tx: Tx) -> People:
    return People(tx)


def test_a_like_counts_once_and_can_be_taken_back(people: People) -> None:
    post = add_post(people.tx, people.ana)
    for _ in range(2):
        people.do(reactions.like, people.bo, post)
    assert people.row(post).likes_count == 1
    assert people.told(people.ana) == [(NotificationKind.LIKE, people.bo)]
    assert visible(people.tx, post, member(people.bo)).flags.liked
    for _ in range(2):
        people.do(reactions.unlike, people.bo, post)
    assert people.row(post).likes_count == 0
    assert people.told(people.ana) == []
    assert not visible(people.tx, post, member(people.bo)).flags.liked


def test_nobody_is_told_of_their_own_likes(people: People) -> None:
    post = add_post(people.tx, people.ana)
    people.do(reactions.like, people.ana, post)
    assert people.told(people.ana) == []
    assert people.row(post).likes_count == 1


def test_reacting_to_a_share_is_reacting_to_what_it_shares(people: People) -> None:
    post = add_post(people.tx, people.ana)
    share = add_share(people.tx, people.bo, post)
    people.do(reactions.like, people.bo, share)
    assert people.row(post).likes_count == 1
    assert people.row(share).likes_count == 0


def test_likes_of_other_servers_posts_are_sent_to_their_authors(people: People) -> None:
    post = people.foreign(people.zoe)
    people.do(reactions.like, people.ana, post)
    people.do(reactions.unlike, people.ana, post)
    assert people.sent() == ["Like", "Undo"]


@pytest.mark.parametrize("act", [reactions.like, reactions.unlike])
def test_P06_who_may_not_read_cannot_react(people: People, act: object) -> None:
    inside = add_post(people.tx, people.ana)
    gone = add_post(people.tx, people.ana, Audience.public(), deleted_at=people.tx.now)
    for post in (inside, gone, 4711):
        with pytest.raises(NotFound) as refusal:
            people.do(act, people.gina, post)
        assert refusal.value.message == "Record not found"
    outside = add_post(people.tx, people.ana, Audience.public())
    people.do(act, people.gina, outside)


def test_P11_a_block_ends_reactions_both_ways(people: People) -> None:
    post = add_post(people.tx, people.ana)
    add_block(people.tx, people.ana, people.bo)
    for act in (reactions.like, reactions.share):
        with pytest.raises(NotFound):
            people.do(act, people.bo, post)


def test_a_share_is_a_post_of_its_own(people: People) -> None:
    add_follow(people.tx, people.ana, people.bo)
    post = add_post(people.tx, people.ana, Audience.public())
    share = people.do(reactions.share, people.bo, post)
    assert isinstance(share, int)
    assert people.do(reactions.share, people.bo, post) == share
    view = visible(people.tx, share, ANONYMOUS)
    assert view.shown.id == post
    assert (view.row.audience, view.row.root_id) == (Audience.public(), post)
    assert people.row(post).shares_count == 1
    assert people.told(people.ana) == [(NotificationKind.SHARE, people.bo)]
    assert {row[0] for row in people.tx.all(HOMES, post_id=share)} == {people.ana, people.bo}
    for _ in range(2):
        people.do(reactions.unshare, people.bo, post)
    with pytest.raises(NotFound):
        visible(people.tx, share, ANONYMOUS)
    assert people.row(post).shares_count == 0
    assert people.told(people.ana) == []
    assert people.tx.all(HOMES, post_id=share) == []
    assert people.sent() == ["Announce", "Undo"]
    again = people.do(reactions.share, people.bo, post)
    assert again != share


def test_posts_for_few_are_not_shared_not_even_by_their_author(people: People) -> None:
    tx = people.tx
    club = add_community(tx, "club")
    add_membership(tx, club, people.ana)
    for audience in (
        Audience.community(club),
        Audience.followers(people.ana),
        Audience.direct(),
    ):
        post = add_post(tx, people.ana, audience)
        with pytest.raises(NotAllowed):
            people.do(reactions.share, people.ana, post)
    kept = add_post(tx, people.ana, Audience.public(), root_audience=Audience.direct())
    with pytest.raises(NotAllowed):
        people.do(reactions.share, people.ana, kept)
    inside = add_post(tx, people.ana)
    share = people.do(reactions.share, people.bo, inside)
    assert isinstance(share, int)
    with pytest.raises(NotFound):
        visible(tx, share, guest(people.gina))


def test_a_guest_shares_nothing(people: People) -> None:
    post = add_post(people.tx, people.ana, Audience.public())
    with pytest.raises(NotAllowed):
        people.do(reactions.share, people.gina, post)


def test_the_lists_of_people_leave_out_the_blocked(people: People) -> None:
    post = add_post(people.tx, people.ana, Audience.public())
    add_like(people.tx, people.bo, post)
    add_like(people.tx, people.zoe, post)
    add_share(people.tx, people.bo, post)
    add_block(people.tx, people.gina, people.zoe)

    def shown(viewer: Viewer) -> list[str]:
        found = likes.likers(people.tx, post, viewer, Page())
        return [actor.handle for _, actor in found]

    assert shown(member(people.ana)) == ["zoe", "bo"]
    assert shown(guest(people.gina)) == ["bo"]
    sharers = likes.sharers(people.tx, post, ANONYMOUS, Page())
    assert [actor.handle for _, actor in sharers] == ["bo"]


# What other servers say.


def uri_of(people: People, post: int) -> str:
    return people.row(post).uri


def receive_like(people: People, post_uri: str, uri: str = f"{FAR}/likes/1") -> bool:
    return reactions.receive_like(
        people.tx, node=NODE, actor_id=people.zoe, post_uri=post_uri, uri=uri
    )


def receive_share(people: People, post_uri: str, uri: str = f"{FAR}/shares/1") -> bool:
    return reactions.receive_share(
        people.tx, node=NODE, actor_id=people.zoe, post_uri=post_uri, uri=uri
    )


def test_O11_a_like_of_what_one_cannot_see_is_a_like_of_nothing(people: People) -> None:
    inside = add_post(people.tx, people.ana)
    private = add_post(people.tx, people.ana, Audience.followers(people.ana))
    direct = add_post(people.tx, people.ana, Audience.direct())
    gone = add_post(people.tx, people.ana, Audience.public(), deleted_at=people.tx.now)
    uris = [uri_of(people, post) for post in (inside, private, direct, gone)]
    for uri in [*uris, f"{NODE.origin}/o/4711"]:
        assert receive_like(people, uri) is False
    assert people.told(people.ana) == []
    assert people.row(inside).likes_count == 0
    opened = add_post(people.tx, people.ana, Audience.public())
    for _ in range(2):
        assert receive_like(people, uri_of(people, opened)) is True
    assert people.row(opened).likes_count == 1
    assert people.told(people.ana) == [(NotificationKind.LIKE, people.zoe)]


def test_a_sister_s_people_may_like_network_posts(people: People) -> None:
    post = add_post(people.tx, people.ana)
    assert receive_like(people, uri_of(people, post)) is False
    add_sister(people.tx, origin_of(people.tx, FAR))
    assert receive_like(people, uri_of(people, post)) is True


def test_a_like_from_elsewhere_is_undone_by_its_own_actor(people: People) -> None:
    post = add_post(people.tx, people.ana, Audience.public())
    yan = add_remote(people.tx, "yan")

    def undo(actor: int, uri: str | None, post_uri: str | None) -> bool:
        return reactions.receive_undo_like(
            people.tx, node=NODE, actor_id=actor, uri=uri, post_uri=post_uri
        )

    receive_like(people, uri_of(people, post))
    assert not undo(yan, f"{FAR}/likes/1", uri_of(people, post))
    assert people.row(post).likes_count == 1
    assert undo(people.zoe, f"{FAR}/likes/1", None)
    assert people.row(post).likes_count == 0
    assert people.told(people.ana) == []
    receive_like(people, uri_of(people, post))
    assert undo(people.zoe, None, uri_of(people, post))
    assert not undo(people.zoe, None, uri_of(people, post))


def test_O10_an_announce_of_something_private_has_no_effect(people: People) -> None:
    tx = people.tx
    club = add_community(tx, "club")
    add_membership(tx, club, people.zoe)
    add_follow(tx, people.zoe, people.ana)
    add_follow(tx, people.bo, people.zoe)
    hidden = [
        add_post(tx, people.ana, Audience.community(club)),
        add_post(tx, people.ana, Audience.followers(people.ana)),
        add_post(tx, people.ana, Audience.direct(), named=(people.zoe,)),
        add_post(tx, people.ana),
    ]
    for post in hidden:
        assert receive_share(people, uri_of(people, post)) is False
        assert people.row(post).shares_count == 0
    assert receive_share(people, f"{NODE.origin}/o/4711") is False
    assert people.told(people.ana) == []
    opened = add_post(tx, people.ana, Audience.public())
    assert receive_share(people, uri_of(people, opened)) is True
    assert people.row(opened).shares_count == 1
    assert people.told(people.ana) == [(NotificationKind.SHARE, people.zoe)]


def test_a_share_from_elsewhere_comes_home_once_and_is_undone(people: People) -> None:
    add_follow(people.tx, people.bo, people.zoe)
    post = people.foreign(add_remote(people.tx, "yan"))
    for _ in range(2):
        assert receive_share(people, uri_of(people, post)) is True
    share = rows.by_uri(people.tx, f"{FAR}/shares/1")
    assert share is not None
    assert people.row(post).shares_count == 1
    assert [row[0] for row in people.tx.all(HOMES, post_id=share.id)] == [people.bo]
    yan = add_remote(people.tx, "other")
    assert not reactions.receive_undo_share(
        people.tx, node=NODE, actor_id=yan, uri=share.uri, post_uri=None
    )
    assert reactions.receive_undo_share(
        people.tx, node=NODE, actor_id=people.zoe, uri=share.uri, post_uri=None
    )
    assert people.row(post).shares_count == 0
    assert people.tx.all(HOMES, post_id=share.id) == []


def test_shares_by_people_whom_nobody_follows_are_kept_only_of_our_posts(people: People) -> None:
    theirs = people.foreign(add_remote(people.tx, "yan"))
    ours = add_post(people.tx, people.ana, Audience.public())
    assert receive_share(people, uri_of(people, theirs)) is False
    assert receive_share(people, uri_of(people, ours)) is True


def test_P11_reactions_across_a_block_have_no_effect(people: People) -> None:
    add_block(people.tx, people.ana, people.zoe)
    post = add_post(people.tx, people.ana, Audience.public())
    assert receive_like(people, uri_of(people, post)) is False
    assert receive_share(people, uri_of(people, post)) is False
