"""Where files are made ready and kept, beside the event loop and before any write.

Unpacking a picture takes memory and time, so few are worked on at once, whoever sends them. Sound
and film are handed to a process of their own (`social/film`).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar

from msgspec import Struct

from domain import papers, pictures
from domain.errors import Invalid, NoRoom, TooMany
from domain.filetypes import (
    LARGEST,
    MEGABYTE,
    UNREADABLE,
    Form,
    clean_name,
    form_of,
    sniffed,
)
from domain.pictures import Picture
from social import film
from storage.blobs import Blobs, DiskFull, Part

T = TypeVar("T")

AT_ONCE: Final = 2
"""Pictures that are unpacked at the same time, and as many films."""

ROOM_FOR_UPLOADS: Final = 200 << 20
"""Bytes of uploads that are in memory at the same time, or one that is larger."""

UPLOADS_OF_ONE: Final = 4
"""Uploads of one person at the same time: nobody keeps the others waiting."""

_CALLED: Final = {
    Form.PICTURE: "A picture",
    Form.FILM: "A film",
    Form.SOUND: "A recording",
    Form.PAPER: "A document",
}


class Room(Struct, frozen=True):
    """How much may be kept, in bytes; 0 is as much as there is."""

    one: int = 2 << 30  # of one person's uploads
    all: int = 0  # of everybody's uploads
    cache: int = 5 << 30  # of what can be fetched from other servers again


class Kept(Struct, frozen=True):
    """A file whose bytes are on the disk; its row may be stored. `duration` in ms."""

    digest: str
    preview: str
    media_type: str
    size: int
    width: int
    height: int
    blurhash: str
    duration: int = 0


class Stored(Struct, frozen=True):
    """Bytes on the disk, and what they are."""

    digest: str
    media_type: str
    size: int


class Archive:
    """The node's blobs, and the threads in which files are made ready. One per process."""

    def __init__(self, blobs: Blobs, room: Room = Room()) -> None:  # noqa: B008 - frozen
        self.blobs: Final = blobs
        self.room: Final = room
        self._of_one: Counter[int] = Counter()
        self._taken = 0
        self._freed = asyncio.Condition()
        self._threads = ThreadPoolExecutor(AT_ONCE, "pictures")
        self._slow = ThreadPoolExecutor(AT_ONCE, "films")

    @asynccontextmanager
    async def taking_in(self, actor_id: int, size: int | None = None) -> AsyncIterator[None]:
        """Hold room for the bytes of somebody's upload. Raises TooMany.

        `size`: of the whole request; one that does not say so waits until it is alone.
        """
        if self._of_one[actor_id] >= UPLOADS_OF_ONE:
            raise TooMany("Please wait until your other files are here", retry_after=5)
        wanted = ROOM_FOR_UPLOADS if size is None else min(ROOM_FOR_UPLOADS, size)
        self._of_one[actor_id] += 1
        try:
            async with self._freed:
                await self._freed.wait_for(lambda: self._taken + wanted <= ROOM_FOR_UPLOADS)
                self._taken += wanted
            try:
                yield
            finally:
                async with self._freed:
                    self._taken -= wanted
                    self._freed.notify_all()
        finally:
            self._of_one[actor_id] -= 1
            if not self._of_one[actor_id]:
                del self._of_one[actor_id]

    async def keep(self, content: bytes, name: str = "", *, papers_too: bool = True) -> Kept:
        """Make an upload ready, whatever it is, and keep it. Raises Invalid or NoRoom."""
        media_type = allowed(content, name)
        if not papers_too and form_of(media_type) in {Form.PAPER, None}:
            raise Invalid(UNREADABLE, "file")
        return await self._work(partial(self._keep, content, media_type), media_type)

    async def keep_copy(self, content: bytes, name: str = "") -> Kept:
        """Keep another node's file as it is. Raises Invalid or NoRoom."""
        media_type = allowed(content, name)
        return await self._work(partial(self._keep_copy, content, media_type), media_type)

    async def draw(self, content: bytes) -> Stored:
        """Keep somebody's picture or an emoji, drawn small. Raises Invalid or NoRoom."""
        media_type = allowed(content)
        return await self._work(partial(self._draw, content), media_type)

    async def lay_aside(self, content: bytes) -> str:
        """Keep bytes that are to be made ready later; their name. Raises NoRoom."""
        return await asyncio.to_thread(self._put, content)

    async def read(self, digest: str) -> bytes | None:
        """The bytes of a blob; None if they are not here."""
        return await asyncio.to_thread(self.blobs.read, digest)

    async def part(self, digest: str, start: int, length: int) -> Part | None:
        """Some bytes of a blob, and how many it has; None if it is not here."""
        return await asyncio.to_thread(self.blobs.part, digest, start, length)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._slow.shutdown(wait=False, cancel_futures=True)

    async def _work(self, work: Callable[[], T], media_type: str) -> T:
        is_slow = form_of(media_type) in {Form.FILM, Form.SOUND}
        threads: Executor = self._slow if is_slow else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    def _keep(self, content: bytes, media_type: str) -> Kept:
        form = form_of(media_type)
        if form is Form.PICTURE:
            return self._picture(pictures.redrawn(content))
        if form in {Form.FILM, Form.SOUND}:
            return self._film(content, film.repacked(content, media_type))
        return self._paper(content, media_type)

    def _keep_copy(self, content: bytes, media_type: str) -> Kept:
        form = form_of(media_type)
        if form is Form.PICTURE:
            return self._picture(pictures.looked_at(content))
        if form in {Form.FILM, Form.SOUND}:
            return self._film(content, film.looked_at(content, media_type))
        return self._paper(content, media_type)

    def _draw(self, content: bytes) -> Stored:
        drawn = pictures.drawn_small(content)
        return Stored(self._put(drawn.content), drawn.media_type, len(drawn.content))

    def _picture(self, made: Picture) -> Kept:
        digest, preview = self._put(made.content), self._put(made.preview)
        size = len(made.content) + len(made.preview)
        shape = (made.width, made.height, made.blurhash)
        return Kept(digest, preview, made.media_type, size, *shape)

    def _film(self, content: bytes, made: film.Film) -> Kept:
        kept = content if made.content is None else made.content
        small = pictures.still_of(made.picture) if made.picture else None
        digest = self._put(kept)
        preview = self._put(small.preview) if small else ""
        size = len(kept) + (len(small.preview) if small else 0)
        blurhash = small.blurhash if small else ""
        shape = (made.width, made.height, blurhash, made.duration)
        return Kept(digest, preview, made.media_type, size, *shape)

    def _paper(self, content: bytes, media_type: str) -> Kept:
        media_type = papers.kind_of(content, media_type)
        return Kept(self._put(content), "", media_type, len(content), 0, 0, "")

    def _put(self, content: bytes) -> str:
        try:
            return self.blobs.put(content)
        except DiskFull:
            raise NoRoom from None


def allowed(content: bytes, name: str = "") -> str:
    """What a file is, if it may be attached and is not too large. Raises Invalid."""
    media_type = sniffed(content, name)
    form = form_of(media_type) or Form.PAPER  # an archive: which one is looked at later
    if len(content) > LARGEST[form]:
        raise too_large(form)
    return media_type


def too_large(form: Form) -> Invalid:
    """The sentence for a file that is larger than files of its kind may be."""
    return Invalid(f"{_CALLED[form]} has at most {LARGEST[form] // MEGABYTE} megabytes", "file")


def name_of(kept: Kept, name: str) -> str:
    """What a file is called when it is saved; nothing for what is looked at where it is."""
    return clean_name(name, kept.media_type) if form_of(kept.media_type) is Form.PAPER else ""
