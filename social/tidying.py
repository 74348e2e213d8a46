"""Once a day: homes of people who stay away, words that were deleted, keys of who left."""

from typing import Final

from social.departures import KEYS_STAY_MS, erase_keys
from social.timelines import DAY_MS, tidy_homes
from storage.database import Database
from storage.queries import erasing, idempotency
from storage.queries.departures import old

ERASED_AFTER_DAYS: Final = 30
"""For how long deleted words are kept, out of everybody's sight (design §5)."""

_AT_ONCE: Final = 200


async def tidy(db: Database, *, now: int) -> None:
    """Do all of it; `now` in ms. Doing it again changes nothing."""
    await tidy_homes(db)
    await erase_deleted(db, now=now)
    await db.write(idempotency.sweep)
    await _erase_keys(db, now=now)


async def _erase_keys(db: Database, *, now: int) -> None:
    """Of people who left long ago: nothing of theirs waits to be signed any more."""
    while ids := await db.slow(old, now - KEYS_STAY_MS, _AT_ONCE):
        await db.write(erase_keys, ids)


async def erase_deleted(db: Database, *, now: int) -> int:
    """Erase what was deleted thirty days ago; how many posts."""
    before = now - ERASED_AFTER_DAYS * DAY_MS
    erased = 0
    while ids := await db.slow(erasing.due, before, _AT_ONCE):
        await db.write(erasing.erase, ids)
        erased += len(ids)
    return erased
