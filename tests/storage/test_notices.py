"""Hints: after the commit, to every subscriber in every process, and never in place of a row."""

import asyncio
import threading

import psycopg
import pytest

from storage.database import Database, run_once
from storage.notices import LARGEST_MESSAGE, RESYNC, LocalBus, pack, unpack
from storage.tx import Tx

postgresql = pytest.mark.only("postgresql")


@pytest.mark.both
async def test_hints_reach_subscribers_once_the_unit_is_stored(db: Database) -> None:
    heard: list[tuple[str, bytes]] = []
    leave = db.bus.subscribe(lambda topic, payload: heard.append((topic, payload)))

    def work(tx: Tx, *, fail: bool) -> None:
        tx.publish("posts", b"1")
        tx.publish("posts", b"1")
        tx.publish("posts", b"2")
        if fail:
            raise LookupError

    with pytest.raises(LookupError):
        await db.write(work, fail=True)
    await db.write(work, fail=False)
    assert heard == [("posts", b"1"), ("posts", b"2")]
    leave()
    db.bus.publish("posts", "3")
    assert len(heard) == 2
    with pytest.raises(ValueError, match="small"):
        db.bus.publish("posts", b"x" * LARGEST_MESSAGE)


@pytest.mark.only("sqlite")
async def test_a_hint_of_several_units_of_a_group_comes_once(db: Database) -> None:
    heard: list[tuple[str, bytes]] = []
    db.bus.subscribe(lambda topic, payload: heard.append((topic, payload)))

    def work(tx: Tx, number: int) -> None:
        tx.publish("jobs")
        tx.publish("posts", bytes([number]))

    begun, go = threading.Event(), threading.Event()

    def hold(_: Tx) -> bool:
        begun.set()
        return go.wait(30)

    busy = asyncio.create_task(db.write(hold))
    assert await asyncio.to_thread(begun.wait, 30)
    units = [asyncio.create_task(db.write(work, number)) for number in range(3)]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(busy, *units)
    assert heard == [("jobs", b""), *(("posts", bytes([number])) for number in range(3))]


async def _until(heard: list[tuple[str, bytes]], wanted: tuple[str, bytes]) -> None:
    async with asyncio.timeout(40):
        while wanted not in heard:
            await asyncio.sleep(0.01)


@postgresql
async def test_hints_reach_other_processes_once(db: Database, notes_url: str) -> None:
    other = await Database.open(notes_url)
    here: list[tuple[str, bytes]] = []
    there: list[tuple[str, bytes]] = []
    db.bus.subscribe(lambda topic, payload: here.append((topic, payload)))
    other.bus.subscribe(lambda topic, payload: there.append((topic, payload)))
    sent = [("many", bytes([n % 256]) * 500) for n in range(100)]  # several notices' worth
    for topic, payload in sent:
        db.bus.publish(topic, payload)
    db.bus.publish("last")
    await _until(there, ("last", b""))
    assert set(there) == set(sent) | {("last", b"")}
    assert here.count(("last", b"")) == 1
    run_once(notes_url, lambda tx: tx.publish("command", b"ran"))
    await _until(here, ("command", b"ran"))
    await other.close()


@postgresql
async def test_a_lost_listener_returns_and_says_so(db: Database, notes_url: str) -> None:
    heard: list[tuple[str, bytes]] = []
    db.bus.subscribe(lambda topic, payload: heard.append((topic, payload)))
    with psycopg.connect(notes_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
    await _until(heard, (RESYNC, b""))
    run_once(notes_url, lambda tx: tx.publish("after", b"that"))
    await _until(heard, ("after", b"that"))


def test_notices_stay_below_the_servers_limit() -> None:
    messages = [("topic", bytes([n % 256]) * (n * 37 % 4900)) for n in range(300)]
    notices = list(pack("me", messages))
    assert max(len(notice.encode()) for notice in notices) < 8000
    assert [m for notice in notices for m in unpack(notice)[1]] == messages
    assert unpack("not ours") == ("", [])
    assert unpack("[]") == ("", [])


async def test_who_wants_some_topics_hears_of_no_others() -> None:
    bus = LocalBus()
    heard: list[tuple[str, bytes]] = []
    all_of_it: list[str] = []
    leave = bus.subscribe(lambda topic, payload: heard.append((topic, payload)), "one", "two")
    bus.subscribe(lambda topic, _: all_of_it.append(topic))
    for topic in ("one", "two", "three"):
        bus.publish(topic, b"x")
    assert heard == [("one", b"x"), ("two", b"x")]
    leave()
    bus.publish("one")
    assert len(heard) == 2
    assert all_of_it == ["one", "two", "three", "one"]
