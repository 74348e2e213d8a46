"""The door of the inbox: limits, admission, and what a refusal says."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.node import Federation
from inbox.endpoint import Endpoint
from inbox.intake import PROCESS
from inbox.reading import LARGEST
from jobs.queue import enqueue
from storage.database import Database
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.home import Home, home
from tests.support.stranger import AS2, Person, Stranger

LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


async def test_a_first_contact_is_stored_with_its_actor(
    here: Home, b: Stranger, alice: ActorView
) -> None:
    bo = b.person("bo")
    assert (await b.deliver(bo, here.inbox, b.activity(bo, "Follow", alice.uri))).status == 202
    assert bo.uri in repr(await here.rows("actors"))
    assert b.fetches(bo.path) == 1


async def test_our_nodes_recognise_each_other_by_the_signature_asked_for(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    taken = await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))
    assert 'tag="tertulia"' in taken.headers["Accept-Signature"]
    refused = await b.send(here.inbox, b"{}", {"Content-Type": AS2})
    assert "Accept-Signature" not in refused.headers


async def test_both_media_types_are_taken(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    for kind in (AS2, LD, f"{AS2}; charset=utf-8"):
        follow = b.activity(ana, "Follow", alice.uri)
        assert (await b.deliver(ana, here.inbox, follow, content_type=kind)).status == 202


@pytest.mark.parametrize("announced", [True, False])
async def test_D01_a_body_above_the_cap_is_refused(
    here: Home, b: Stranger, ana: Person, alice: ActorView, announced: bool
) -> None:
    follow = b.activity(ana, "Follow", alice.uri)
    room = LARGEST - len(orjson.dumps(follow | {"x": ""}))
    fits, large = (orjson.dumps(follow | {"x": "x" * size}) for size in (room, room + 1))
    assert len(fits) == LARGEST
    before = await here.digest()
    headers = b.signed(ana, here.inbox, large)
    if announced:
        answered = await b.send(here.inbox, large, headers)
    else:
        answered = await b.send_in_pieces(here.inbox, large, headers)
    assert answered.status == 413
    assert await here.digest() == before
    assert (await b.deliver(ana, here.inbox, fits)).status == 202


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
async def test_D02_encoded_bodies_are_refused(
    here: Home, b: Stranger, ana: Person, alice: ActorView, encoding: str
) -> None:
    body = gzip.compress(orjson.dumps(b.activity(ana, "Follow", alice.uri)))
    before = await here.digest()
    headers = b.signed(ana, here.inbox, body) | {"Content-Encoding": encoding}
    assert (await b.send(here.inbox, body, headers)).status == 400
    assert await here.digest() == before


@pytest.mark.parametrize("depth", [33, 1_000, 100_000])
async def test_D04_a_deep_document_is_refused(
    here: Home, b: Stranger, ana: Person, depth: int
) -> None:
    body = b'{"object":' * depth + b"1" + b"}" * depth
    before = await here.digest()
    answered = await b.deliver(ana, here.inbox, body[:LARGEST])
    assert answered.status in {400, 413}
    assert await here.digest() == before


async def test_D12_a_body_that_never_ends_is_given_up(
    here: Home, b: Stranger, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.endpoint.PATIENCE", 0.2)
    body = b"{" * 100
    headers = b.signed(ana, here.inbox, body)
    answered = await b.send_in_pieces(here.inbox, body, headers, pause=1.0)
    assert answered.status == 408


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", ["Follow"]),
        ("type", None),
        ("type", {"id": "Follow"}),
        ("actor", ["x"]),
        ("actor", 7),
        ("actor", None),
        ("id", None),
        ("id", "https://user@b.example/1"),
        ("id", "javascript:alert(1)"),
        ("object", ["https://b.example/1"] * 10_000),
        ("object", 7),
        ("object", "https://b.example\\@e.example/1"),
        ("to", ["https://b.example/1"] * 10_000),
    ],
)
async def test_O17_a_misshapen_activity_is_refused(
    here: Home, b: Stranger, ana: Person, alice: ActorView, name: str, value: Any
) -> None:
    body = orjson.dumps(b.activity(ana, "Follow", alice.uri) | {name: value})
    before = await here.digest()
    answered = await b.deliver(ana, here.inbox, body)
    assert answered.status in ({413, 400} if len(body) > LARGEST else {400})
    assert await here.digest() == before


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'"x"', b"null", b"\xff\xfe", b'{"a":1}x'])
async def test_what_is_no_document_is_refused(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    before = await here.digest()
    assert (await b.deliver(ana, here.inbox, body)).status == 400
    assert await here.digest() == before


async def test_O16_a_server_that_is_not_admitted_is_refused_before_any_fetch(
    here: Home, x: Stranger, alice: ActorView
) -> None:
    eve = x.person("eve")
    before = await here.digest(without=())
    answered = await x.deliver(eve, here.inbox, x.activity(eve, "Follow", alice.uri))
    assert answered.status == 403
    assert x.seen == []
    assert await here.digest(without=()) == before
    await here.admit(x)
    here.restart()
    taken = await x.deliver(eve, here.inbox, x.activity(eve, "Follow", alice.uri))
    assert taken.status == 202


@pytest.mark.parametrize(
    "spelling",
    ["X.LOCALHOST", "x.localhost.", "sub.x.localhost", "x\uff0elocalhost", "user@x.localhost"],
)
async def test_O16_a_blocked_server_is_refused_in_every_spelling(
    database: Database, tmp_path: Path, x: Stranger, spelling: str
) -> None:
    async with home(database, tmp_path, federation=Federation.OPEN) as here:
        await here.block("x.localhost")
        eve = x.person("eve")
        body = orjson.dumps(x.activity(eve, "Follow", here.node.actor(1)))
        before = await here.digest(without=())
        key_id = x.origin.replace("x.localhost", spelling) + "/users/eve#main-key"
        headers = x.signed(eve, here.inbox, body)
        headers["Signature"] = headers["Signature"].replace(eve.key_id, key_id)
        answered = await x.send(here.inbox, body, headers)
        assert answered.status in {400, 403}
        assert answered.status == 403 or not spelling.isascii()
        assert x.seen == []
        assert await here.digest(without=()) == before


async def test_an_open_node_takes_from_whom_it_did_not_block(
    database: Database, tmp_path: Path, x: Stranger
) -> None:
    async with home(database, tmp_path, federation=Federation.OPEN) as here:
        alice = await here.someone("alice")
        eve = x.person("eve")
        taken = await x.deliver(eve, here.inbox, x.activity(eve, "Follow", alice.uri))
        assert taken.status == 202


async def test_a_closed_node_has_no_inbox(database: Database, tmp_path: Path, x: Stranger) -> None:
    async with home(database, tmp_path, federation=Federation.CLOSED) as here:
        await here.admit(x)
        eve = x.person("eve")
        follow = x.activity(eve, "Follow", here.node.actor(1))
        answered = await x.deliver(eve, here.inbox, follow)
        absent = await x.deliver(eve, here.node.origin + "/absent", follow)
        assert (
            (answered.status, answered.body) == (absent.status, absent.body) == (404, absent.body)
        )
        assert x.seen == []


async def test_every_inbox_answers_alike_whoever_lives_there(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    """Nobody learns from an inbox which actors exist."""
    answers = []
    for url in (alice.inbox, here.node.inbox(123456789), here.inbox):
        activity = b.activity(ana, "Like", b.url("/notes/1"))
        taken = await b.deliver(ana, url, activity)
        unsigned = await b.send(url, b"{}", {"Content-Type": AS2})
        answers.append((taken.status, taken.body, unsigned.status, unsigned.body))
    assert len(set(answers)) == 1
    assert answers[0][0] == 202


async def test_a_full_queue_asks_senders_to_come_back(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    here.endpoint = Endpoint(here.fetcher, most_waiting=2)

    def fill(tx: Tx) -> None:
        for number in range(2):
            enqueue(tx, PROCESS, number)

    await here.db.write(fill)
    before = await here.digest()
    answered = await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))
    assert (answered.status, answered.headers["Retry-After"]) == (503, "30")
    assert await here.digest() == before


async def test_a_database_that_takes_no_more_asks_senders_to_come_back(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    body = orjson.dumps(b.activity(ana, "Follow", alice.uri))
    await here.db.close()
    answered = await b.send(here.inbox, body, b.signed(ana, here.inbox, body))
    assert (answered.status, answered.headers["Retry-After"]) == (503, "30")


async def test_a_refusal_repeats_nothing_of_the_request(
    here: Home, b: Stranger, ana: Person
) -> None:
    secret = "a-word-that-nobody-else-uses"
    body = orjson.dumps({"id": secret, "type": secret, "actor": secret, "object": secret})
    headers = b.signed(ana, here.inbox, body)
    for sent in (headers, headers | {"Signature": secret}, headers | {"Content-Type": secret}):
        answered = await b.send(here.inbox, body, sent)
        assert 400 <= answered.status < 500
        assert secret.encode() not in answered.body
        assert answered.headers["Content-Type"] == "application/problem+json"
        told = orjson.loads(answered.body)
        assert list(told) == ["type", "title", "status", "detail", "error"]
        assert (told["type"], told["status"]) == ("about:blank", answered.status)
        assert told["detail"] == told["error"] == answered.reason


async def test_many_deliveries_at_once_are_all_stored(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    follows = [b.activity(ana, "Follow", alice.uri) for _ in range(100)]
    answers = await asyncio.gather(*(b.deliver(ana, here.inbox, one) for one in follows))
    assert {answered.status for answered in answers} == {202}
    assert {row[2] for row in await here.rows("intake")} == {one["id"] for one in follows}
