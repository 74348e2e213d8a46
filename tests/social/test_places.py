"""What people here say in a community: at once where it lives here, waiting where it does not."""

from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from domain.audience import Audience, Kind
from domain.choices import Choice
from domain.errors import Invalid, NotAllowed, NotFound
from domain.ids import HERE
from domain.kinds import Acceptance, MembershipState, NotificationKind, Preset
from social import gathering, places, posts, reactions, storing
from social.posts import Change
from storage.queries import communities
from storage.queries import posts as rows
from storage.queries.likes import sharers
from storage.tx import Tx
from storage.views.paging import Page
from storage.views.posts import visible
from tests.support.clubs import FANS, LAB, OPEN, OWN, Club, Guild
from tests.support.factories import (
    add_community,
    add_follow,
    add_membership,
    add_post,
    add_remote,
    member,
)

pytestmark = pytest.mark.both


@pytest.fixture
def club(tx: Tx) -> Club:
    return Club(tx)


@pytest.fixture
def guild(club: Club) -> Guild:
    return Guild(club)


# A community that lives here.


def test_a_post_here_is_accepted_wrapped_and_announced(club: Club) -> None:
    row = club.write(club.ana, "@club hello #safe")
    assert (row.kind, row.owner_id, row.place_id) == (Kind.COMMUNITY, club.id, club.id)
    assert row.is_accepted
    wrapper = rows.share_of(club.tx, row.id, club.id)
    assert wrapper is not None
    assert storing.is_wrapper(wrapper)
    assert (wrapper.audience, wrapper.uri) == (row.audience, OPEN.activity(wrapper.id))
    assert club.homes(wrapper.id) == {club.ana}
    assert club.homes(row.id) == set()
    [(announce, inboxes)] = club.announced()
    create: Any = announce["object"]
    assert announce["id"] == wrapper.uri
    assert announce["to"] == [club.followers]
    assert (create["type"], create["audience"], create["object"]["audience"]) == (
        "Create",
        club.uri,
        club.uri,
    )
    assert (create["to"], create["cc"]) == ([club.uri, club.followers], [])
    assert inboxes == {f"{LAB}/inbox"}, "once for each node, and nothing to the plain server"
    assert "Public" not in orjson.dumps([announce["to"], create["to"], create["cc"]]).decode()


def test_a_wrapper_is_no_share_in_any_figure(club: Club) -> None:
    row = club.write(club.ana)
    reader = member(club.ana)
    view = visible(club.tx, row.id, reader)
    assert view.row.shares_count == 0
    assert not view.flags.shared
    assert sharers(club.tx, row.id, reader, Page()) == []
    posts.delete_post(club.tx, node=OPEN, author_id=club.ana, post_id=row.id)
    assert club.row(row.id).shares_count == 0
    assert rows.share_of(club.tx, row.id, club.id) is None


def test_wrapping_again_is_the_same_wrapper(club: Club) -> None:
    row = club.write(club.ana)
    first = rows.share_of(club.tx, row.id, club.id)
    assert first is not None
    again = storing.wrap(
        club.tx, row, community=club.actor, uri=None, announced_at=row.created_at, node=OPEN
    )
    assert again == first.id


def test_an_edit_and_a_deletion_here_are_announced(club: Club) -> None:
    row = club.write(club.ana)
    club.announced()
    posts.edit_post(
        club.tx, node=OPEN, author_id=club.ana, post_id=row.id, change=Change(text="@club better")
    )
    club.announced()
    posts.delete_post(club.tx, node=OPEN, author_id=club.ana, post_id=row.id)
    kinds = [document["object"]["type"] for document, _ in club.announced()]  # type: ignore[index]
    assert kinds == ["Create", "Update", "Delete"]


def test_what_was_deleted_at_once_is_not_announced(club: Club) -> None:
    row = club.write(club.ana)
    posts.delete_post(club.tx, node=OPEN, author_id=club.ana, post_id=row.id)
    kinds = [document["object"]["type"] for document, _ in club.announced()]  # type: ignore[index]
    assert kinds == ["Delete"]


def test_a_like_here_goes_to_the_community_and_not_to_the_author(club: Club) -> None:
    post = club.said(club.cy, origin_id=club.lab, uri=f"{LAB}/o/5")
    reactions.like(club.tx, node=OPEN, actor_id=club.ana, post_id=post)
    reactions.like(club.tx, node=OPEN, actor_id=club.ana, post_id=post)
    reactions.unlike(club.tx, node=OPEN, actor_id=club.ana, post_id=post)
    documents = [document["object"] for document, _ in club.announced()]
    assert [one["type"] for one in documents] == ["Like", "Undo"]  # type: ignore[index]
    assert all(one["audience"] == club.uri for one in documents)  # type: ignore[index]
    assert documents[1]["object"]["object"] == f"{LAB}/o/5"  # type: ignore[index]
    assert club.tx.all(FANS) == [], "nothing goes past the community"


def test_P10_who_left_neither_changes_nor_likes_but_deletes(club: Club) -> None:
    row = club.write(club.ana)
    was = communities.member(club.tx, club.id, club.ana)
    assert was is not None
    communities.put_member(club.tx, replace(was, state=MembershipState.LEFT))
    with pytest.raises(NotAllowed):
        posts.edit_post(
            club.tx, node=OPEN, author_id=club.ana, post_id=row.id, change=Change(text="x")
        )
    with pytest.raises(NotFound):
        reactions.like(club.tx, node=OPEN, actor_id=club.ana, post_id=row.id)
    posts.delete_post(club.tx, node=OPEN, author_id=club.ana, post_id=row.id)
    assert club.row(row.id).deleted_at is not None


def test_a_narrow_answer_in_a_thread_does_not_go_through_the_community(club: Club) -> None:
    post = club.said(club.cy, origin_id=club.lab, uri=f"{LAB}/o/5")
    row = club.write(
        club.ana, "@cy@lab.example just you", visibility=Choice.DIRECT, reply_to_id=post
    )
    assert (row.kind, row.place_id) == (Kind.DIRECT, None)
    assert club.announced() == []
    [(payload,)] = club.tx.all(FANS)
    assert orjson.loads(payload)["reach"]["actors"] == [club.cy]


# A community that lives elsewhere.


def test_a_post_for_a_community_elsewhere_waits(club: Club, guild: Guild) -> None:
    above = add_post(
        guild.tx,
        club.cy,
        Audience.community(guild.id),
        place_id=guild.id,
        origin_id=club.lab,
        uri=f"{LAB}/o/9",
    )
    post = guild.write("@eve what do you say?", reply_to_id=above)
    row = club.row(post)
    assert row.acceptance is Acceptance.WAITING
    assert (row.kind, row.owner_id, row.origin_id) == (Kind.COMMUNITY, guild.id, HERE)
    assert rows.share_of(guild.tx, post, guild.id) is None
    assert club.homes(post) == set()
    assert club.told(guild.eve) == []
    assert club.row(above).replies_count == 0
    assert visible(guild.tx, post, member(club.ana)).id == post
    with pytest.raises(NotFound):
        visible(guild.tx, post, member(guild.eve))


def test_T2_it_is_handed_to_the_community_and_to_nobody_else(club: Club, guild: Guild) -> None:
    add_follow(guild.tx, club.kim, club.ana)
    post = guild.write("@guild@lab.example @cy@lab.example hello")
    [(create, reach)] = guild.handed_in()
    assert (create["to"], create["cc"]) == ([guild.actor.uri, guild.actor.followers], [])
    assert create["audience"] == create["object"]["audience"] == guild.actor.uri
    assert create["object"]["to"] == create["to"]
    assert (reach["actors"], reach["personal"], reach["prove"]) == ([guild.id], True, True)
    assert (reach["followers_of"], reach["copies_of"]) == (0, 0)
    assert reach["subject"] == guild.actor.uri
    assert reach["remember"] == post
    assert guild.tx.all(OWN)[0][1:] == (guild.id, post)


def test_taken_in_it_counts_and_is_read(club: Club, guild: Guild) -> None:
    above = add_post(
        guild.tx,
        club.cy,
        Audience.community(guild.id),
        place_id=guild.id,
        origin_id=club.lab,
        uri=f"{LAB}/o/9",
    )
    post = guild.write("hello", reply_to_id=above)
    assert storing.accept(guild.tx, club.row(post))
    assert not storing.accept(guild.tx, club.row(post))
    assert club.row(above).replies_count == 1
    assert visible(guild.tx, post, member(guild.eve)).id == post
    posts.delete_post(guild.tx, node=OPEN, author_id=club.ana, post_id=post)
    assert club.row(above).replies_count == 0


def test_what_waited_and_was_deleted_never_counted(club: Club, guild: Guild) -> None:
    above = add_post(
        guild.tx,
        club.cy,
        Audience.community(guild.id),
        place_id=guild.id,
        origin_id=club.lab,
        uri=f"{LAB}/o/9",
    )
    post = guild.write("hello", reply_to_id=above)
    posts.delete_post(guild.tx, node=OPEN, author_id=club.ana, post_id=post)
    assert club.row(above).replies_count == 0
    assert not storing.accept(guild.tx, club.row(post))
    kinds = [document["type"] for document, _ in guild.handed_in()]
    assert kinds == ["Create", "Delete"]
    assert guild.handed_in()[1][1]["prove"]
    assert guild.tx.all(OWN)[1][1:] == (None, None), "no end of a membership holds it up"


def test_edits_and_likes_are_handed_in_too(club: Club, guild: Guild) -> None:
    post = guild.write()
    storing.accept(guild.tx, club.row(post))
    posts.edit_post(
        guild.tx, node=OPEN, author_id=club.ana, post_id=post, change=Change(text="better")
    )
    reactions.like(guild.tx, node=OPEN, actor_id=guild.eve, post_id=post)
    reactions.unlike(guild.tx, node=OPEN, actor_id=guild.eve, post_id=post)
    sent = guild.handed_in()
    assert [document["type"] for document, _ in sent] == ["Create", "Update", "Like", "Undo"]
    assert all(reach["actors"] == [guild.id] and reach["prove"] for _, reach in sent)
    assert all(document["audience"] == guild.actor.uri for document, _ in sent)
    assert "updated" in sent[1][0]["object"]


def test_what_waits_is_not_liked(club: Club, guild: Guild) -> None:
    post = guild.write()
    with pytest.raises(NotAllowed):
        reactions.like(guild.tx, node=OPEN, actor_id=club.ana, post_id=post)


def test_what_was_refused_stays_here_until_it_is_sent_again(club: Club, guild: Guild) -> None:
    post = guild.write()
    rows.set_acceptance(guild.tx, post, Acceptance.REFUSED)
    posts.edit_post(
        guild.tx, node=OPEN, author_id=club.ana, post_id=post, change=Change(text="calmer")
    )
    with pytest.raises(NotAllowed):
        guild.write("and", reply_to_id=post)
    with pytest.raises(NotFound):
        again(guild, guild.eve, post)
    again(guild, club.ana, post)
    assert club.row(post).acceptance is Acceptance.WAITING
    with pytest.raises(NotFound):
        again(guild, club.ana, post)
    sent = [document for document, _ in guild.handed_in()]
    assert [one["type"] for one in sent] == ["Create", "Create"]
    assert sent[0]["id"] != sent[1]["id"]
    assert sent[1]["object"]["source"]["content"] == "calmer"
    assert club.told(club.ana) == []


def test_who_left_sends_nothing_again(club: Club, guild: Guild) -> None:
    post = guild.write()
    rows.set_acceptance(guild.tx, post, Acceptance.REFUSED)
    was = communities.member(guild.tx, guild.id, club.ana)
    assert was is not None
    communities.put_member(guild.tx, replace(was, state=MembershipState.LEFT))
    with pytest.raises(Invalid):
        again(guild, club.ana, post)


def test_a_refused_post_is_deleted_without_a_word(club: Club, guild: Guild) -> None:
    post = guild.write()
    rows.set_acceptance(guild.tx, post, Acceptance.REFUSED)
    posts.delete_post(guild.tx, node=OPEN, author_id=club.ana, post_id=post)
    assert [document["type"] for document, _ in guild.handed_in()] == ["Create"]


def again(guild: Guild, author: int, post: int) -> None:
    gathering.send_again(guild.tx, node=OPEN, author_id=author, post_id=post)


def test_a_profile_post_is_not_sent_again(club: Club) -> None:
    post = add_post(club.tx, club.ana, Audience.public())
    with pytest.raises(NotFound):
        places.send_again(club.tx, node=OPEN, author_id=club.ana, post_id=post)


def test_a_private_word_to_the_community_alone_is_a_post_to_it(club: Club, guild: Guild) -> None:
    row = club.row(guild.write(visibility=Choice.DIRECT))
    assert (row.kind, row.place_id, row.acceptance) == (
        Kind.COMMUNITY,
        guild.id,
        Acceptance.WAITING,
    )
    person = add_remote(guild.tx, "mo", LAB)
    assert club.view(person).handle == "mo"
    both = club.row(guild.write("@guild@lab.example @bo hi", visibility=Choice.DIRECT))
    assert (both.kind, both.place_id) == (Kind.DIRECT, None)
    assert (NotificationKind.MENTION, both.id) in club.told(club.bo)


# A community for everybody on this node.


def test_a_community_for_everybody_here_tells_all_and_sends_nothing(club: Club) -> None:
    hall = add_community(club.tx, "hall")
    row = communities.by_id(club.tx, hall)
    assert row is not None
    communities.update_community(club.tx, replace(row, preset=Preset.HERE))
    add_membership(club.tx, hall, club.ana)
    add_follow(club.tx, club.ana, hall)
    post = club.write(club.ana, "@hall lunch?", visibility=Choice.PUBLIC)
    assert (post.place_id, post.is_accepted) == (hall, True)
    assert post.kind in {Kind.NODE, Kind.NETWORK}
    assert visible(club.tx, post.id, member(club.bo)).id == post.id
    wrapper = rows.share_of(club.tx, post.id, hall)
    assert wrapper is not None
    assert club.homes(wrapper.id) == {club.ana}
    posts.edit_post(
        club.tx, node=OPEN, author_id=club.ana, post_id=post.id, change=Change(text="@hall dinner?")
    )
    posts.delete_post(club.tx, node=OPEN, author_id=club.ana, post_id=post.id)
    assert rows.share_of(club.tx, post.id, hall) is None
    assert club.announced() == []
    assert club.sent("Create") == []
