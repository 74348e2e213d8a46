"""Files that nobody needs any more: never posted, of posts long deleted, copies that never came.

First the rows go, then the bytes that no row names. A killed process leaves nothing behind for
longer than until the next round.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from jobs.queue import enqueue
from social.archive import Archive
from storage.database import Database
from storage.queries import files, leftover_files, posts, proxied
from storage.tx import Tx

HOUR_MS: Final = 3_600_000
LOOSE_HOURS: Final = 24
"""For how long an upload waits to be posted."""

LATE_HOURS: Final = 48
"""After which a copy that did not come is given up."""

ERASED_HOURS: Final = 30 * 24
"""For how long files of deleted posts are kept, out of everybody's sight (design §5)."""

UNSEEN_HOURS: Final = 90 * 24
"""For how long what can be fetched again is kept although nobody looks at it."""

NOT_GIVEN: Final = "not given"
"""Why a file is a link, if its server is none that we ask, or did not give it: that may change."""

FORGIVEN_HOURS: Final = 24
MAKE_ROOM: Final = "make_room"
"""The kind of job that lets go what was not looked at for longest."""

_AT_ONCE: Final = 500

_Find = Callable[[Tx, int, int], list[int]]
_Forget = Callable[[Tx, list[int], int], None]


def _forget(tx: Tx, ids: list[int], _before: int) -> None:
    files.forget(tx, ids)


# What was found may be posted, or come, before it is forgotten: that is asked again there.
_OVER: Final[tuple[tuple[_Find, _Forget, int], ...]] = (
    (leftover_files.loose, leftover_files.forget_loose, LOOSE_HOURS),
    (leftover_files.never_came, leftover_files.forget_late, LATE_HOURS),
    (leftover_files.of_deleted, _forget, ERASED_HOURS),
)


async def clear(db: Database, archive: Archive, *, now: int, young: float | None = None) -> int:
    """Remove rows and bytes that are over; how many blobs. `now` in ms.

    `young`: seconds for which a blob without a row is left alone, if not the usual.
    """
    for find, forget, hours in _OVER:
        before = now - hours * HOUR_MS
        while ids := await db.slow(find, before, _AT_ONCE):
            await db.write(forget, ids, before)
    await make_room(db, archive, now=now)
    while await db.write(_forgive, now - FORGIVEN_HOURS * HOUR_MS):
        pass
    names = await asyncio.to_thread(lambda: list(archive.blobs.names()))
    dropped = 0
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        unneeded = set(some) - await db.slow(files.needed, some)
        for name in unneeded:
            dropped += await asyncio.to_thread(_drop, archive, name, young)
    return dropped


def _forgive(tx: Tx, before: int) -> bool:
    """Show some files again that were not given a while ago; whether there were any."""
    found = files.forgive(tx, NOT_GIVEN, before, _AT_ONCE)
    for post_id in found:
        posts.touch(tx, post_id)
    return bool(found)


async def make_room(db: Database, archive: Archive, *, now: int = 0) -> int:
    """Let go what can be fetched again, longest unseen first, until it fits; how many bytes.

    `now` in ms: also what nobody looked at for very long.
    """
    freed = 0
    quota = archive.room.cache
    while True:
        count, size, names = await db.write(
            _let_go, quota=quota, before=now - UNSEEN_HOURS * HOUR_MS
        )
        if not count:
            return freed
        freed += size
        for name in names - await db.slow(files.needed, names):
            await asyncio.to_thread(archive.blobs.drop, name)


def _let_go(tx: Tx, *, quota: int, before: int) -> tuple[int, int, set[str]]:
    """Some of what is over: how many, their bytes, and the blobs that they named."""
    over = files.cached(tx) + proxied.held(tx) - quota if quota else 0
    attached, others = files.oldest_cached(tx, _AT_ONCE), proxied.oldest(tx, _AT_ONCE)
    freed = 0
    gone: list[files.Cached | proxied.Cached] = []
    found: list[files.Cached | proxied.Cached] = [*attached, *others]
    for each in sorted(found, key=lambda one: one.used_at):
        if freed >= over and each.used_at > before:
            break
        freed += each.size
        gone.append(each)
    files.let_go(tx, [each.id for each in gone if isinstance(each, files.Cached)])
    proxied.forget(tx, [each.key for each in gone if isinstance(each, proxied.Cached)])
    previews = {each.preview for each in gone if isinstance(each, files.Cached)}
    return len(gone), freed, ({each.digest for each in gone} | previews) - {""}


def ask_for_room(tx: Tx, quota: int) -> None:
    """Have a job make room if there is more than fits."""
    if quota and files.cached(tx) + proxied.held(tx) > quota:
        enqueue(tx, MAKE_ROOM, {}, unique=MAKE_ROOM)


def _drop(archive: Archive, name: str, young: float | None) -> bool:
    return archive.blobs.drop(name) if young is None else archive.blobs.drop(name, young=young)
