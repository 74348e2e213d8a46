"""Which posts are plain, so that they may be stored together: each condition has its rows."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain.audience import Audience
from domain.kinds import ActorType, FollowState, Limit
from social import arrivals
from social.arrivals import MOST_BESIDE, may_be_plain
from storage.queries import followed_tags, follows, posts, quotes
from tests.inbox.both_ways import Way
from tests.inbox.town import a_quote
from tests.social.few import Few, few
from tests.support.factories import (
    NODE,
    add_actor,
    add_community,
    add_follow,
    add_post,
    add_remote,
)
from tests.support.stranger import PUBLIC

__all__ = ["few"]

pytestmark = pytest.mark.both


# What a post says of itself.


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
@pytest.mark.parametrize("where", ["to", "cc"])
def test_what_is_said_to_the_world_may_be_plain(few: Few, spelling: str, where: str) -> None:
    said: dict[str, Any] = {"to": [], where: [spelling]}
    assert may_be_plain(few.note(**said), few.zoe)


def test_a_program_may_write_plain_posts(few: Few) -> None:
    assert may_be_plain(few.note(), replace(few.zoe, type=ActorType.SERVICE))


@pytest.mark.parametrize(
    "said",
    [
        {"inReplyTo": "https://far.example/o/x"},
        {"quote": "https://far.example/o/x"},
        {"quoteUrl": "https://far.example/o/x"},
        {"audience": "https://far.example/g/x"},
        {"to": ["https://far.example/a/x"]},
        {"to": []},
    ],
    ids=str,
)
def test_what_says_more_is_not_plain(few: Few, said: dict[str, Any]) -> None:
    assert not may_be_plain(few.note(**said), few.zoe)


@pytest.mark.parametrize("room", [0, 1, 2])
def test_what_tags_bring_into_homes_is_bounded(
    few: Few, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(arrivals, "MOST_BY_TAG", room)
    followed_tags.add(few.tx, few.ana, "learning")
    tagged = [few.note(tag={"type": "Hashtag", "name": "#Learning"}) for _ in range(3)]
    untagged = few.note()
    plain = few.are_plain(*((note, few.zoe) for note in (*tagged, untagged)))
    assert plain == [number < room for number in range(3)] + [True]


@pytest.mark.parametrize("room", [0, 1, 2])
def test_the_bells_of_a_unit_are_bounded(
    few: Few, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(arrivals, "MOST_TOLD", room)
    assert few.are_plain(*((few.note(), few.zoe) for _ in range(3))) == [True] * 3
    follows.set_wishes(few.tx, few.ana, few.zoe.id, shares=True, notify=True, languages="")
    assert few.are_plain(*((few.note(), few.zoe) for _ in range(3))) == [
        number < room for number in range(3)
    ]


@pytest.mark.parametrize("beside", [MOST_BESIDE - 1, MOST_BESIDE])
def test_what_names_or_tags_very_much_is_not_plain(few: Few, beside: int) -> None:
    """Beside the world, to whom it is addressed as well."""
    names = [f"https://far.example/a/{number}" for number in range(10)]
    tags = [{"type": "Hashtag", "name": f"#t{number}"} for number in range(beside - 20)]
    mentions = [{"type": "Mention", "href": uri, "name": "@x"} for uri in names]
    note = few.note(cc=names, tag=[*mentions, *tags])
    assert len(note.to) + len(note.cc) + len(note.mentions) + len(note.hashtags) == beside + 1
    assert may_be_plain(note, few.zoe) is (beside < MOST_BESIDE)


def test_what_a_group_says_is_not_plain(few: Few) -> None:
    assert not may_be_plain(few.note(), replace(few.zoe, type=ActorType.GROUP))


# Whether it concerns anybody.


def test_what_somebody_followed_says_is_plain(few: Few) -> None:
    assert few.is_plain()
    assert not few.is_plain(few.yan)


def test_who_is_not_accepted_yet_follows_nobody(few: Few) -> None:
    add_follow(few.tx, few.ana, few.yan.id, state=FollowState.PENDING)
    assert not few.is_plain(few.yan)


def test_followers_elsewhere_are_nobody_here(few: Few) -> None:
    add_follow(few.tx, add_remote(few.tx, "rem"), few.yan.id)
    assert not few.is_plain(few.yan)


@pytest.mark.parametrize("how", ["to", "cc", "tag"])
def test_what_names_somebody_here_is_plain(few: Few, how: str) -> None:
    uri = few.view(few.bo).uri
    named = {"tag": [{"type": "Mention", "href": uri}]} if how == "tag" else {"cc": [uri]}
    said = {"to": [PUBLIC, uri]} if how == "to" else named
    assert few.is_plain(few.yan, **said)


def test_a_program_here_is_somebody(few: Few) -> None:
    program = few.view(add_actor(few.tx, "program", type=ActorType.SERVICE))
    assert few.is_plain(few.yan, cc=[program.uri])


@pytest.mark.parametrize("who", ["unknown", "elsewhere", "the author"])
def test_what_names_nobody_here_is_not_plain(few: Few, who: str) -> None:
    rem = few.view(add_remote(few.tx, "rem")).uri
    uri = {"unknown": f"{NODE.origin}/a/1", "elsewhere": rem, "the author": few.yan.uri}[who]
    assert not few.is_plain(few.yan, cc=[uri], tag=[{"type": "Mention", "href": uri}])


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize("how", ["cc", "tag"])
def test_what_names_a_community_is_not_plain(few: Few, where: str, how: str) -> None:
    made = add_community(few.tx, "circle") if where == "here" else 0
    group = few.view(made or add_remote(few.tx, "books", type=ActorType.GROUP))
    named = [{"type": "Mention", "href": group.uri}] if how == "tag" else [group.uri]
    assert not few.is_plain(**{how: named})


# Who says it, and where.


def test_O07_only_the_author_brings_a_post(few: Few) -> None:
    assert few.are_plain((few.note(), few.yan)) == [False]
    assert few.are_plain((few.note(), few.zoe)) == [True]


def test_O07_a_post_lies_on_its_authors_server(few: Few) -> None:
    assert not few.is_plain(id="https://other.example/o/1")
    assert not few.is_plain(id=f"{NODE.origin}/o/1")


def test_O01_nothing_of_ours_comes_from_elsewhere(few: Few) -> None:
    ana = few.view(few.ana)
    assert few.are_plain((few.note(ana), ana)) == [False]


@pytest.mark.parametrize("changed", [{"gone_at": 1}, {"limited": Limit.SUSPENDED}], ids=str)
def test_nothing_is_believed_of_who_is_hidden(few: Few, changed: dict[str, Any]) -> None:
    assert few.are_plain((few.note(), replace(few.zoe, **changed))) == [False]


def test_who_is_silenced_may_write_plain_posts(few: Few) -> None:
    assert few.are_plain((few.note(), replace(few.zoe, limited=Limit.SILENCED))) == [True]


# What is here already.


@pytest.mark.parametrize("deleted_at", [None, 1])
def test_what_is_known_is_not_plain(few: Few, deleted_at: int | None) -> None:
    note, other = few.note(), few.note()
    add_post(few.tx, few.zoe.id, Audience.public(), uri=note.id, deleted_at=deleted_at)
    assert few.are_plain((note, few.zoe), (other, few.zoe)) == [False, True]


@pytest.mark.parametrize("by", ["author", "another"])
def test_what_was_deleted_is_not_plain(few: Few, by: str) -> None:
    note, other = few.note(), few.note()
    posts.bury(few.tx, note.id, few.zoe.uri if by == "author" else few.yan.uri)
    assert few.are_plain((note, few.zoe), (other, few.zoe)) == [False, True]


def test_what_answers_wait_for_is_not_plain(few: Few) -> None:
    note, other = few.note(), few.note()
    add_post(few.tx, few.yan.id, Audience.public(), reply_to_uri=note.id)
    assert few.are_plain((note, few.zoe), (other, few.zoe)) == [False, True]


def test_what_quotes_wait_for_is_not_plain(few: Few) -> None:
    note, other = few.note(), few.note()
    quotes.put(few.tx, a_quote(few.tx, few.yan.id, "https://far.example/o/q", note.id))
    assert few.are_plain((note, few.zoe), (other, few.zoe)) == [False, True]


def test_of_two_with_one_id_the_first_is_plain(few: Few) -> None:
    note, other = few.note(), few.note()
    again = replace(note, content="<p>other words</p>")
    assert few.are_plain((note, few.zoe), (again, few.zoe), (other, few.zoe)) == [True, False, True]


def test_a_forged_one_with_the_same_id_does_not_hold_up_the_true_one(few: Few) -> None:
    note = few.note()
    assert few.are_plain((note, few.yan), (note, few.zoe)) == [False, True]


def test_asking_what_is_plain_changes_nothing(few: Few) -> None:
    way = Way(few.tx._session, few.tx.now)
    before = way.dump()
    assert few.is_plain(cc=[few.view(few.bo).uri])
    assert way.dump() == before
