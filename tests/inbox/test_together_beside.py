"""A unit that waits for what somebody holds: others are stored beside it."""

import asyncio
import threading

import orjson
import pytest
from msgspec.structs import replace

from activitypub.parse.activities import parse_activity
from activitypub.parse.posts import parse_note
from inbox.signed import SignedActivity
from inbox.together import Together
from storage.database import Database, now_ms
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.factories import NODE, add_follow, add_node, add_person, add_remote
from tests.support.stranger import PUBLIC

pytestmark = pytest.mark.both


def authors(tx: Tx) -> list[ActorView]:
    """Zoe and Yan elsewhere, whom Ana here follows."""
    add_node(tx)
    ana = add_person(tx, "ana")
    found = []
    for name in ("zoe", "yan"):
        author = actors.by_id(tx, add_remote(tx, name))
        assert author is not None
        add_follow(tx, ana, author.id)
        found.append(replace(author, followers_count=1))
    return found


async def brought(point: Together, by: ActorView, number: int = 1) -> bool:
    note = {
        "id": f"https://far.example/o/{by.handle}-{number}",
        "type": "Note",
        "attributedTo": by.uri,
        "content": "<p>words</p>",
        "to": [PUBLIC],
    }
    whole = {"id": f"{note['id']}#create", "type": "Create", "actor": by.uri, "object": note}
    signed = SignedActivity(parse_activity(whole), by, now_ms(), orjson.dumps(whole))
    return await point.take(signed, parse_note(note))


async def test_who_waits_for_a_row_holds_up_nobody_else(
    database: Database, database_kind: str
) -> None:
    """Where rows are locked one by one; SQLite has one writer, for whom all wait alike."""
    zoe, yan = await database.write(authors)
    held, go_on = threading.Event(), threading.Event()
    patience = 30 if database_kind == "postgresql" else 0.5

    def hold(tx: Tx) -> None:
        tx.lock(f"signer {zoe.id}")
        held.set()
        go_on.wait(100)

    point = Together(database, NODE)
    holding = asyncio.create_task(database.write(hold))
    try:
        await asyncio.to_thread(held.wait, 30)
        stuck = asyncio.create_task(brought(point, zoe))
        await asyncio.sleep(0.02)
        beside = asyncio.create_task(brought(point, yan))
        await asyncio.wait([beside], timeout=patience)
        assert beside.done() is (database_kind == "postgresql")
        later = asyncio.create_task(brought(point, yan, 2))
        await asyncio.wait([later], timeout=patience)
        assert later.done() is (database_kind == "postgresql")
        assert not stuck.done()
    finally:
        go_on.set()
        await holding
    assert [await stuck, await beside, await later] == [True] * 3


async def test_what_comes_as_the_storing_ends_is_stored_together_too(database: Database) -> None:
    """Whoever sends the next as soon as they are answered is there before the task's end is."""
    zoe, yan = await database.write(authors)
    point = Together(database, NODE)
    async with asyncio.timeout(40):
        assert [await brought(point, by, number) for number in (1, 2, 3) for by in (zoe, yan)] == (
            [True] * 6
        )
