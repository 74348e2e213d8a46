"""Once a day: homes of people who stay away, words that were deleted, keys that are used up."""

from typing import Final

from social.timelines import DAY_MS, tidy_homes
from storage.database import Database
from storage.queries import erasing, idempotency

ERASED_AFTER_DAYS: Final = 30
"""For how long deleted words are kept, out of everybody's sight (design §5)."""

_AT_ONCE: Final = 200


async def tidy(db: Database, *, now: int) -> None:
    """Do all of it; `now` in ms. Doing it again changes nothing."""
    await tidy_homes(db)
    await erase_deleted(db, now=now)
    await db.write(idempotency.sweep)


async def erase_deleted(db: Database, *, now: int) -> int:
    """Erase what was deleted thirty days ago; how many posts."""
    before = now - ERASED_AFTER_DAYS * DAY_MS
    erased = 0
    while ids := await db.slow(erasing.due, before, _AT_ONCE):
        await db.write(erasing.erase, ids)
        erased += len(ids)
    return erased
