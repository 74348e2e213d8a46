"""Plain posts that come at the same time are stored together, and each as if it were alone."""

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import accumulate

import orjson
import pytest

from activitypub.synchronization import HEADER, header
from domain.kinds import IntakeState, NotificationKind
from inbox import together
from social import remote_posts
from storage.queries import arrivals as stored_before
from storage.queries.ids import id_at
from storage.views.actors import ActorView
from tests.inbox.gathering_point import Counted, Streams, ids, naming, statuses, written
from tests.inbox.home import Home
from tests.support.stranger import Document, Person, Stranger

both = pytest.mark.both


@both
async def test_thirty_posts_twice_each_are_stored_once_in_few_units(
    here: Home, alice: ActorView, writers: list[Person]
) -> None:
    point, streams = Counted(here, held=True), Streams(here.db)
    creates = [(by, written(by, **naming(alice))) for by in writers for _ in range(5)]
    sending = asyncio.create_task(statuses(here, *creates, *creates))
    await point.has_come(30)  # what comes again waits behind what came first
    point.release()
    assert await sending == [202] * 60
    # How many units those make that come again depends on how long they are on their way.
    stored = accumulate(point.units)
    assert next(units for units, posts in enumerate(stored, 1) if posts >= 30) < 10
    assert sum(point.units) == 60
    assert point.answers == {True: 30, False: 30}
    made = await ids(here, *(create for _, create in creates))
    assert len(await here.rows("posts")) == 30
    assert streams.told == dict.fromkeys(made, 1)
    told = Counter((row[1], row[2], row[4]) for row in await here.rows("notifications"))
    assert told == {(alice.id, NotificationKind.MENTION, post): 1 for post in made}
    homes = Counter(row[1] for row in await here.rows("home_entries"))
    followed = [by is writers[0] or by in writers[::2] for by, _ in creates]
    assert homes == {post: 1 for post, is_there in zip(made, followed, strict=True) if is_there}
    assert [row[5] for row in await here.rows("intake")] == [IntakeState.DONE] * 30
    assert await here.rows("jobs") == []


@both
async def test_what_comes_while_a_unit_is_stored_makes_the_next(
    here: Home, alice: ActorView, writers: list[Person]
) -> None:
    point = Counted(here)
    creates = [(by, written(by)) for by in writers[::2] for _ in range(10)]
    assert await statuses(here, *creates) == [202] * 30
    assert sum(point.units) == 30
    await point.comes_to_rest()
    await ids(here, *(create for _, create in creates))


async def test_no_unit_has_more_than_its_most(here: Home, writers: list[Person]) -> None:
    point = Counted(here, most=4, held=True)
    creates = [(writers[0], written(writers[0])) for _ in range(12)]
    sending = asyncio.create_task(statuses(here, *creates))
    await point.has_come(12)
    point.release()
    assert await sending == [202] * 12
    assert max(point.units) == 4
    assert sum(point.units) == 12
    assert point.answers == {True: 12}
    assert len(await ids(here, *(create for _, create in creates))) == 12


async def test_without_units_every_post_goes_the_long_way(
    here: Home, writers: list[Person]
) -> None:
    point = Counted(here, most=0)
    create = written(writers[0])
    assert await statuses(here, (writers[0], create)) == [202]
    assert (point.units, point.answers) == ([], {False: 1})
    assert len(await ids(here, create)) == 1


async def test_a_full_line_sends_what_comes_the_long_way(
    here: Home, writers: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "MOST_WAITING", 3)
    point = Counted(here, held=True)
    first = [(writers[0], written(writers[0])) for _ in range(4)]
    storing = asyncio.create_task(statuses(here, first[0]))
    await point.has_come(1)
    sending = asyncio.create_task(statuses(here, *first[1:]))
    await point.has_come(4)
    assert point.in_line == 3
    late = written(writers[2])
    assert await statuses(here, (writers[2], late)) == [202], "though nothing is stored together"
    assert len(await ids(here, late)) == 1
    assert point.answers == {False: 1}
    point.release()
    assert await storing + await sending == [202] * 4
    assert point.answers == {False: 1, True: 4}
    assert len(await ids(here, *(create for _, create in first))) == 4


@both
@pytest.mark.parametrize("wrong", ["an id that is taken", "an address that is taken"])
async def test_one_that_cannot_be_stored_spoils_nothing(
    here: Home, writers: list[Person], monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    before = written(writers[0])
    assert await statuses(here, (writers[0], before)) == [202]
    (taken,) = await ids(here, before)
    if wrong == "an id that is taken":
        drawn = iter([taken])
        monkeypatch.setattr(remote_posts, "id_at", lambda tx, at: next(drawn, 0) or id_at(tx, at))
    point = Counted(here, held=True)
    if wrong == "an address that is taken":
        # Stored by somebody between the look and the writing: no lock holds up who takes none.
        monkeypatch.setattr(stored_before, "met", lambda tx, uris: set())
    creates = [(writers[0], written(writers[0])) for _ in range(9)]
    again = writers[0].server.activity(writers[0], "Create", before["object"])
    sent = [*creates, (writers[0], again if "address" in wrong else written(writers[0]))]
    sending = asyncio.create_task(statuses(here, *sent))
    await point.has_come(10)
    point.release()
    assert await sending == [202] * 10
    # An id is drawn again: who chooses the second of a post makes no unit fail.
    assert (False in point.answers) is ("address" in wrong)
    assert len(set(await ids(here, *(create for _, create in sent)))) == 10
    assert len(await here.rows("posts")) == (10 if "address" in wrong else 11)
    assert len(await here.rows("home_entries")) == len(await here.rows("posts"))
    assert len(await here.rows("intake")) == 11


@both
async def test_O08_a_delete_waits_for_what_is_not_stored_yet(
    here: Home, writers: list[Person]
) -> None:
    point, by = Counted(here, held=True), writers[0]
    create, other = written(by), written(by)
    sending = asyncio.create_task(statuses(here, (by, create), (by, other)))
    await point.has_come(2)
    uri = create["object"]["id"]
    deleting = asyncio.create_task(statuses(here, (by, by.server.activity(by, "Delete", uri))))
    await asyncio.sleep(0.1)
    assert not deleting.done()
    point.release()
    assert await sending == [202, 202]
    assert await deleting == [202]
    assert point.answers == {True: 2}
    await here.drain()
    gone, kept = await here.stored(uri), await here.stored(other["object"]["id"])
    assert gone is None or gone.deleted_at is not None
    assert kept is not None
    assert kept.deleted_at is None


@both
async def test_an_edit_right_behind_its_post_is_not_lost(here: Home, writers: list[Person]) -> None:
    """Of a post that does not say when it was written the edit alone would not be believed."""
    point, by = Counted(here, held=True), writers[0]
    create = written(by)
    create["object"].pop("published", None)
    edited = create["object"] | {"content": "<p>mended</p>", "updated": "2026-11-22T10:00:00Z"}
    sending = asyncio.create_task(statuses(here, (by, create)))
    await point.has_come(1)
    editing = asyncio.create_task(statuses(here, (by, by.server.activity(by, "Update", edited))))
    await asyncio.sleep(0.1)
    point.release()
    assert [*await sending, *await editing] == [202, 202]
    await here.drain()
    row = await here.stored(create["object"]["id"])
    assert row is not None
    assert "mended" in row.content


# What is never brought here.


def an_id_only(ana: Person) -> Document:
    return ana.server.activity(ana, "Create", ana.server.note(ana)["id"])


def with_a_proof(ana: Person) -> Document:
    return written(ana) | {"proof": {"type": "DataIntegrityProof"}}


def a_follow(ana: Person) -> Document:
    return ana.server.activity(ana, "Follow", ana.uri)


def a_vote(ana: Person) -> Document:
    vote: Document = {
        "name": "yes",
        "inReplyTo": ana.server.url("/notes/0"),
        "to": [ana.uri],
        "cc": [],
    }
    note = ana.server.note(ana, **vote)
    del note["content"]
    return ana.server.activity(ana, "Create", note)


def of_another(ana: Person) -> Document:
    return ana.server.activity(ana, "Create", ana.server.note(ana, attributedTo=f"{ana.uri}2"))


def on_another_server(ana: Person) -> Document:
    note = ana.server.note(ana) | {"id": "http://other.localhost/notes/1"}
    return ana.server.activity(ana, "Create", note)


@pytest.mark.parametrize(
    "made", [an_id_only, with_a_proof, a_follow, a_vote, of_another, on_another_server]
)
async def test_what_is_no_whole_post_of_its_sender_is_not_brought_here(
    here: Home, ana: Person, made: Callable[[Person], Document]
) -> None:
    point = Counted(here)
    assert await statuses(here, (ana, made(ana))) == [202]
    assert point.asked == 0
    assert await statuses(here, (ana, written(ana))) == [202]
    assert point.asked == 1


async def test_what_comes_with_a_list_of_followers_is_not_brought_here(
    here: Home, ana: Person
) -> None:
    point, body = Counted(here), orjson.dumps(written(ana))
    said = header(ana.document["followers"], ana.server.url("/list"), [])
    headers = ana.server.signed(ana, here.inbox, body)
    assert (await ana.server.send(here.inbox, body, headers | {HEADER: said})).status == 202
    assert point.asked == 0


async def test_who_may_not_sign_brings_nothing_here(
    here: Home, ana: Person, e: Stranger, x: Stranger
) -> None:
    point, create = Counted(here), written(ana)
    eve, xena = e.person("eve"), x.person("xena")
    forged = [(eve, create), (eve, create | {"actor": eve.uri}), (xena, written(xena))]
    assert await statuses(here, *forged) == [403, 403, 403]
    assert point.asked == 0
