"""Whoever hangs up, is ended, refused or closed: nothing is lost, and nobody waits for ever."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from activitypub.parse.activities import parse_activity
from activitypub.parse.posts import parse_note
from domain.node import Node
from inbox import together
from inbox.signed import SignedActivity
from inbox.together import Said, store
from storage.database import Database, now_ms
from storage.errors import Overloaded
from storage.queries import posts
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.gathering_point import ENOUGH, Counted, ids, statuses, written
from tests.inbox.giving import known
from tests.inbox.home import Home
from tests.support.stranger import Document, Person

both = pytest.mark.both


@both
async def test_who_hangs_up_takes_nothing_from_the_others(
    here: Home, writers: list[Person]
) -> None:
    point = Counted(here, held=True)
    creates = [written(writers[0]) for _ in range(6)]
    sending = [asyncio.create_task(statuses(here, (writers[0], create))) for create in creates]
    await point.has_come(6)
    for each in sending[::2]:
        each.cancel()
    point.release()
    answers = await asyncio.gather(*sending, return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, list)] == [[202]] * 3
    assert len(await ids(here, *creates[1::2])) == 3


async def test_a_request_that_is_ended_takes_nothing_from_the_others(
    here: Home, writers: list[Person]
) -> None:
    point, signer = Counted(here, held=True), await known(here, writers[0])
    creates = [written(writers[0]) for _ in range(5)]
    taking = [
        asyncio.create_task(point.take(signed(create, signer), parse_note(create["object"])))
        for create in creates
    ]
    await point.has_come(5)
    for each in (taking[0], taking[3]):
        each.cancel()
    point.release()
    answers = await asyncio.gather(*taking, return_exceptions=True)
    assert [answer for answer in answers if answer is True] == [True] * 3
    assert len(await here.rows("posts")) == 5, "it was taken in before anybody hung up"


def signed(create: Document, signer: ActorView) -> SignedActivity:
    return SignedActivity(parse_activity(create), signer, now_ms())


async def ten_waiting(
    here: Home, writer: Person
) -> tuple[Counted, list[Document], "asyncio.Task[list[int]]"]:
    """Ten posts that wait for a unit which has not begun, and their answers to come."""
    point = Counted(here, held=True)
    creates = [written(writer) for _ in range(10)]
    sending = asyncio.create_task(statuses(here, *((writer, create) for create in creates)))
    await point.has_come(10)
    return point, creates, sending


async def test_nobody_waits_for_ever_for_a_database_that_is_closed(
    here: Home, writers: list[Person]
) -> None:
    point, _, sending = await ten_waiting(here, writers[0])
    async with asyncio.timeout(ENOUGH):
        await here.db.close(timeout=1)
        point.release()
        answers = await sending
    assert set(answers) == {503}
    await point.comes_to_rest()


@both
async def test_202_means_stored_while_the_database_is_closed(
    here: Home, writers: list[Person], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, closing = threading.Event(), threading.Event()

    def slowly(tx: Tx, *, node: Node, said: Sequence[Said]) -> list[bool]:
        found = store(tx, node=node, said=said)
        begun.set()
        assert closing.wait(ENOUGH)
        return found

    monkeypatch.setattr(together, "store", slowly)
    Counted(here, most=3)
    creates = [(writers[0], written(writers[0])) for _ in range(10)]
    async with asyncio.timeout(ENOUGH):
        sending = asyncio.create_task(statuses(here, *creates))
        assert await asyncio.to_thread(begun.wait, ENOUGH)
        ending = asyncio.create_task(here.db.close(timeout=30))
        await asyncio.sleep(0)  # from here on it takes nothing new
        closing.set()
        await ending
        answers = await sending
    assert set(answers) == {202, 503}
    again = await Database.open(database_url)
    try:
        for (_, create), answer in zip(creates, answers, strict=True):
            found = await again.read(posts.by_uri, create["object"]["id"])
            assert found is not None or answer == 503
    finally:
        await again.close(timeout=5)


async def test_nobody_waits_for_ever_when_the_storing_is_ended(
    here: Home, writers: list[Person]
) -> None:
    point, creates, sending = await ten_waiting(here, writers[0])
    async with asyncio.timeout(ENOUGH):
        assert point._storing
        for storing in point._storing:
            storing.cancel()
        point.release()
        assert await sending == [202] * 10
    await point.comes_to_rest()
    assert len(await ids(here, *creates)) == 10


async def test_a_mistake_in_storing_together_is_told_and_every_post_goes_the_long_way(
    here: Home, writers: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> int:
        raise TypeError("a mistake of ours")

    point = Counted(here)
    creates = [(writers[0], written(writers[0])) for _ in range(3)]
    monkeypatch.setattr(together, "of_one_unit", fails)
    with capture_logs() as logged:
        async with asyncio.timeout(ENOUGH):
            assert await statuses(here, *creates) == [202] * 3
    assert point.answers == {False: 3}
    assert len(await ids(here, *(create for _, create in creates))) == 3
    told = [line for line in logged if line["event"] == "posts cannot be stored together"]
    assert told
    assert isinstance(told[0]["exc_info"], TypeError)


@both
async def test_what_the_database_refuses_for_a_while_is_answered_so(
    here: Home, writers: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise Overloaded("for a while")

    point = Counted(here, held=True)
    creates = [(writers[0], written(writers[0])) for _ in range(5)]
    sending = asyncio.create_task(statuses(here, *creates))
    await point.has_come(5)
    with monkeypatch.context() as broken:
        broken.setattr(together, "store", fails)
        point.release()
        assert await sending == [202] * 5, "each went the long way"
    assert point.answers == {False: 5}
    assert len(await here.rows("posts")) == 5
