"""Files beside posts: pictures that people here attached, and copies of those attached elsewhere.

A row without a post was uploaded and not posted yet, or taken off a post: it is its owner's alone,
for a day. A row without `fetched_at` has no bytes here yet: an upload that is being made ready, a
copy that has not come, or what is fetched on demand, when somebody looks.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

import orjson
from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Select, bindparam, delete, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.filetypes import Form, form_of
from storage.columns import Id, Number, Time, any_of
from storage.queries import portraits, proxied
from storage.tables.files import files
from storage.tx import Tx


class FileRow(Struct, frozen=True, gc=False):
    """One row of `files`, in the order of its columns. Times are ms UTC, sizes bytes or pixels."""

    id: int
    actor_id: int
    post_id: int | None
    position: int
    digest: str
    preview: str
    media_type: str
    size: int
    width: int
    height: int
    blurhash: str
    alt: str
    focus: str
    source: str | None
    community_id: int | None
    created_at: int
    fetched_at: int | None
    name: str = ""
    duration: int = 0
    sha256: str = ""
    on_demand: bool = False
    used_at: int | None = None
    tried_at: int | None = None
    trouble: str = ""
    scheduled_id: int | None = None

    @property
    def is_here(self) -> bool:
        """Whether its bytes are here."""
        return self.fetched_at is not None

    @property
    def is_shown(self) -> bool:
        """Whether readers of its post are told of it."""
        return self.is_here or self.on_demand

    @property
    def is_picture(self) -> bool:
        """Whether it is looked at, rather than played or saved."""
        return form_of(self.media_type) is Form.PICTURE

    @property
    def is_copy(self) -> bool:
        """Whether another server has the original."""
        return self.source is not None


_COLUMNS: Final = tuple(files.c)
_VIEW: Select[*tuple[Any, ...]] = select(*_COLUMNS)
_ID: Final = bindparam("key", type_=Id)
_POST: Final = bindparam("post_id", type_=Id)
_ACTOR: Final = bindparam("actor_id", type_=Id)
_BEFORE: Final = bindparam("before", type_=Time)
_LIMIT: Final = bindparam("limit", type_=Number)
_NOW: Final = bindparam("now", type_=Time)

_INSERT: Final = insert(files).values({column.name: bindparam(column.name) for column in _COLUMNS})
_BY_ID: Final = _VIEW.where(files.c.id == _ID)
_OF_POSTS: Final = _VIEW.where(any_of(files.c.post_id, "ids")).order_by(
    files.c.post_id, files.c.position, files.c.id
)
_UNUSED: Final = _VIEW.where(
    any_of(files.c.id, "ids"),
    files.c.actor_id == _ACTOR,
    files.c.post_id.is_(None),
    files.c.scheduled_id.is_(None),
)
_DISCARD: Final = delete(files).where(
    files.c.id == _ID,
    files.c.actor_id == _ACTOR,
    files.c.post_id.is_(None),
    files.c.scheduled_id.is_(None),
)
_USED_BY: Final = select(files.c.id).where(files.c.id == _ID, files.c.actor_id == _ACTOR)
_WAITING: Final = _VIEW.where(any_of(files.c.scheduled_id, "ids")).order_by(
    files.c.scheduled_id, files.c.position, files.c.id
)
_HOLD: Final = (
    update(files)
    .where(
        files.c.id == _ID,
        files.c.actor_id == _ACTOR,
        files.c.post_id.is_(None),
        files.c.scheduled_id.is_(None),
        files.c.fetched_at.is_not(None),
    )
    .values(
        scheduled_id=bindparam("scheduled_id", type_=Id), position=bindparam("at", type_=Number)
    )
)
_RELEASE: Final = (
    update(files)
    .where(files.c.scheduled_id == bindparam("held_for", type_=Id))
    .values(scheduled_id=bindparam("nothing", type_=Id), created_at=bindparam("now", type_=Time))
)
_ATTACH: Final = (
    update(files)
    .where(
        files.c.id == _ID,
        files.c.actor_id == _ACTOR,
        files.c.post_id.is_(None),
        files.c.scheduled_id.is_(None),
        files.c.fetched_at.is_not(None),
    )
    .values(post_id=_POST, position=bindparam("at", type_=Number))
)
_PLACE: Final = (
    update(files).where(files.c.id == _ID).values(position=bindparam("at", type_=Number))
)
_DETACH: Final = (
    update(files)
    .where(any_of(files.c.id, "ids"))
    .values(post_id=bindparam("nothing", type_=Id), created_at=bindparam("now", type_=Time))
)
_DESCRIBE: Final = (
    update(files)
    .where(files.c.id == _ID)
    .values(alt=bindparam("alt"), focus=bindparam("focus"), position=bindparam("at", type_=Number))
)
_FETCHED: Final = (
    update(files)
    .where(files.c.id == _ID, files.c.fetched_at.is_(None))
    .values(
        {
            name: bindparam(name)
            for name in (
                *("digest", "preview", "media_type", "size", "width", "height", "blurhash"),
                *("duration", "fetched_at", "used_at"),
            )
        }
        | {"tried_at": null()}
    )
)
_TRIED: Final = (
    update(files).where(files.c.id == _ID, files.c.fetched_at.is_(None)).values(tried_at=_NOW)
)
_GIVEN_UP: Final = (
    update(files)
    .where(files.c.id == _ID, files.c.fetched_at.is_(None))
    .values(tried_at=_NOW, trouble=bindparam("trouble"), digest="", size=0)
)
_USED: Final = (
    update(files).where(files.c.id == _ID, files.c.used_at.is_not(None)).values(used_at=_NOW)
)
_FORGIVABLE: Final[Select[*tuple[Any, ...]]] = (
    select(files.c.id, files.c.post_id)
    .where(files.c.tried_at <= _BEFORE, files.c.trouble == bindparam("trouble"), files.c.on_demand)
    .limit(_LIMIT)
)
_FORGIVE: Final = update(files).where(any_of(files.c.id, "ids")).values(trouble="", tried_at=null())
_LET_GO: Final = (
    update(files)
    .where(any_of(files.c.id, "ids"), files.c.on_demand)
    .values(fetched_at=null(), used_at=null(), digest="", preview="", size=0)
)
_SIZE: Final = func.coalesce(func.sum(files.c.size), 0)
_CACHED: Final = select(_SIZE).where(files.c.used_at.is_not(None))
_OLDEST: Final[Select[*tuple[Any, ...]]] = (
    select(files.c.id, files.c.size, files.c.used_at, files.c.digest, files.c.preview)
    .where(files.c.used_at.is_not(None))
    .order_by(files.c.used_at)
    .limit(_LIMIT)
)
_HELD: Final = select(_SIZE).where(files.c.source.is_(None))
_FORGET: Final = delete(files).where(any_of(files.c.id, "ids"))
_OF_COMMUNITY: Final = (
    delete(files)
    .where(files.c.community_id == bindparam("community_id", type_=Id))
    .returning(files.c.digest)
)
_HELD_BY: Final = select(func.coalesce(func.sum(files.c.size), 0), func.count(files.c.id)).where(
    files.c.actor_id == _ACTOR, files.c.source.is_(None)
)
_LOOSE_OF: Final = select(func.count(files.c.id)).where(
    files.c.actor_id == _ACTOR,
    files.c.post_id.is_(None),
    files.c.scheduled_id.is_(None),
    files.c.source.is_(None),
)
_NEEDED: Final = select(files.c.digest, files.c.preview).where(
    or_(any_of(files.c.digest, "names"), any_of(files.c.preview, "names"))
)


def insert_file(tx: Tx, row: FileRow) -> None:
    """Store a row; its bytes are there already, or fetched later."""
    tx.insert(_INSERT, **asdict(row))


def by_id(tx: Tx, file_id: int) -> FileRow | None:
    """One file, whoever's it is: the caller asks for the right to see it."""
    row = tx.first(_BY_ID, key=file_id)
    return None if row is None else FileRow(*row)


def of_posts(tx: Tx, post_ids: Iterable[int]) -> dict[int, list[FileRow]]:
    """The files of posts in their order, those that have not come yet too. One statement."""
    found: dict[int, list[FileRow]] = {}
    for row in tx.all(_OF_POSTS, ids=list(post_ids)):
        file = FileRow(*row)
        found.setdefault(file.post_id or 0, []).append(file)
    return found


def of_post(tx: Tx, post_id: int) -> list[FileRow]:
    """The files of one post."""
    return of_posts(tx, [post_id]).get(post_id, [])


def kept(tx: Tx, post_id: int) -> str | None:
    """The files as a former version of a post keeps them: JSON; None: it has none."""
    now = [(file.id, file.alt) for file in of_post(tx, post_id)]
    return orjson.dumps(now).decode() if now else None


def unused(tx: Tx, actor_id: int, file_ids: Collection[int]) -> dict[int, FileRow]:
    """Those of the files that are this person's and on no post."""
    rows = tx.all(_UNUSED, ids=sorted(file_ids), actor_id=actor_id)
    return {row[0]: FileRow(*row) for row in rows}


def is_own(tx: Tx, actor_id: int, file_id: int) -> bool:
    """Whether a file is this person's, used or not."""
    return tx.first(_USED_BY, key=file_id, actor_id=actor_id) is not None


def discard(tx: Tx, actor_id: int, file_id: int) -> bool:
    """Remove this person's file, if nothing uses it; False if it is none, or used."""
    return tx.change(_DISCARD, key=file_id, actor_id=actor_id) == 1


def of_scheduled(tx: Tx, scheduled_ids: Iterable[int]) -> dict[int, list[FileRow]]:
    """The files that wait with posts that appear later, in their order. One statement."""
    found: dict[int, list[FileRow]] = {}
    for row in tx.all(_WAITING, ids=list(scheduled_ids)):
        file = FileRow(*row)
        found.setdefault(file.scheduled_id or 0, []).append(file)
    return found


def hold(tx: Tx, *, actor_id: int, scheduled_id: int, file_id: int, position: int) -> bool:
    """Keep somebody's unused file for a post that appears later; False if it is none."""
    known = {"actor_id": actor_id, "scheduled_id": scheduled_id, "at": position}
    return tx.change(_HOLD, key=file_id, **known) == 1


def release(tx: Tx, scheduled_id: int) -> None:
    """Let go of what was kept for a post: its owner may use it again, for a day."""
    tx.change(_RELEASE, held_for=scheduled_id, nothing=None, now=tx.now)


def attach(tx: Tx, *, actor_id: int, post_id: int, file_id: int, position: int) -> bool:
    """Put somebody's unused file on a post; False if it is not theirs, or used."""
    return tx.change(_ATTACH, key=file_id, actor_id=actor_id, post_id=post_id, at=position) == 1


def place(tx: Tx, file_id: int, position: int) -> None:
    """Give a file its place among those of its post."""
    tx.change(_PLACE, key=file_id, at=position)


def detach(tx: Tx, file_ids: Collection[int]) -> None:
    """Take files off their posts: their owner may use them again, for a day."""
    tx.change(_DETACH, ids=sorted(file_ids), nothing=None, now=tx.now)


def describe(tx: Tx, file: FileRow, *, alt: str, focus: str, position: int | None = None) -> None:
    """Say what a picture shows, and which point of it must be seen."""
    at = file.position if position is None else position
    tx.change(_DESCRIBE, key=file.id, alt=alt, focus=focus, at=at)


def fetched(tx: Tx, file_id: int, values: Mapping[str, Any], *, on_demand: bool = False) -> bool:
    """The bytes are here: `values` are what is known of them now. False if they were before."""
    used_at = tx.now if on_demand else None
    return tx.change(_FETCHED, key=file_id, fetched_at=tx.now, used_at=used_at, **values) == 1


def tried(tx: Tx, file_id: int, trouble: str = "") -> None:
    """The bytes could not be had; with `trouble` they never will, for this reason."""
    if trouble:
        tx.change(_GIVEN_UP, key=file_id, now=tx.now, trouble=trouble)
    else:
        tx.change(_TRIED, key=file_id, now=tx.now)


def forgive(tx: Tx, trouble: str, before: int, limit: int) -> set[int]:
    """Forget why some files were not had before a moment; their posts."""
    found = tx.all(_FORGIVABLE, trouble=trouble, before=before, limit=limit)
    tx.change(_FORGIVE, ids=sorted(row[0] for row in found))
    return {row[1] for row in found if row[1] is not None}


def used(tx: Tx, file_id: int) -> None:
    """Somebody looked at what was fetched on demand."""
    tx.change(_USED, key=file_id, now=tx.now)


def cached(tx: Tx) -> int:
    """Bytes of all that was fetched on demand."""
    return int(tx.scalar(_CACHED) or 0)


class Cached(NamedTuple):
    """What was fetched on demand, and may be let go."""

    id: int
    size: int
    used_at: int
    digest: str
    preview: str


def oldest_cached(tx: Tx, limit: int) -> list[Cached]:
    """What was fetched on demand and not looked at for longest."""
    return [Cached(*row) for row in tx.all(_OLDEST, limit=limit)]


def let_go(tx: Tx, file_ids: Collection[int]) -> None:
    """Forget the bytes of what can be fetched again; its rows stay."""
    tx.change(_LET_GO, ids=sorted(file_ids))


def held(tx: Tx) -> int:
    """Bytes of all files that people here uploaded."""
    return int(tx.scalar(_HELD) or 0)


def forget(tx: Tx, file_ids: Collection[int]) -> None:
    """Remove rows; the sweep removes their bytes if no other row needs them."""
    tx.change(_FORGET, ids=sorted(file_ids))


def forget_community(tx: Tx, community_id: int) -> list[str]:
    """Remove the rows of all copies held for a community: a purge. The names of their bytes."""
    return [row[0] for row in tx.all(_OF_COMMUNITY, community_id=community_id)]


def held_by(tx: Tx, actor_id: int) -> int:
    """Bytes of all files that somebody here uploaded."""
    size, _ = tx.one(_HELD_BY, actor_id=actor_id)
    return int(size)


def loose_of(tx: Tx, actor_id: int) -> int:
    """How many files somebody here uploaded and did not post."""
    return tx.scalar(_LOOSE_OF, actor_id=actor_id) or 0


def needed(tx: Tx, names: Collection[str]) -> set[str]:
    """Those of the blobs that a row names, as the file or as its preview."""
    rows = tx.all(_NEEDED, names=sorted(names))
    found = {name for row in rows for name in row}
    return found | proxied.needed(tx, names) | portraits.needed(tx, names)
