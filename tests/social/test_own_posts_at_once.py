"""Posts for later and files that two units of work reach for at once: one of them has them."""

from collections.abc import Callable
from contextlib import suppress

import msgspec
import pytest

from domain.errors import Invalid, NotFound
from social import files, posts, scheduling
from social.archive import Kept
from social.placing import Draft
from social.posts import Change
from storage.database import Database
from storage.queries import files as stored
from storage.queries import leftover_files, scheduled
from storage.queries import posts as rows
from storage.tx import Tx
from tests.support.factories import NODE, add_node, add_person
from tests.support.overlapping import overlapping

pytestmark = pytest.mark.both

HOUR = 3_600_000


class Waiting:
    """A post of Ana's that waits, and what became of it."""

    def __init__(self, db: Database, ana: int, made: int, due: int) -> None:
        self.db, self.ana, self.made, self.due = db, ana, made, due
        self.came_out: int | None = None
        self.refused = False

    def job(self, tx: Tx) -> None:
        self.came_out = scheduling.come_out(tx, node=NODE, scheduled_id=self.made, due_at=self.due)

    def move(self, tx: Tx) -> None:
        self._try(
            lambda: scheduling.reschedule(
                tx, author_id=self.ana, scheduled_id=self.made, due_at=self.due + HOUR
            )
        )

    def cancel(self, tx: Tx) -> None:
        self._try(lambda: scheduling.cancel(tx, author_id=self.ana, scheduled_id=self.made))

    def _try(self, what: Callable[[], object]) -> None:
        try:
            what()
        except NotFound:
            self.refused = True

    async def waits_until(self) -> int | None:
        row = await self.db.read(scheduled.by_id, self.made)
        return None if row is None else row.due_at


@pytest.fixture
async def waiting(database: Database) -> Waiting:
    def fill(tx: Tx) -> tuple[int, int, int]:
        add_node(tx)
        ana, due = add_person(tx, "ana"), tx.now + HOUR
        draft = Draft("good morning")
        made = scheduling.schedule(tx, node=NODE, author_id=ana, draft=draft, due_at=due)
        return ana, made, due

    return Waiting(database, *await database.write(fill))


async def test_what_was_moved_does_not_appear_at_its_old_moment(waiting: Waiting) -> None:
    await overlapping(waiting.db, waiting.move, waiting.job)
    assert (waiting.refused, waiting.came_out) == (False, None)
    assert await waiting.waits_until() == waiting.due + HOUR


async def test_nobody_is_told_that_what_appears_was_moved(waiting: Waiting) -> None:
    await overlapping(waiting.db, waiting.job, waiting.move)
    assert waiting.refused
    assert waiting.came_out is not None
    assert await waiting.waits_until() is None


async def test_nobody_is_told_that_what_appears_was_deleted(waiting: Waiting) -> None:
    await overlapping(waiting.db, waiting.job, waiting.cancel)
    assert waiting.refused
    assert waiting.came_out is not None


async def test_what_was_deleted_does_not_appear(waiting: Waiting) -> None:
    await overlapping(waiting.db, waiting.cancel, waiting.job)
    assert (waiting.refused, waiting.came_out) == (False, None)
    assert await waiting.waits_until() is None


def upload(tx: Tx, owner: int, number: int) -> int:
    blank = {each.name: "" if each.type is str else 0 for each in msgspec.structs.fields(Kept)}
    known = {"digest": f"d{number}", "media_type": "image/png", "size": 10}
    return files.add(tx, actor_id=owner, kept=Kept(**blank | known)).id  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["owner", "sweep"])
async def test_a_picture_stays_on_the_post_that_was_just_made(database: Database, by: str) -> None:
    def fill(tx: Tx) -> tuple[int, int]:
        add_node(tx)
        ana = add_person(tx, "ana")
        return ana, upload(tx, ana, 1)

    ana, file = await database.write(fill)
    made: list[int] = []

    def write(tx: Tx) -> None:
        draft = Draft("look", media_ids=(file,))
        made.append(posts.create_post(tx, node=NODE, author_id=ana, draft=draft).post_id)

    def drop(tx: Tx) -> None:
        if by == "sweep":
            leftover_files.forget_loose(tx, [file], tx.now + HOUR)
        else:
            files.discard(tx, actor_id=ana, file_id=file)

    with suppress(Invalid):
        await overlapping(database, write, drop)
    assert [each.id for each in await database.read(stored.of_post, made[-1])] == [file]


async def test_two_edits_at_once_put_no_more_files_on_a_post_than_one(database: Database) -> None:
    def fill(tx: Tx) -> tuple[int, list[int], int]:
        add_node(tx)
        ana = add_person(tx, "ana")
        made = posts.create_post(tx, node=NODE, author_id=ana, draft=Draft("look")).post_id
        return ana, [upload(tx, ana, number) for number in range(8)], made

    ana, uploads, made = await database.write(fill)

    def edit(text: str, ids: list[int]) -> Callable[[Tx], object]:
        change = Change(text=text, media_ids=tuple(ids))
        return lambda tx: posts.edit_post(tx, node=NODE, author_id=ana, post_id=made, change=change)

    await overlapping(database, edit("one", uploads[:4]), edit("two", uploads[4:]))
    row = await database.read(rows.by_id, made)
    assert row is not None
    assert row.source == "two"
    assert [each.id for each in await database.read(stored.of_post, made)] == uploads[4:]
