"""Uploads take turns: what they hold in memory together is bounded, whoever sends them."""

import asyncio
from pathlib import Path

import pytest

from domain.errors import TooMany
from social.archive import ROOM_FOR_UPLOADS, UPLOADS_OF_ONE, Archive
from storage.blobs import Folder


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(Folder(tmp_path))


async def waits(archive: Archive, actor_id: int, size: int | None) -> bool:
    async def take() -> None:
        async with archive.taking_in(actor_id, size):
            pass

    try:
        await asyncio.wait_for(take(), 0.05)
    except TimeoutError:
        return True
    return False


async def test_D17_uploads_wait_for_room(archive: Archive) -> None:
    half = ROOM_FOR_UPLOADS // 2
    async with archive.taking_in(1, half), archive.taking_in(2, half):
        assert await waits(archive, 3, 1)
    assert not await waits(archive, 3, 1)
    assert not await waits(archive, 3, 10 * ROOM_FOR_UPLOADS), "one that is larger comes alone"


async def test_D17_who_does_not_say_how_much_waits_to_be_alone(archive: Archive) -> None:
    async with archive.taking_in(1, 1):
        assert await waits(archive, 2, None)
    async with archive.taking_in(1, None):
        assert await waits(archive, 2, 1)
    assert not await waits(archive, 2, None)


async def test_who_gave_up_holds_nothing(archive: Archive) -> None:
    async with archive.taking_in(1, None):
        for _ in range(UPLOADS_OF_ONE + 1):
            assert await waits(archive, 2, 1)
    for _ in range(UPLOADS_OF_ONE + 1):
        assert not await waits(archive, 2, None)


async def test_one_person_has_few_at_once(archive: Archive) -> None:
    async with archive.taking_in(1, 1), archive.taking_in(1, 1):
        async with archive.taking_in(1, 1), archive.taking_in(1, 1):
            with pytest.raises(TooMany):
                await waits(archive, 1, 1)
        assert not await waits(archive, 1, 1)
