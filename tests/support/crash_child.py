"""Writes until it is killed; prints every number that was acknowledged as stored."""

import asyncio
import os
import sys

from storage.database import Database
from storage.tx import Tx
from tests.support import notes

CALLERS = 32


def pair(tx: Tx, number: int) -> None:
    """Store two notes that belong together; every seventh pair fails half-way."""
    notes.add(tx, 2 * number)
    if number % 7 == 0:
        raise LookupError
    notes.add(tx, 2 * number + 1)


async def caller(db: Database, number: int) -> None:
    while True:
        try:
            await db.write(pair, number)
        except LookupError:
            number += CALLERS
            continue
        os.write(1, f"{number}\n".encode())
        number += CALLERS


async def main(url: str, start: int) -> None:
    db = await Database.open(url)
    await asyncio.gather(*(caller(db, start + n) for n in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
