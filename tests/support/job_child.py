"""A worker process: runs the jobs of kind `note` until its standard input ends."""

import asyncio
import sys

from jobs.queue import Job
from jobs.worker import Worker
from storage.database import Database
from storage.tx import Tx
from tests.support import notes


def once(tx: Tx, job: Job) -> None:
    """A second run of a finished job breaks the primary key."""
    notes.add(tx, job.payload["number"])


def repeatable(tx: Tx, job: Job) -> None:
    """A second run changes nothing, as it must be where processes are killed."""
    if not tx.all(notes.AMONG, ids=[job.payload["number"]]):
        notes.add(tx, job.payload["number"])


RECORD = {"once": once, "repeatable": repeatable}


async def main(url: str, mode: str) -> None:
    db = await Database.open(url)

    async def note(job: Job) -> None:
        await db.write(RECORD[mode], job)

    lease = 1.0 if mode == "repeatable" else 60.0
    worker = Worker(db, {"note": note}, batch=20, poll_seconds=0.2, lease_seconds=lease)
    running = asyncio.create_task(worker.run())
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await worker.stop()
    await running
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
