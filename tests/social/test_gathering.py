"""What a community takes in of what its members elsewhere say, and what it refuses, and how."""

from typing import Any

import pytest
from msgspec.structs import replace

from activitypub.parse.posts import parse_note
from domain.audience import Audience
from domain.kinds import History, Life, MembershipState, NotificationKind
from social import gathering
from storage.queries import communities, likes, posts
from storage.queries.actors import by_id as actor_by_id
from storage.tx import Tx
from tests.support.clubs import LAB, OPEN, PUBLIC, Club
from tests.support.factories import add_community, add_membership, add_post

pytestmark = pytest.mark.both


@pytest.fixture
def club(tx: Tx) -> Club:
    return Club(tx)


def rejects(club: Club) -> list[tuple[Any, Any]]:
    return [(one["object"], one["summary"]) for one in club.sent("Reject")]


def test_a_members_post_is_stored_wrapped_told_and_announced(club: Club) -> None:
    ana = club.view(club.ana)
    note = club.note(club.cy, tag=[{"type": "Mention", "href": ana.uri, "name": "@ana"}])
    assert club.create(club.cy, note) is None
    row = club.known(str(note["id"]))
    assert row is not None
    assert (row.audience, row.place_id) == (Audience.community(club.id), club.id)
    wrapper = posts.share_of(club.tx, row.id, club.id)
    assert wrapper is not None
    assert club.told(club.ana) == [(NotificationKind.MENTION, row.id)]
    assert club.homes(wrapper.id) == {club.ana}
    assert club.homes(row.id) == set(), "the post itself stands in no home"
    [(document, inboxes)] = club.announced()
    assert document["id"] == wrapper.uri
    assert document["object"]["object"] == note  # type: ignore[index]
    assert inboxes == {f"{LAB}/inbox"}
    assert rejects(club) == []


def test_an_answer_is_counted_and_stands_in_the_thread(club: Club) -> None:
    first = club.said(club.ana)
    note = club.note(club.cy, inReplyTo=club.row(first).uri)
    assert club.create(club.cy, note) is None
    row = club.known(str(note["id"]))
    assert row is not None
    assert (row.root_id, row.reply_to_id) == (first, first)
    assert club.row(first).replies_count == 1


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # name: (changes to the note, changes to how it came, what the author is told)
    "T1-Public-on-the-activity": ({}, {"cc": (PUBLIC,)}, "others"),
    "T1-Public-on-the-note": ({"cc": [PUBLIC]}, {}, "others"),
    "T1-Public-first": ({"to": [PUBLIC]}, {"to": (PUBLIC,)}, "others"),
    "T2-the-authors-followers": ({}, {"cc": (f"{LAB}/followers",)}, "others"),
    "T2-a-person-beside": ({"cc": [f"{LAB}/a/1"]}, {}, "others"),
    "no-audience-on-the-note": ({"audience": None}, {}, "others"),
    "another-audience-on-the-note": ({"audience": f"{LAB}/a/9"}, {}, "others"),
    "two-audiences": ({}, {"audience": ("CLUB", f"{LAB}/a/9")}, "others"),
    "T5-no-proof": ({}, {"proven": False}, "signature"),
    "T5-bytes-not-kept": ({}, {"body": None}, "signature"),
    "a-kind-that-is-not-taken": ({"type": "Event"}, {}, "kind"),
    "D01-too-long": ({"content": "<p>" + "x" * 70_000 + "</p>"}, {}, "long"),
    "D01-too-large": ({}, {"body": b"x" * (gathering.LARGEST + 1)}, "long"),
    "an-answer-to-what-is-not-there": ({"inReplyTo": f"{LAB}/o/999"}, {}, "not there"),
    "an-answer-to-nothing-of-ours": ({"inReplyTo": f"{OPEN.origin}/o/999"}, {}, "not there"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_post_is_refused_with_the_reason(club: Club, name: str) -> None:
    changes, how, reason = REFUSED[name]
    how = {
        key: tuple(club.uri if uri == "CLUB" else uri for uri in value)
        if isinstance(value, tuple)
        else value
        for key, value in how.items()
    }
    note = club.note(club.cy, **changes)
    refusal = club.create(club.cy, note, **how)
    assert refusal is not None
    assert reason in refusal
    assert club.known(str(note["id"])) is None
    [(named, told)] = rejects(club)
    assert told == refusal
    assert str(named).startswith(f"{LAB}/act/")
    assert club.announced() == []
    assert club.create(club.cy, club.note(club.cy)) is None, "what is in order passes"


def test_T4_a_stranger_gets_no_answer(club: Club) -> None:
    note = club.note(club.zed)
    assert club.create(club.zed, note) == "the post concerns nobody here"
    assert club.known(str(note["id"])) is None
    assert club.sent("Reject") == []


@pytest.mark.parametrize(
    "state",
    [
        MembershipState.LEFT,
        MembershipState.REMOVED,
        MembershipState.BANNED,
        MembershipState.REQUESTED,
        MembershipState.INVITED,
    ],
    ids=lambda state: state.name,
)
def test_P10_who_is_no_active_member_is_told_so(club: Club, state: MembershipState) -> None:
    row = communities.member(club.tx, club.id, club.cy)
    assert row is not None
    communities.put_member(club.tx, replace(row, state=state))
    refusal = club.create(club.cy)
    assert refusal is not None
    assert "no member" in refusal
    assert len(rejects(club)) == 1


def test_P10_a_membership_that_ran_out_is_none(club: Club) -> None:
    row = communities.member(club.tx, club.id, club.cy)
    assert row is not None
    communities.put_member(club.tx, replace(row, until=club.tx.now))
    assert club.create(club.cy) is not None
    communities.put_member(club.tx, replace(row, until=club.tx.now + 1))
    assert club.create(club.cy) is None


def test_an_archived_community_takes_nothing_new(club: Club) -> None:
    row = communities.by_id(club.tx, club.id)
    assert row is not None
    communities.update_community(club.tx, replace(row, life=Life.ARCHIVED))
    refusal = club.create(club.cy)
    assert refusal is not None
    assert "archived" in refusal
    communities.update_community(club.tx, replace(row, life=Life.RESTING))
    assert club.create(club.cy) is None


def test_an_answer_to_what_was_deleted_or_stands_elsewhere_is_refused(club: Club) -> None:
    gone = club.said(club.ana, deleted_at=club.tx.now)
    other = add_community(club.tx, "other")
    add_membership(club.tx, other, club.cy)
    elsewhere = add_post(club.tx, club.ana, Audience.community(other), place_id=other)
    profile = add_post(club.tx, club.ana, Audience.public())
    for post in (gone, elsewhere, profile):
        note = club.note(club.cy, inReplyTo=club.row(post).uri)
        assert club.create(club.cy, note) is not None
    assert len(rejects(club)) == 3


def test_O11_who_joined_later_answers_only_what_may_be_read(tx: Tx) -> None:
    club = Club(tx, History.SINCE_JOINING)
    row = communities.member(tx, club.id, club.cy)
    assert row is not None
    communities.put_member(tx, replace(row, since=tx.now))
    old = club.said(club.ana, created_at=tx.now - 10)
    young = club.said(club.ana, created_at=tx.now + 1)
    assert club.create(club.cy, club.note(club.cy, inReplyTo=club.row(old).uri)) is not None
    assert club.create(club.cy, club.note(club.cy, inReplyTo=club.row(young).uri)) is None


def test_a_post_that_comes_again_is_one_post_and_is_announced_again(club: Club) -> None:
    """The author's node sends it again when it saw no Announce."""
    note = club.note(club.cy)
    assert club.create(club.cy, note) is None
    assert club.create(club.cy, note | {"content": "<p>other words</p>"}) is None
    row = club.known(str(note["id"]))
    assert row is not None
    assert row.content == "<p>words</p>"
    wrapper = posts.share_of(club.tx, row.id, club.id)
    assert wrapper is not None
    assert len(club.announced()) == 2


def test_O01_a_post_of_somebody_else_is_not_taken(club: Club) -> None:
    note = club.note(club.kim)
    assert club.create(club.cy, note) is not None
    assert club.known(str(note["id"])) is None


def test_a_deleted_post_does_not_come_back(club: Club) -> None:
    note = club.note(club.cy)
    assert take(club, "delete", club.cy, uri=str(note["id"])) is not None
    assert club.create(club.cy, note) is not None
    assert club.known(str(note["id"])) is None


# What is said about posts that are there.


def take(club: Club, what: str, by: int, **given: Any) -> str | None:
    how = given.pop("how", {})
    body = club.activity(what.title(), by, given.get("uri") or given.get("post_uri") or "x")
    act = getattr(gathering, f"take_{what}")
    refusal: str | None = act(
        club.tx,
        node=OPEN,
        community=club.actor,
        signer=club.view(by),
        given=club.given(body, **how),
        **given,
    )
    return refusal


def theirs(club: Club) -> tuple[dict[str, Any], int]:
    """A post by cy that was taken in."""
    note = club.note(club.cy)
    assert club.create(club.cy, note) is None
    row = club.known(str(note["id"]))
    assert row is not None
    return note, row.id


def kinds(club: Club) -> list[str]:
    return [document["object"]["type"] for document, _ in club.announced()]  # type: ignore[index]


def test_an_edit_is_stored_and_announced(club: Club) -> None:
    note, post = theirs(club)
    now = parse_note(note | {"content": "<p>better</p>"})
    assert take(club, "update", club.cy, note=now) is None
    assert club.row(post).content == "<p>better</p>"
    assert kinds(club) == ["Create", "Update"]
    assert take(club, "update", club.cy, note=now) is not None, "nothing is new"


def test_O04_only_the_author_edits_with_proof_to_the_community_alone(club: Club) -> None:
    note, post = theirs(club)
    now = parse_note(note | {"content": "<p>other</p>"})
    assert take(club, "update", club.kim, note=now) is not None
    assert take(club, "update", club.cy, note=now, how={"proven": False}) is not None
    assert take(club, "update", club.cy, note=now, how={"cc": (PUBLIC,)}) is not None
    unknown = parse_note(club.note(club.cy))
    assert take(club, "update", club.cy, note=unknown) is not None
    row = communities.member(club.tx, club.id, club.cy)
    assert row is not None
    communities.put_member(club.tx, replace(row, state=MembershipState.LEFT))
    assert take(club, "update", club.cy, note=now) is not None
    assert club.row(post).content == "<p>words</p>"
    assert kinds(club) == ["Create"]
    assert rejects(club) == [], "only a Create is answered"


def test_a_deletion_hides_the_post_and_its_wrapper_and_is_announced(club: Club) -> None:
    note, post = theirs(club)
    wrapper = posts.share_of(club.tx, post, club.id)
    assert wrapper is not None
    for refused in (
        take(club, "delete", club.kim, uri=str(note["id"])),
        take(club, "delete", club.cy, uri=str(note["id"]), how={"proven": False}),
    ):
        assert refused is not None
    assert club.row(post).deleted_at is None
    assert take(club, "delete", club.cy, uri=str(note["id"])) is None
    assert club.row(post).deleted_at is not None
    assert club.row(wrapper.id).deleted_at is not None
    assert club.row(post).shares_count == 0
    announced = club.announced()
    assert [document["object"]["type"] for document, _ in announced] == ["Delete"]  # type: ignore[index]
    assert announced[-1][1] == {f"{LAB}/inbox"}
    assert take(club, "delete", club.cy, uri=str(note["id"])) is not None, "once"


def test_who_left_still_takes_own_words_back(club: Club) -> None:
    note, post = theirs(club)
    row = communities.member(club.tx, club.id, club.cy)
    assert row is not None
    communities.put_member(club.tx, replace(row, state=MembershipState.LEFT))
    assert take(club, "delete", club.cy, uri=str(note["id"])) is None
    assert club.row(post).deleted_at is not None


def test_a_like_is_counted_told_announced_and_taken_back(club: Club) -> None:
    post = club.said(club.ana)
    uri = club.row(post).uri
    assert take(club, "like", club.cy, post_uri=uri) is None
    assert take(club, "like", club.cy, post_uri=uri) is None
    assert club.row(post).likes_count == 1
    assert club.told(club.ana) == [(NotificationKind.LIKE, post)]
    assert take(club, "undo_like", club.kim, post=club.row(post)) is not None
    assert take(club, "undo_like", club.cy, post=club.row(post), how={"proven": False}) is not None
    assert take(club, "undo_like", club.cy, post=club.row(post)) is None
    assert (club.row(post).likes_count, club.told(club.ana)) == (0, [])
    assert kinds(club) == ["Like", "Undo_Like"]


def test_an_undo_that_came_first_is_remembered(club: Club) -> None:
    post = club.row(club.said(club.ana))
    late = f"{LAB}/act/99"
    assert take(club, "undo_like", club.cy, post=post, like_uri=late) is not None
    assert posts.buried_by(club.tx, late) == club.view(club.cy).uri
    assert take(club, "undo_like", club.kim, post=post, like_uri=late, how={"proven": False})
    assert posts.buried_by(club.tx, late) == club.view(club.cy).uri


def test_a_like_without_a_right_counts_nothing(club: Club) -> None:
    post = club.said(club.ana)
    uri = club.row(post).uri
    profile = club.row(add_post(club.tx, club.ana, Audience.public())).uri
    for refused in (
        take(club, "like", club.lee, post_uri=uri),
        take(club, "like", club.zed, post_uri=uri),
        take(club, "like", club.cy, post_uri=uri, how={"proven": False}),
        take(club, "like", club.cy, post_uri=uri, how={"to": (PUBLIC,)}),
        take(club, "like", club.cy, post_uri=profile),
        take(club, "like", club.cy, post_uri=f"{OPEN.origin}/o/1"),
    ):
        assert refused is not None
    assert club.row(post).likes_count == 0
    assert likes.uri_of(club.tx, club.cy, post) is None


def test_a_like_of_the_wrapper_is_of_the_post(club: Club) -> None:
    _, post = theirs(club)
    wrapper = posts.share_of(club.tx, post, club.id)
    assert wrapper is not None
    assert take(club, "like", club.kim, post_uri=wrapper.uri) is None
    assert (club.row(post).likes_count, club.row(wrapper.id).likes_count) == (1, 0)


# Whose it is.


def test_the_community_is_the_one_named_or_the_posts_own(club: Club) -> None:
    cy, dee = club.view(club.cy), club.view(club.dee)
    post = club.row(club.said(club.ana))
    profile = club.row(add_post(club.tx, club.ana, Audience.public()))

    def meant(audience: list[str], about: Any = None, signer: Any = cy) -> int | None:
        found = gathering.community_meant(club.tx, audience, signer, about)
        return found.id if found is not None else None

    assert meant([club.uri]) == club.id
    assert meant([], post) == club.id
    assert meant([], profile) is None
    assert meant([cy.uri]) is None
    assert meant([f"{LAB}/a/1"]) is None
    assert meant([club.uri], post, dee) is None, "plain members have a way of their own"


def test_what_is_said_in_a_community_elsewhere_is_not_taken_from_its_author(club: Club) -> None:
    """It comes through the community, or not at all."""
    there = add_community(club.tx, "guild", origin_id=club.lab, base=LAB)
    add_membership(club.tx, there, club.ana)
    post = club.row(
        add_post(
            club.tx,
            club.cy,
            Audience.community(there),
            place_id=there,
            origin_id=club.lab,
            uri=f"{LAB}/o/77",
        )
    )
    guild = actor_by_id(club.tx, there)
    assert guild is not None
    note = club.note(club.cy) | {"id": post.uri, "content": "<p>changed</p>"}
    given = club.given(club.activity("Update", club.cy, note))
    cy = club.view(club.cy)
    shared: dict[str, Any] = {"node": OPEN, "community": guild, "signer": cy, "given": given}
    update = gathering.take_update(club.tx, note=parse_note(note), **shared)
    delete = gathering.take_delete(club.tx, uri=post.uri, **shared)
    like = gathering.take_like(club.tx, post_uri=post.uri, **shared)
    create = gathering.take_create(club.tx, note=parse_note(note), **shared)
    assert None not in {update, delete, like, create}
    assert club.row(post.id).deleted_at is None
    assert club.row(post.id).likes_count == 0
