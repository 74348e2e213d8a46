"""Files of people here: what one may hold, what is cleared away, and what must not be."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from domain.audience import Audience
from domain.errors import Invalid, NoRoom, NotFound
from social import files, leftovers, storing
from social.archive import Archive, Kept, Room
from social.files import Detail
from storage.blobs import Folder
from storage.database import Database
from storage.queries import erasing, posts
from storage.queries import files as stored
from storage.tables.files import files as table
from storage.tx import Tx
from tests.support.factories import add_node, add_person, add_post
from tests.support.pictures import picture

_COUNT = select(func.count(table.c.id))


def kept(name: str = "a", size: int = 1000) -> Kept:
    return Kept(name * 64, name * 64, "image/jpeg", size, 4, 3, "")


@pytest.fixture
def ana(tx: Tx) -> int:
    add_node(tx)
    return add_person(tx, "ana")


@pytest.mark.both
def test_M12_nobody_holds_more_than_a_share(tx: Tx, ana: int) -> None:
    room = Room(one=2500)
    post = add_post(tx, ana, Audience.public())
    first = files.add(tx, actor_id=ana, kept=kept(), room=room)
    files.attach(tx, actor_id=ana, post_id=post, file_ids=[first.id])
    files.add(tx, actor_id=ana, kept=kept("b", 1500), room=room)
    with pytest.raises(NoRoom):
        files.add(tx, actor_id=ana, kept=kept("c", 1), room=room)
    bo = add_person(tx, "bo")
    files.add(tx, actor_id=bo, kept=kept("c", 2500), room=room)


@pytest.mark.both
def test_M12_all_together_hold_no_more_than_the_node_has(tx: Tx, ana: int) -> None:
    room, bo = Room(one=0, all=2500), add_person(tx, "bo")
    files.add(tx, actor_id=ana, kept=kept(size=1500), room=room)
    with pytest.raises(NoRoom):
        files.add(tx, actor_id=bo, kept=kept(size=1001), room=room)
    files.add(tx, actor_id=bo, kept=kept(size=1000), room=room)


@pytest.mark.both
async def test_M12_many_uploads_at_once_fill_a_share_exactly(database: Database) -> None:
    ana = await database.write(_person)
    room = Room(one=10_000)

    async def one() -> bool:
        try:
            await database.write(files.add, actor_id=ana, kept=kept(size=700), room=room)
        except NoRoom:
            return False
        return True

    done = await asyncio.gather(*(one() for _ in range(100)))
    assert sum(done) == 14
    assert await database.read(stored.held_by, ana) == 9_800


@pytest.mark.both
def test_M07_only_ones_own_unused_files_are_attached(tx: Tx, ana: int) -> None:
    bo = add_person(tx, "bo")
    mine, hers = files.add(tx, actor_id=ana, kept=kept()), files.add(tx, actor_id=bo, kept=kept())
    post = add_post(tx, ana, Audience.public())
    files.attach(tx, actor_id=ana, post_id=post, file_ids=[mine.id])
    for wrong in (hers.id, mine.id, 77):
        with pytest.raises(Invalid):
            files.attach(tx, actor_id=ana, post_id=post, file_ids=[wrong])
    assert [file.id for file in stored.of_post(tx, post)] == [mine.id]
    with pytest.raises(NotFound):
        files.describe(tx, actor_id=ana, file_id=mine.id, detail=Detail("x"))


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [("", ""), ("0,0", ""), ("0.5,-1", "0.5,-1"), (" 1 , 1 ", "1,1"), ("-0.25,0", "-0.25,0")],
)
def test_a_point_is_two_numbers(sent: str, wanted: str) -> None:
    assert files.clean_focus(sent) == wanted


@pytest.mark.parametrize("sent", ["1", "1,2", "a,b", "nan,0", "inf,0", "0,0,0", "0;0", ","])
def test_anything_else_is_none(sent: str) -> None:
    with pytest.raises(Invalid):
        files.clean_focus(sent)


# Clearing away.


def _person(tx: Tx) -> int:
    add_node(tx)
    return add_person(tx, "ana")


def _count(tx: Tx) -> int:
    return tx.scalar(_COUNT) or 0


HOUR = leftovers.HOUR_MS


@pytest.mark.both
async def test_uploads_that_were_not_posted_go_after_a_day(
    database: Database, tmp_path: Path
) -> None:
    archive = Archive(Folder(tmp_path))
    ana = await database.write(_person)
    made = await archive.keep(picture())
    row = await database.write(files.add, actor_id=ana, kept=made)
    early, late = row.created_at + 23 * HOUR, row.created_at + 25 * HOUR
    assert await leftovers.clear(database, archive, now=early, young=0) == 0
    assert await database.read(_count) == 1
    assert await leftovers.clear(database, archive, now=late, young=0) == 2
    assert await database.read(_count) == 0
    assert list(archive.blobs.names()) == []


@pytest.mark.both
async def test_bytes_that_a_row_needs_stay(database: Database, tmp_path: Path) -> None:
    archive = Archive(Folder(tmp_path))
    ana = await database.write(_person)
    made = await archive.keep(picture())
    loose, used = [await database.write(files.add, actor_id=ana, kept=made) for _ in range(2)]
    post = await database.write(lambda tx: add_post(tx, ana, Audience.public()))
    await database.write(files.attach, actor_id=ana, post_id=post, file_ids=[used.id])
    orphan = await archive.keep(picture("PNG"))
    assert await leftovers.clear(database, archive, now=loose.created_at, young=3600) == 0
    late = loose.created_at + 25 * HOUR
    assert await leftovers.clear(database, archive, now=late, young=0) == 2, (
        "the orphan and its preview"
    )
    assert not archive.blobs.has(orphan.digest)
    assert archive.blobs.has(used.digest)
    assert archive.blobs.has(used.preview)
    assert await database.read(_count) == 1


@pytest.mark.both
async def test_files_of_deleted_posts_go_with_their_words(
    database: Database, tmp_path: Path
) -> None:
    archive = Archive(Folder(tmp_path))
    ana = await database.write(_person)
    made = await archive.keep(picture())
    row = await database.write(files.add, actor_id=ana, kept=made)
    post = await database.write(lambda tx: add_post(tx, ana, Audience.public()))
    await database.write(files.attach, actor_id=ana, post_id=post, file_ids=[row.id])
    await database.write(_remove, post)
    soon, late = row.created_at + 29 * 24 * HOUR, row.created_at + 31 * 24 * HOUR
    assert await leftovers.clear(database, archive, now=soon, young=0) == 0
    assert await leftovers.clear(database, archive, now=late, young=0) == 2
    assert await database.read(_count) == 0


def _remove(tx: Tx, post_id: int) -> None:
    row = posts.by_id(tx, post_id)
    assert row is not None
    storing.remove(tx, row)


@pytest.mark.both
def test_a_purge_takes_the_files_too(tx: Tx, ana: int) -> None:
    post = add_post(tx, ana, Audience.public())
    row = files.add(tx, actor_id=ana, kept=kept())
    files.attach(tx, actor_id=ana, post_id=post, file_ids=[row.id])
    _remove(tx, post)
    erasing.erase(tx, [post])
    assert stored.by_id(tx, row.id) is None
