"""Whoever ends is counted down once: by two jobs at once, and each time that somebody leaves."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import bindparam, update

from domain.errors import NotFound
from domain.kinds import Role
from social import departures, storing
from storage.database import Database
from storage.queries import actors, domains, posts
from storage.queries import departures as known
from storage.tables.actors import actors as table
from storage.tx import Tx
from tests.support.factories import NODE, add_node, add_person, add_post, add_remote, add_reply
from tests.support.overlapping import overlapping

pytestmark = pytest.mark.both

_FOUND = update(table).where(table.c.id == bindparam("key")).values(fetched_at=1)


class Story:
    """Ana wrote; Cy answered; Mal, elsewhere, is about to."""

    def __init__(self, tx: Tx) -> None:
        add_node(tx)
        self.ana, self.cy = add_person(tx, "ana"), add_person(tx, "cy")
        self.mal = add_remote(tx, "mal")
        self.post = add_post(tx, self.ana)
        self.answer(tx, self.cy)

    def answer(self, tx: Tx, author: int) -> None:
        row = posts.by_id(tx, add_reply(tx, author, self.post))
        assert row is not None
        storing._count(tx, row, 1)

    def answers(self, tx: Tx) -> int:
        row = posts.by_id(tx, self.post)
        assert row is not None
        return row.replies_count


async def test_Z09_two_jobs_at_once_count_down_once(database: Database) -> None:
    """A lease ran out while its job went on."""
    story = await database.write(Story)
    for _ in range(2):
        await database.write(story.answer, story.mal)
    await database.write(departures.actor_left, actor_id=story.mal)
    assert await database.read(story.answers) == 3

    def some(tx: Tx) -> object:
        return departures._posts_leave(tx, actor_id=story.mal)

    await overlapping(database, some, some)
    await departures.posts_leave(database, story.mal)
    assert await database.read(story.answers) == 1


async def test_who_comes_back_and_leaves_again_is_counted_down_again(database: Database) -> None:
    """An operator had a server forgotten, and its people were heard of anew."""
    story = await database.write(Story)
    for _ in range(2):
        await database.write(story.answer, story.mal)
        assert await database.read(story.answers) == 2
        await database.write(departures.actor_left, actor_id=story.mal)
        await departures.posts_leave(database, story.mal)
        assert await database.read(story.answers) == 1
        await database.write(known.done, story.mal)
        await database.write(domains.make_unknown, [story.mal])
        await database.write(lambda tx: tx.change(_FOUND, key=story.mal))
        await asyncio.sleep(0.01)  # another moment, by the clock in milliseconds
    assert (await database.read(actors.by_id, story.mal)) is not None


async def test_Z09_who_closes_the_account_twice_at_once_is_counted_down_once(
    database: Database,
) -> None:
    """On two devices: what the first began is not begun anew at another moment."""
    story = await database.write(Story)
    dee = await database.write(lambda tx: add_person(tx, "dee"))
    await database.write(lambda tx: add_person(tx, "boss", role=Role.ADMIN))
    await database.write(story.answer, dee)

    def leave(tx: Tx) -> None:
        with suppress(NotFound):
            departures.leave_for_good(tx, node=NODE, account_id=dee)

    await overlapping(database, leave, leave)
    await departures.posts_leave(database, dee)
    assert await database.read(story.answers) == 1
