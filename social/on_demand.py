"""Pictures, films and sounds that people elsewhere attached, fetched when somebody here looks.

Who may read the post was asked before; the author's server is asked as somebody who may read it,
and as anybody where everybody may. The bytes are kept for a while and let go (`social/leftovers`);
the row stays, so the next reader brings them again. All is drawn anew or packed anew (security rows
M01, M02, M09).
"""

import asyncio
from hashlib import sha256
from typing import Final

import structlog
from msgspec import Struct
from msgspec.structs import asdict

from activitypub.parse.fields import origin_of
from domain.audience import Kind
from domain.errors import Invalid, NoRoom, NotFound
from domain.filetypes import LARGEST, Form, form_of
from federation.fetcher import CannotFetch, Fetcher
from social import copies, leftovers
from social.archive import Archive, Kept
from storage.queries import files, posts
from storage.queries.files import FileRow
from storage.tx import Tx

log = structlog.get_logger("social")

REST_MS: Final = 10 * 60_000
"""For how long a file that could not be had is not asked for again."""

SEEN_EVERY_MS: Final = 3_600_000
AT_ONCE: Final = 4
"""Files that are fetched at the same time."""

_TOO_LARGE: Final = "larger than the cap"
_LARGE: Final = "too large"
_UNFIT: Final = "not of a kind that is shown"


class _Errand(Struct, frozen=True):
    """Whom to ask for a file, and as whom; `as_actor` None is this node, if it signs at all."""

    origin: str
    as_actor: int | None
    signed: bool


class OnDemand:
    """Brings what belongs to posts of other servers, each file once. One per process."""

    def __init__(self, fetcher: Fetcher, archive: Archive) -> None:
        self._fetcher = fetcher
        self._archive = archive
        self._room = asyncio.Semaphore(AT_ONCE)
        self._coming: dict[int, asyncio.Task[FileRow]] = {}

    async def here(self, file: FileRow) -> FileRow:
        """The file with its bytes, for somebody who may see it. Raises NotFound."""
        now = self._fetcher.now_ms()
        if file.is_here:
            if file.used_at is None or now - file.used_at > SEEN_EVERY_MS:
                await self._fetcher.db.write(files.used, file.id)
            return file
        if file.trouble or (file.tried_at is not None and now - file.tried_at < REST_MS):
            raise NotFound
        task = self._coming.get(file.id)
        if task is None:
            task = asyncio.ensure_future(self._bring(file))
            self._coming[file.id] = task
            task.add_done_callback(lambda _: self._coming.pop(file.id, None))
        return await asyncio.shield(task)

    async def _bring(self, file: FileRow) -> FileRow:
        db = self._fetcher.db
        try:
            async with self._room:
                errand = await db.read(_errand, file)
                kept = await self._kept(file, await self._fetched(file, errand))
        except CannotFetch as problem:
            log.info("file not brought", reason=problem.reason)
            await db.write(_failed, file=file, trouble=_trouble(problem))
            raise NotFound from None
        except Invalid:
            log.info("file not brought", reason=_UNFIT)
            await db.write(_failed, file=file, trouble=_UNFIT)
            raise NotFound from None
        except NoRoom:
            await db.write(_failed, file=file, trouble="")
            raise NotFound from None
        found = await db.write(_came, file=file, kept=kept, cache=self._archive.room.cache)
        if found is None:
            raise NotFound
        return found

    async def _fetched(self, file: FileRow, errand: _Errand | None) -> bytes:
        if errand is None or file.source is None:
            raise CannotFetch("nobody here may ask for it")
        # Another server than the author's is asked as anybody: whoever wrote the address must not
        # get by our copy what that third server shows to us alone.
        at_home = errand.signed and origin_of(file.source) == errand.origin
        return await self._fetcher.content(
            file.source,
            as_actor_id=errand.as_actor,
            accept=copies.ACCEPT[form_of(file.media_type) or Form.PICTURE],
            cap=LARGEST[form_of(file.media_type) or Form.PICTURE],
            signed=at_home,
            deadline=copies.DEADLINE,
        )

    async def _kept(self, file: FileRow, content: bytes) -> Kept:
        """Any server can tell a hash: that its bytes have it makes them no safer."""
        if file.sha256 and sha256(content).hexdigest() != file.sha256:
            raise Invalid("other bytes than the author told")
        return await self._archive.keep(content, file.name, papers_too=bool(file.sha256))


def _trouble(problem: CannotFetch) -> str:
    """Why a file is a link from now on; nothing for what may come another time."""
    if _TOO_LARGE in problem.reason:
        return _LARGE
    return "" if problem.gone or problem.later else leftovers.NOT_GIVEN


def _errand(tx: Tx, file: FileRow) -> _Errand | None:
    row = posts.by_id(tx, file.post_id or 0)
    if row is None or row.deleted_at is not None:
        return None
    if row.kind is Kind.PUBLIC:
        return _Errand("", None, signed=False)
    asker = copies.asker(tx, row)
    return None if asker is None else _Errand(*asker, signed=True)


def _came(tx: Tx, *, file: FileRow, kept: Kept, cache: int) -> FileRow | None:
    """Its bytes are here; if it looks other than its server said, its post is shown anew."""
    files.fetched(tx, file.id, asdict(kept), on_demand=True)
    now = files.by_id(tx, file.id)
    if now is not None and _shown(now) != _shown(file) and file.post_id is not None:
        posts.touch(tx, file.post_id)
    leftovers.ask_for_room(tx, cache)
    return now


def _shown(file: FileRow) -> tuple[object, ...]:
    shape = (file.width, file.height, file.blurhash, file.duration)
    return (file.media_type, bool(file.preview), *shape)


def _failed(tx: Tx, *, file: FileRow, trouble: str) -> None:
    files.tried(tx, file.id, trouble)
    if trouble and file.post_id is not None:
        posts.touch(tx, file.post_id)  # shown as a link from now on
