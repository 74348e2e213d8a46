"""Where pictures are made ready and kept, beside the event loop and before any write.

Unpacking a picture takes memory and time, so few are worked on at once, whoever sends them.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar

from msgspec import Struct

from domain.errors import NoRoom, TooMany
from domain.pictures import Picture, looked_at, redrawn
from storage.blobs import Blobs, DiskFull

T = TypeVar("T")

AT_ONCE: Final = 2
"""Pictures that are unpacked at the same time."""

UPLOADS: Final = 12
"""Uploads whose bytes are in memory at the same time."""

UPLOADS_OF_ONE: Final = 4
"""Those of one person: nobody keeps the others waiting."""


class Kept(Struct, frozen=True):
    """A picture whose bytes are on the disk; its row may be stored."""

    digest: str
    preview: str
    media_type: str
    size: int
    width: int
    height: int
    blurhash: str


class Archive:
    """The node's blobs, and the threads in which pictures are drawn. One per process."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs: Final = blobs
        self._uploading = asyncio.Semaphore(UPLOADS)
        self._of_one: Counter[int] = Counter()
        self._threads = ThreadPoolExecutor(AT_ONCE, "pictures")

    @asynccontextmanager
    async def taking_in(self, actor_id: int) -> AsyncIterator[None]:
        """Hold a place for the bytes of somebody's upload. Raises TooMany."""
        if self._of_one[actor_id] >= UPLOADS_OF_ONE:
            raise TooMany("Please wait until your other pictures are here", retry_after=5)
        self._of_one[actor_id] += 1
        try:
            async with self._uploading:
                yield
        finally:
            self._of_one[actor_id] -= 1
            if not self._of_one[actor_id]:
                del self._of_one[actor_id]

    async def keep(self, content: bytes) -> Kept:
        """Draw an upload anew and keep it. Raises Invalid or NoRoom."""
        return await self._work(partial(self._keep, redrawn, content))

    async def keep_copy(self, content: bytes) -> Kept:
        """Keep another node's picture as it is. Raises Invalid or NoRoom."""
        return await self._work(partial(self._keep, looked_at, content))

    async def read(self, digest: str) -> bytes | None:
        """The bytes of a blob; None if they are not here."""
        return await asyncio.to_thread(self.blobs.read, digest)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _work(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _keep(self, make: Callable[[bytes], Picture], content: bytes) -> Kept:
        made = make(content)
        try:
            digest, preview = self.blobs.put(made.content), self.blobs.put(made.preview)
        except DiskFull:
            raise NoRoom from None
        size = len(made.content) + len(made.preview)
        shape = (made.width, made.height, made.blurhash)
        return Kept(digest, preview, made.media_type, size, *shape)
