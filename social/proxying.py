"""Pictures of other servers that belong to no post: of people, of emoji, of linked pages.

Browsers and apps of people here ask us for them, so the other server learns of nobody who looks.
They are fetched as anybody, when somebody looks for the first time, drawn anew, and kept for a
while. Pictures of linked pages come with the look at their page and never for a reader: their
server would learn when somebody reads. What is no picture is nothing (security row M09): whatever
its server calls it, no document, page or program comes out of here.
"""

import asyncio
from typing import Final

import structlog

from domain.errors import Invalid, NoRoom, NotFound
from domain.pictures import LARGEST
from federation.fetcher import CannotFetch, Fetcher
from social.archive import Archive, Stored
from social.leftovers import ask_for_room
from storage.queries import proxied
from storage.queries.proxied import ProxiedRow
from storage.tx import Tx

log = structlog.get_logger("social")

REST_MS: Final = 10 * 60_000
"""For how long a picture that could not be had is not asked for again."""

SEEN_EVERY_MS: Final = 3_600_000
"""How exactly we remember when somebody looked: it says nothing about anybody's hours."""

_ON_PAGE: Final = "#linked-page"
# What an address ends in that is a linked page's picture: a person may have the same.

AT_ONCE: Final = 8
"""Pictures that are fetched at the same time."""

ACCEPT: Final = "image/webp, image/png, image/jpeg, image/gif"


def on_page(url: str) -> str:
    """The address of a linked page's picture, as it is kept and named here."""
    return url.partition("#")[0] + _ON_PAGE


class Proxy:
    """Brings pictures of other servers, each of them once. One per process."""

    def __init__(self, fetcher: Fetcher, archive: Archive) -> None:
        self._fetcher = fetcher
        self._archive = archive
        self._room = asyncio.Semaphore(AT_ONCE)
        self._coming: dict[str, asyncio.Task[ProxiedRow]] = {}

    async def picture(self, url: str) -> ProxiedRow:
        """The picture at an address that this node named. Raises NotFound, whatever the reason."""
        db = self._fetcher.db
        row = await db.read(proxied.by_url, url)
        now = self._fetcher.now_ms()
        if row is not None and row.fetched_at is not None:
            if now - row.used_at > SEEN_EVERY_MS:
                await db.write(proxied.used, url)
            return row
        if row is not None and row.tried_at is not None and now - row.tried_at < REST_MS:
            raise NotFound
        if url.endswith(_ON_PAGE):
            raise NotFound
        return await self._once(url)

    async def again(self, url: str) -> ProxiedRow:
        """The same, where its bytes were lost. Raises NotFound."""
        if url.endswith(_ON_PAGE):
            await self._fetcher.db.write(proxied.failed, url)
            raise NotFound
        return await self._once(url)

    async def bring(self, url: str) -> bool:
        """Have a picture here, such as that of a page that is looked at; whether it is."""
        row = await self._fetcher.db.read(proxied.by_url, url)
        if row is not None and row.fetched_at is not None:
            return True
        try:
            await self._once(url)
        except NotFound:
            return False
        return True

    async def _once(self, url: str) -> ProxiedRow:
        task = self._coming.get(url)
        if task is None:
            task = asyncio.ensure_future(self._bring(url))
            self._coming[url] = task
            task.add_done_callback(lambda _: self._coming.pop(url, None))
        return await asyncio.shield(task)

    async def _bring(self, url: str) -> ProxiedRow:
        db = self._fetcher.db
        # Pictures of pages may be on any server but the blocked.
        fetcher = self._fetcher.for_pages if url.endswith(_ON_PAGE) else self._fetcher
        try:
            async with self._room:
                content = await fetcher.content(url, accept=ACCEPT, cap=LARGEST, signed=False)
                drawn = await self._archive.draw(content)
        except (CannotFetch, Invalid, NoRoom) as problem:
            reason = problem.reason if isinstance(problem, CannotFetch) else type(problem).__name__
            log.info("picture not brought", reason=reason)
            await db.write(proxied.failed, url)
            raise NotFound from None
        return await db.write(_came, url=url, drawn=drawn, cache=self._archive.room.cache)


def _came(tx: Tx, *, url: str, drawn: Stored, cache: int) -> ProxiedRow:
    row = proxied.came(tx, url, digest=drawn.digest, media_type=drawn.media_type, size=drawn.size)
    ask_for_room(tx, cache)
    return row
