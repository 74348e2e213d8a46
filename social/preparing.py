"""Sound and film that people here uploaded, made ready by a job: it may take seconds.

The bytes lie aside until then, under their hash, and nobody sees them. Running twice does nothing
twice; a file that cannot be shown says why to its owner, for a day.
"""

import asyncio
from functools import partial
from typing import Final

from domain.errors import Invalid, NoRoom
from jobs.queue import Decision, Job, Retry, enqueue
from jobs.worker import Each, Handler
from social import files
from social.archive import Archive, Room, Stored
from social.files import Detail
from storage.database import Database
from storage.queries import files as stored
from storage.queries.files import FileRow
from storage.tx import Tx

PREPARE: Final = "prepare_file"
"""The kind of job."""

TRIES: Final = 5
_AGAIN_MS: Final = 10_000
_LOST: Final = "The file was lost on our side. Please send it again."


def expect(tx: Tx, *, actor_id: int, aside: Stored, detail: Detail, room: Room) -> FileRow:
    """Remember an upload whose bytes lie aside, to be made ready. Raises Invalid or NoRoom."""
    row = files.expect(tx, actor_id=actor_id, aside=aside, detail=detail, room=room)
    enqueue(tx, PREPARE, {"file": row.id})
    return row


def job_handlers(db: Database, archive: Archive) -> dict[str, Handler]:
    """The kind of job, for the worker."""
    return {PREPARE: Each(partial(_run, db, archive), limit=2)}


async def _run(db: Database, archive: Archive, job: Job) -> Decision:
    row = await db.read(stored.by_id, job.payload["file"])
    if row is None or row.is_here or row.trouble:
        return None
    content = await archive.read(row.digest)
    if content is None:
        await db.write(stored.tried, row.id, _LOST)
        return None
    try:
        kept = await archive.keep(content)
    except (Invalid, NoRoom) as problem:
        if isinstance(problem, NoRoom) and job.attempts < TRIES:
            return Retry(_AGAIN_MS)
        await db.write(stored.tried, row.id, problem.message)
    else:
        await db.write(files.ready, file_id=row.id, kept=kept, room=archive.room)
    await _drop(db, archive, row.digest)
    return None


async def _drop(db: Database, archive: Archive, digest: str) -> None:
    """Remove the bytes as they were sent: where a film was made is not kept at all (M02).

    Who sends the same bytes in this very moment is asked to send them again.
    """
    if digest not in await db.read(stored.needed, [digest]):
        await asyncio.to_thread(archive.blobs.drop, digest, young=0.0)
