"""While many posts come they gather for a moment; whoever comes alone waits for nothing."""

import asyncio

import pytest

from inbox import together
from storage.views.actors import ActorView
from tests.inbox.gathering_point import ENOUGH, Counted, statuses
from tests.inbox.giving import known
from tests.inbox.home import Home
from tests.support.stranger import Document, Person

FOR_EVER = 3_600.0


@pytest.fixture
async def followed(here: Home, ana: Person, alice: ActorView) -> Person:
    await here.follow(alice, await known(here, ana))
    return ana


def posts(by: Person, count: int) -> list[tuple[Person, Document]]:
    return [(by, by.server.activity(by, "Create", by.server.note(by))) for _ in range(count)]


async def crowd(here: Home, by: Person) -> Counted:
    """Where three came at once, so more than one in some unit."""
    point = Counted(here, held=True)
    sending = asyncio.create_task(statuses(here, *posts(by, 3)))
    await point.has_come(3)
    point.release()
    assert await sending == [202] * 3
    await point.comes_to_rest()
    return point


async def test_whoever_comes_alone_waits_for_nothing(
    here: Home, followed: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "PAUSE", FOR_EVER)
    point = Counted(here)
    async with asyncio.timeout(ENOUGH):
        for one in posts(followed, 3):
            assert await statuses(here, one) == [202]
    assert point.units == [1, 1, 1]
    assert point.answers == {True: 3}


async def test_after_a_crowd_posts_gather(
    here: Home, followed: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = await crowd(here, followed)
    for pause in (1.0, 5.0, 20.0):  # in one of which five can come on any machine
        monkeypatch.setattr(together, "PAUSE", pause)
        point._crowded_until += FOR_EVER
        assert await statuses(here, *posts(followed, 5)) == [202] * 5
        if point.units[-1] == 5:
            break
    assert point.units[-1] == 5
    assert point.answers == {True: sum(point.units)}


async def test_when_it_is_quiet_again_nobody_waits(
    here: Home, followed: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "CROWDED", 0.0)
    point = await crowd(here, followed)
    monkeypatch.setattr(together, "PAUSE", FOR_EVER)
    async with asyncio.timeout(ENOUGH):
        assert await statuses(here, *posts(followed, 1)) == [202]
    assert point.units[-1] == 1


async def test_nobody_waits_for_ever_when_the_pause_is_ended(
    here: Home, followed: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = await crowd(here, followed)
    monkeypatch.setattr(together, "PAUSE", FOR_EVER)
    point._crowded_until += FOR_EVER
    async with asyncio.timeout(ENOUGH):
        sending = asyncio.create_task(statuses(here, *posts(followed, 4)))
        await point.has_come(7)
        assert point.in_line == 4
        assert point._storing
        for storing in point._storing:
            storing.cancel()
        assert await sending == [202] * 4
    assert len(await here.rows("posts")) == 7
    assert point.answers == {True: 3, False: 4}, "they went the long way"
