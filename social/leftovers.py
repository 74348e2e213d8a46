"""Files that nobody needs any more: never posted, of posts long deleted, copies that never came.

First the rows go, then the bytes that no row names. A killed process leaves nothing behind for
longer than until the next round.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from social.archive import Archive
from storage.database import Database
from storage.queries import files
from storage.tx import Tx

HOUR_MS: Final = 3_600_000
LOOSE_HOURS: Final = 24
"""For how long an upload waits to be posted."""

LATE_HOURS: Final = 48
"""After which a copy that did not come is given up."""

ERASED_HOURS: Final = 30 * 24
"""For how long files of deleted posts are kept, out of everybody's sight (design §5)."""

_AT_ONCE: Final = 500

_OVER: Final[tuple[tuple[Callable[[Tx, int, int], list[int]], int], ...]] = (
    (files.loose, LOOSE_HOURS),
    (files.never_came, LATE_HOURS),
    (files.of_deleted, ERASED_HOURS),
)


async def clear(db: Database, archive: Archive, *, now: int, young: float | None = None) -> int:
    """Remove rows and bytes that are over; how many blobs. `now` in ms.

    `young`: seconds for which a blob without a row is left alone, if not the usual.
    """
    for find, hours in _OVER:
        while ids := await db.slow(find, now - hours * HOUR_MS, _AT_ONCE):
            await db.write(files.forget, ids)
    names = await asyncio.to_thread(lambda: list(archive.blobs.names()))
    dropped = 0
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        unneeded = set(some) - await db.slow(files.needed, some)
        for name in unneeded:
            dropped += await asyncio.to_thread(_drop, archive, name, young)
    return dropped


def _drop(archive: Archive, name: str, young: float | None) -> bool:
    return archive.blobs.drop(name) if young is None else archive.blobs.drop(name, young=young)
