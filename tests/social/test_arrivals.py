"""Plain posts that are stored together come to the same as each by itself."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from social.arrivals import Arrival, plain_among, store
from storage.connect import open_session
from storage.database import now_ms
from storage.queries import ids, posts
from storage.queries import timelines as homes
from storage.tables.timelines import home_entries
from storage.tx import Tx
from tests.inbox.arriving import PLAIN, SPECIAL, Post
from tests.inbox.both_ways import Way, both_ways
from tests.inbox.town import KNOWN, Town
from tests.social.few import Few, few
from tests.support.factories import (
    NODE,
    add_follow,
    add_person,
    add_remote,
)

__all__ = ["few"]

pytestmark = pytest.mark.both


def test_what_is_stored_together_is_what_is_stored_one_by_one(database_url: str) -> None:
    session = open_session(database_url, writable=True)
    gone = Counter[str]()

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def holds(number: int) -> None:
        different, came = both_ways(session, number)
        assert different == [], number
        (special, was_together) = came[-1]
        assert was_together is (list(SPECIAL)[number % len(SPECIAL)] in PLAIN), special.labels
        gone.update("together" if is_stored else "alone" for _, is_stored in came)

    for number in range(len(SPECIAL)):  # each kind once at least
        holds = example(number)(holds)
    try:
        holds()
    finally:
        session.close()
    assert min(gone["together"], gone["alone"]) > 100


def test_what_nobody_honest_writes_is_stored_the_same_both_ways(database_url: str) -> None:
    session = open_session(database_url, writable=True)
    gone = Counter[bool]()

    @settings(max_examples=50, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def holds(number: int) -> None:
        different, came = both_ways(session, number, spoilt=True)
        assert different == [], number
        gone.update(is_stored for _, is_stored in came)

    try:
        holds()
    finally:
        session.close()
    assert gone[True] > 50


_HOMES = select(home_entries.c.actor_id, home_entries.c.post_id, home_entries.c.author_id)
_EMPTY = delete(home_entries)


def test_homes_are_written_as_the_rules_for_all_posts_say(database_url: str) -> None:
    session, lines = open_session(database_url, writable=True), 0

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def holds(number: int) -> None:
        nonlocal lines
        random, now = Random(number), now_ms()
        session.begin()
        try:
            post = Post(Town(Tx(session, now), random), random, now)
            signed = [each.signed for each in post.coming(12)]
            Way(session, now).together(signed)
            tx = Tx(session, now)
            written = set(tx.all(_HOMES))
            tx.change(_EMPTY)
            for one in signed:
                row = posts.by_uri(tx, one.activity.object_id or "")
                if row is not None and row.uri != KNOWN:
                    homes.fan_out(tx, row.id)
            assert set(tx.all(_HOMES)) == written
            lines += len(written)
        finally:
            session.rollback()

    try:
        holds()
    finally:
        session.close()
    assert lines > 50


def test_whether_an_id_is_taken_is_asked_of_the_past_alone(few: Few) -> None:
    """What is fresh gets an id beyond all before it."""

    def asked_for(**said: Any) -> int:
        plain = plain_among(few.tx, NODE, [Arrival(few.note(**said), few.zoe, few.tx.now)])
        with counted(few.tx) as found:
            store(few.tx, [each for each in plain if each is not None])
        return found.total()

    assert asked_for(published="2026-11-01T10:00:00Z") == asked_for() + 1


def test_an_id_that_is_taken_is_drawn_again(few: Few, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends a post chooses its second: it makes no unit fail for the others in it."""
    drawn = iter([7, 7, 7, 8, 7, 9])
    monkeypatch.setattr(ids, "random_bits", lambda _: next(drawn))
    coming = [
        Arrival(few.note(published="2026-11-01T10:00:00Z"), few.zoe, few.tx.now) for _ in range(3)
    ]
    plain = [each for each in plain_among(few.tx, NODE, coming) if each is not None]
    assert len(plain) == 3
    store(few.tx, plain)
    stored = [posts.by_uri(few.tx, each.note.id) for each in coming]
    assert sorted(row.id & 0xFFFF for row in stored if row is not None) == [7, 8, 9]


def asked(few: Few, count: int, authors: int, named: int) -> Counter[str]:
    """How often the database is asked for so many posts that each name so many people."""
    people = [few.view(add_person(few.tx, f"person{count}x{each}")) for each in range(named)]
    writers = [few.view(add_remote(few.tx, f"author{count}x{each}")) for each in range(authors)]
    for writer in writers:
        add_follow(few.tx, few.ana, writer.id)
    said: dict[str, Any] = {
        "content": f"<p>#bread <a href='https://page.example/{count}'>here</a></p>",
        "cc": [person.uri for person in people],
        "tag": [
            *({"type": "Mention", "href": person.uri} for person in people),
            {"type": "Hashtag", "name": "#bread"},
        ],
    }
    by = [writers[number % authors] for number in range(count)]
    coming = [Arrival(few.note(writer, **said), writer, few.tx.now) for writer in by]
    with counted(few.tx) as found:
        plain = [each for each in plain_among(few.tx, NODE, coming) if each is not None]
        store(few.tx, plain)
    assert len(plain) == count
    return found


@contextmanager
def counted(tx: Tx) -> Iterator[Counter[str]]:
    """What the session is asked meanwhile, by the way in which it is."""
    session, found = tx._session, Counter[str]()

    def counting(name: str) -> Callable[..., Any]:
        real = getattr(session, name)

        def ask(*args: Any) -> Any:
            found[name] += 1
            return real(*args)

        return ask

    with pytest.MonkeyPatch.context() as patched:
        for name in ("all", "first", "execute", "execute_many", "lock"):
            patched.setattr(session, name, counting(name))
        yield found
    if tx.dialect == "postgresql":  # where a lock is a statement, too
        found["execute"] -= found["lock"]


@pytest.mark.parametrize(("count", "authors", "named"), [(1, 1, 2), (40, 1, 2), (40, 5, 3)])
def test_a_unit_asks_as_often_for_many_posts_as_for_one(
    few: Few, count: int, authors: int, named: int
) -> None:
    found = asked(few, count, authors, named)
    assert found.pop("lock") == count
    # The figures of an author are written once for all that are theirs. Nothing else grows.
    assert found.total() == 18 + authors
    assert found["execute_many"] == 5, "posts, their words, mentions, tags, notifications"
