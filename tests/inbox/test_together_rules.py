"""What may be stored together: what an activity, the ledger and the line of its signer say."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from activitypub.parse.activities import parse_activity
from activitypub.parse.posts import parse_note
from domain.kinds import ActorType
from inbox.intake import PROCESS
from inbox.signed import SignedActivity
from inbox.together import MOST_WORK, Said, may_go, of_one_unit, store
from jobs.queue import enqueue
from storage.database import now_ms
from storage.queries import actors, intake
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.factories import NODE, add_follow, add_node, add_person, add_remote
from tests.support.stranger import PUBLIC, Document

both = pytest.mark.both


# What may go together, of what an activity says.


@pytest.fixture
def zoe(tx: Tx) -> ActorView:
    add_node(tx)
    found = actors.by_id(tx, add_remote(tx, "zoe"))
    assert found is not None
    add_follow(tx, add_person(tx, "ana"), found.id)
    return found


def said(zoe: ActorView, number: int = 1, note: Document | None = None, **more: Any) -> Said:
    """A Create of Zoe's: plain, unless something else is said."""
    words: Document = {
        "id": f"https://far.example/o/{number}",
        "type": "Note",
        "attributedTo": zoe.uri,
        "content": f"<p>words {number}</p>",
        "to": [PUBLIC],
        "cc": [zoe.followers],
    }
    words |= note or {}
    whole: Document = {
        "id": f"https://far.example/act/{number}",
        "type": "Create",
        "actor": zoe.uri,
        "to": [PUBLIC],
        "cc": [zoe.followers],
        "object": words,
    }
    signed = SignedActivity(parse_activity(whole | more), zoe, now_ms())
    return Said(signed, parse_note(words))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"to": PUBLIC, "cc": []},
        {"to": [], "cc": []},
        {"to": ["as:Public"]},
        {
            "published": "2026-11-01T10:00:00Z",
            "summary": "made",
            "context": "https://far.example/c",
        },
        {"bto": [], "bcc": [], "audience": []},
    ],
    ids=str,
)
def test_a_create_that_says_no_more_than_its_post_may_go(
    zoe: ActorView, more: dict[str, Any]
) -> None:
    assert may_go(*said(zoe, **more))


@pytest.mark.parametrize(
    "more",
    [
        {"audience": "https://far.example/g/x"},
        {"bto": "https://here.example/a/1"},
        {"bcc": "https://here.example/a/1"},
        {"note": {"bto": "https://here.example/a/1"}},
        {"note": {"bcc": "https://here.example/a/1"}},
        {"to": [PUBLIC, "https://here.example/a/1"]},
        {"cc": ["https://here.example/a/1"]},
        {"tertulia:cards": {}},
        {"tertulia:copies": {}},
        {"tertulia:onBehalfOf": "https://here.example/a/1"},
        {"note": {"to": ["https://here.example/a/1"]}},
        {"note": {"audience": "https://far.example/g/x"}},
        {"note": {"inReplyTo": "https://far.example/o/0"}},
        {"note": {"quote": "https://far.example/o/0"}},
    ],
    ids=str,
)
def test_a_create_that_says_more_may_not_go(zoe: ActorView, more: dict[str, Any]) -> None:
    assert not may_go(*said(zoe, **more))


def test_a_create_of_several_votes_may_not_go(zoe: ActorView) -> None:
    one = said(zoe)
    activity = parse_activity(
        {
            "id": "https://far.example/act/votes",
            "type": "Create",
            "actor": zoe.uri,
            "object": [
                {"id": f"https://far.example/v/{name}", "type": "Note", "name": name}
                | {"inReplyTo": "https://here.example/o/1", "attributedTo": zoe.uri}
                for name in ("yes", "no")
            ],
        }
    )
    assert activity.more
    assert not may_go(SignedActivity(activity, zoe, 0), one.note)


@pytest.mark.parametrize(
    ("followers", "most", "count"),
    [
        ([0] * 5, 9, 5),
        ([0] * 5, 3, 3),
        ([MOST_WORK // 2] * 5, 9, 2),
        ([MOST_WORK, 0, 1, 0], 9, 2),
        ([MOST_WORK + 1, 0], 9, 1),  # alone it is as much work the long way
        ([], 9, 0),
    ],
)
def test_the_work_of_a_unit_is_bounded(
    zoe: ActorView, followers: list[int], most: int, count: int
) -> None:
    waiting = [said(replace(zoe, followers_count=known)) for known in followers]
    assert of_one_unit(waiting, most) == count


def test_who_is_named_and_what_is_attached_is_work(zoe: ActorView) -> None:
    named = [{"type": "Mention", "href": f"https://far.example/a/{one}"} for one in range(30)]
    pictures = [
        {"type": "Image", "mediaType": "image/png", "url": f"https://far.example/{one}.png"}
        for one in range(8)
    ]
    plain = [said(zoe, number) for number in range(9)]
    naming = [said(zoe, number, note={"tag": named}) for number in range(9)]
    showing = [said(zoe, number, note={"attachment": pictures}) for number in range(9)]
    assert of_one_unit(plain, 9) == 9
    assert of_one_unit(naming, 9) == MOST_WORK // (50 * 30)
    assert of_one_unit(showing, 9) < 9


def test_what_a_group_sends_may_not_go(zoe: ActorView) -> None:
    group = replace(zoe, type=ActorType.GROUP)
    assert not may_go(*said(group))


# What the ledger and the line say.


@both
def test_what_waits_in_line_is_not_overtaken(tx: Tx, zoe: ActorView) -> None:
    first, second = said(zoe, 1), said(zoe, 2)
    enqueue(tx, PROCESS, 0, order_key=f"{PROCESS} {zoe.id} {first.note.id}")
    assert store(tx, node=NODE, said=[first, second]) == [False, True]


@both
def test_what_somebody_else_says_of_it_holds_up_nothing(tx: Tx, zoe: ActorView) -> None:
    one = said(zoe)
    enqueue(tx, PROCESS, 0, order_key=f"{PROCESS} {zoe.id + 1} {one.note.id}")
    assert store(tx, node=NODE, said=[one]) == [True]


@both
def test_S15_what_was_said_before_has_no_effect_again(tx: Tx, zoe: ActorView) -> None:
    one = said(zoe)
    uri = one.signed.activity.id
    intake.take(tx, origin_id=zoe.origin_id, activity_uri=uri, signer_id=zoe.id, body=None)
    assert store(tx, node=NODE, said=[one, said(zoe, 2)]) == [True, True]
    assert _stored(tx) == ["https://far.example/o/2"]


@both
def test_S15_of_two_posts_in_one_activity_the_first_is_stored(tx: Tx, zoe: ActorView) -> None:
    one, two = said(zoe, 1), said(zoe, 2, id="https://far.example/act/1")
    assert store(tx, node=NODE, said=[one, two]) == [True, True]
    assert _stored(tx) == ["https://far.example/o/1"]


@both
def test_S15_the_same_id_of_another_server_is_another_activity(tx: Tx, zoe: ActorView) -> None:
    one = said(zoe)
    other = add_remote(tx, "rem", "https://near.example")
    rem = actors.by_id(tx, other)
    assert rem is not None
    uri = one.signed.activity.id
    intake.take(tx, origin_id=rem.origin_id, activity_uri=uri, signer_id=rem.id, body=None)
    assert store(tx, node=NODE, said=[one]) == [True]
    assert _stored(tx) == ["https://far.example/o/1"]


@both
def test_nothing_is_written_of_what_goes_the_long_way(tx: Tx, zoe: ActorView) -> None:
    concerns_nobody = actors.by_id(tx, add_remote(tx, "yan"))
    assert concerns_nobody is not None
    assert store(tx, node=NODE, said=[said(concerns_nobody)]) == [False]
    assert _stored(tx) == []
    assert tx.notices == ()


def _stored(tx: Tx) -> list[str]:
    return [row[0] for row in tx.all(select(posts.c.uri).order_by(posts.c.uri))]
