"""Two units of work of which the second begins before the first is stored, without any luck."""

import asyncio
import threading
import time
from collections.abc import Callable

from storage.database import Database
from storage.tx import Tx


async def overlapping(
    database: Database, first: Callable[[Tx], object], second: Callable[[Tx], object]
) -> None:
    """Run both; on SQLite, which has one writer, the second waits for the first."""
    begun = threading.Event()

    def slowly(tx: Tx) -> None:
        first(tx)
        begun.set()
        time.sleep(0.2)

    async def then() -> None:
        await asyncio.to_thread(begun.wait, 10)
        await database.write(second)

    await asyncio.gather(database.write(slowly), then())
