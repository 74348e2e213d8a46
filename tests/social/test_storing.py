"""What every post has in common: stored once, counted once, gone once."""

import asyncio

import pytest
from msgspec.structs import replace

from domain.audience import ANONYMOUS, Audience
from domain.kinds import Acceptance
from social import storing
from storage.database import Database
from storage.queries import actors, posts
from storage.queries.figures import count_reply, count_share
from storage.tx import Tx
from storage.views import people
from storage.views.posts import PostRow
from tests.support.factories import add_person, add_post, add_reply, add_share

pytestmark = pytest.mark.both


def _thread(tx: Tx) -> tuple[PostRow, PostRow, PostRow]:
    """A post that was answered twice and shared twice; the post, one answer and one share."""
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    post = add_post(tx, ana)
    answers = [add_reply(tx, one, post) for one in (bo, cy)]
    shares = [add_share(tx, one, post) for one in (bo, cy)]
    for _ in answers:
        count_reply(tx, post, 1)
        count_share(tx, post, 1)
    found = [posts.by_id(tx, one) for one in (post, answers[0], shares[0])]
    return tuple(row for row in found if row is not None)  # type: ignore[return-value]


def _waiting(tx: Tx, answers: int) -> tuple[PostRow, list[PostRow]]:
    """A post, and answers to it that wait for their community."""
    post, bo = add_post(tx, add_person(tx, "ana")), add_person(tx, "bo")
    made = [add_reply(tx, bo, post, acceptance=Acceptance.WAITING) for _ in range(answers)]
    first, *rest = [row for one in (post, *made) if (row := posts.by_id(tx, one)) is not None]
    return first, rest


async def _figures(database: Database, post: PostRow) -> tuple[int, int]:
    row = await database.read(posts.by_id, post.id)
    assert row is not None
    return row.replies_count, row.shares_count


async def test_Z09_what_is_deleted_by_many_at_once_is_counted_down_once(
    database: Database,
) -> None:
    """Its author's server and its community's say so at the same moment: each read the row."""
    post, answer, share = await database.write(_thread)
    assert await _figures(database, post) == (2, 2)
    for row in (answer, share):
        await asyncio.gather(*(database.write(storing.remove, row) for _ in range(8)))
    assert await _figures(database, post) == (1, 1)
    gone = await database.read(posts.by_id, answer.id)
    assert gone is not None
    assert gone.deleted_at is not None


async def test_Z09_accepted_and_deleted_at_once_is_counted_down_as_well(
    database: Database,
) -> None:
    """A community takes an answer in while its author deletes it, who read that it waits."""
    post, [waiting] = await database.write(_waiting, 1)
    assert await database.write(storing.accept, waiting)
    assert await _figures(database, post) == (1, 0)
    await database.write(storing.remove, waiting)
    assert await _figures(database, post) == (0, 0)


async def test_Z09_what_was_deleted_meanwhile_is_not_accepted(database: Database) -> None:
    post, [waiting] = await database.write(_waiting, 1)
    await database.write(storing.remove, waiting)
    assert not await database.write(storing.accept, waiting)
    assert await _figures(database, post) == (0, 0)


async def test_Z09_accepted_and_deleted_by_many_leave_no_figure(database: Database) -> None:
    post, waiting = await database.write(_waiting, 8)
    await asyncio.gather(
        *(database.write(one, row) for row in waiting for one in (storing.accept, storing.remove))
    )
    assert await _figures(database, post) == (0, 0)


def test_G01_what_waits_makes_its_author_known_to_nobody_outside(tx: Tx) -> None:
    """Who wrote something public is known outside (protocol §3): once anybody may read it."""
    ana = add_person(tx, "ana")
    made = posts.by_id(tx, add_post(tx, ana, Audience.public()))
    assert made is not None
    waiting = replace(made, id=made.id + 1, uri=f"{made.uri}1", acceptance=Acceptance.WAITING)
    accepted = replace(made, id=made.id + 2, uri=f"{made.uri}2")

    def known() -> tuple[int, bool]:
        actor = actors.by_id(tx, ana)
        assert actor is not None
        return actor.posts_count, bool(people.people(tx, ANONYMOUS, [ana]))

    assert posts.mark_deleted(tx, made.id)
    assert storing.store(tx, waiting)
    assert known() == (0, False)
    assert storing.accept(tx, waiting)
    assert known() == (1, True)
    assert storing.store(tx, accepted)
    assert known() == (2, True)
    for row in (waiting, accepted):
        storing.remove(tx, row)
    assert known() == (0, False)
