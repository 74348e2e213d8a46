"""Once a day: homes of people who stay away, words that were deleted, keys of who left."""

from typing import Final

from social.departures import KEYS_STAY_MS, erase_keys
from social.imports import KEPT_DAYS
from social.timelines import DAY_MS, tidy_homes
from storage.database import Database
from storage.queries import (
    announcements,
    erasing,
    held_back,
    idempotency,
    imports,
    link_previews,
    mutes,
    scheduled,
)
from storage.queries.departures import old

ERASED_AFTER_DAYS: Final = 30
"""For how long deleted words are kept, out of everybody's sight (design §5)."""

OVERDUE_DAYS: Final = 30
"""For how long words wait past their moment, of whoever could not come in then."""

HELD_DAYS: Final = 30
"""For how long waits what a person's own policy holds back, and they never asked for."""

_AT_ONCE: Final = 200
_LINES_AT_ONCE: Final = 500


async def tidy(db: Database, *, now: int) -> None:
    """Do all of it; `now` in ms. Doing it again changes nothing."""
    await tidy_homes(db)
    await erase_deleted(db, now=now)
    await db.write(idempotency.sweep)
    await db.write(mutes.drop_over)
    await let_go(db, now=now)
    await _forget_imports(db, now=now)
    await _erase_keys(db, now=now)
    await _forget_previews(db, now=now)
    await _forget_overdue(db, now=now)
    await _forget_announcements(db, now=now)


async def _forget_imports(db: Database, *, now: int) -> None:
    """Lists that people brought along, once they had time to see what became of them."""
    while ids := await db.slow(imports.over, now - KEPT_DAYS * DAY_MS, _AT_ONCE):
        for import_id in ids:
            while await db.write(imports.drop_some, import_id, _LINES_AT_ONCE):
                pass


async def _erase_keys(db: Database, *, now: int) -> None:
    """Of people who left long ago: nothing of theirs waits to be signed any more."""
    while ids := await db.slow(old, now - KEYS_STAY_MS, _AT_ONCE):
        await db.write(erase_keys, ids)


async def _forget_previews(db: Database, *, now: int) -> None:
    """Of pages to which no post links any more."""
    while ids := await db.slow(link_previews.unused, now - DAY_MS, _AT_ONCE):
        await db.write(link_previews.forget, ids)


async def _forget_overdue(db: Database, *, now: int) -> None:
    """Of who was kept out at its moment, and did not choose another since."""
    while ids := await db.slow(scheduled.overdue, now - OVERDUE_DAYS * DAY_MS, _AT_ONCE):
        await db.write(scheduled.forget_some, ids)


async def _forget_announcements(db: Database, *, now: int) -> None:
    """What was announced and is long over: its words, and who had read it or reacted."""
    for number in await db.read(announcements.over, now - ERASED_AFTER_DAYS * DAY_MS):
        await db.write(announcements.remove, number)


async def erase_deleted(db: Database, *, now: int) -> int:
    """Erase what was deleted thirty days ago; how many posts."""
    before = now - ERASED_AFTER_DAYS * DAY_MS
    erased = 0
    while ids := await db.slow(erasing.due, before, _AT_ONCE):
        await db.write(erasing.erase, ids)
        erased += len(ids)
    return erased


async def let_go(db: Database, *, now: int) -> None:
    """Let go what was held back thirty days ago, and requests of which nothing is left."""
    before = now - HELD_DAYS * DAY_MS
    while ids := await db.slow(held_back.old, before, _AT_ONCE):
        await db.write(held_back.let_go, ids)
    await db.write(held_back.drop_empty, before)
