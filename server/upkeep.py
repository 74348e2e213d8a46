"""What is tidied in the background: what is over (codes, links, sessions, limits), homes, files."""

from typing import Final

from jobs.queue import Decision, Job
from jobs.schedule import Every
from jobs.worker import Each, Handler
from social import leftovers, tidying
from social.archive import Archive
from storage.database import Database, now_ms
from storage.queries import accounts, links, pushes, tokens
from storage.tx import Tx

SWEEP: Final = "sweep_accounts"
SWEEP_EVERY_MS: Final = 3600 * 1000
TIDY: Final = "tidy"
TIDY_EVERY_MS: Final = 24 * 3600 * 1000
CLEAR: Final = "clear_files"
CLEAR_EVERY_MS: Final = 3600 * 1000
CODE_MEMORY_MS: Final = 24 * 3600 * 1000
"""How long a used code is remembered: longer than anybody would send it again by mistake."""


def job_handlers(db: Database, archive: Archive) -> dict[str, Handler]:
    """The kinds of job that tidy up, for the worker."""

    async def sweep_accounts(_job: Job) -> Decision:
        await db.write(sweep)
        return None

    async def tidy(_job: Job) -> Decision:
        await tidying.tidy(db, now=now_ms())
        return None

    async def clear_files(_job: Job) -> Decision:
        await leftovers.clear(db, archive, now=now_ms())
        return None

    async def make_room(_job: Job) -> Decision:
        await leftovers.make_room(db, archive)
        return None

    return {
        SWEEP: Each(sweep_accounts),
        TIDY: Each(tidy),
        CLEAR: Each(clear_files),
        leftovers.MAKE_ROOM: Each(make_room),
    }


def schedule() -> list[Every]:
    """What happens again and again."""
    return [Every(SWEEP, SWEEP_EVERY_MS), Every(TIDY, TIDY_EVERY_MS), Every(CLEAR, CLEAR_EVERY_MS)]


def sweep(tx: Tx) -> None:
    """Drop rows that refuse and allow nothing any more."""
    tokens.sweep_codes(tx, tx.now - CODE_MEMORY_MS)
    tokens.sweep_sessions(tx)
    pushes.sweep(tx)
    links.sweep(tx)
    accounts.sweep_attempts(tx)
