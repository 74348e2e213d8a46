"""Files that nobody needs any more. What was found is asked for again when it is forgotten."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import and_, bindparam, delete, select

from storage.columns import Number, Time, any_of
from storage.tables.files import files
from storage.tables.posts import posts
from storage.tx import Tx

_BEFORE: Final = bindparam("before", type_=Time)
_LIMIT: Final = bindparam("limit", type_=Number)
_FORGET: Final = delete(files).where(any_of(files.c.id, "ids"))
_is_loose: Final = and_(
    files.c.post_id.is_(None), files.c.scheduled_id.is_(None), files.c.created_at <= _BEFORE
)
_is_late: Final = and_(
    files.c.fetched_at.is_(None), files.c.created_at <= _BEFORE, ~files.c.on_demand
)
_LOOSE: Final = select(files.c.id).where(_is_loose).limit(_LIMIT)
_FORGET_LOOSE: Final = _FORGET.where(_is_loose)
_NEVER_CAME: Final = select(files.c.id).where(_is_late).limit(_LIMIT)
_FORGET_LATE: Final = _FORGET.where(_is_late)
_OF_DELETED: Final = (
    select(files.c.id)
    .join(posts, posts.c.id == files.c.post_id)
    .where(posts.c.deleted_at <= _BEFORE)
    .limit(_LIMIT)
)


def loose(tx: Tx, before: int, limit: int) -> list[int]:
    """Files on no post since before a moment."""
    return [row[0] for row in tx.all(_LOOSE, before=before, limit=limit)]


def never_came(tx: Tx, before: int, limit: int) -> list[int]:
    """Copies that were asked for before a moment and are not here."""
    return [row[0] for row in tx.all(_NEVER_CAME, before=before, limit=limit)]


def forget_loose(tx: Tx, file_ids: Collection[int], before: int) -> None:
    """Remove those of the rows that `loose` would still find."""
    tx.change(_FORGET_LOOSE, ids=sorted(file_ids), before=before)


def forget_late(tx: Tx, file_ids: Collection[int], before: int) -> None:
    """Remove those of the rows that `never_came` would still find."""
    tx.change(_FORGET_LATE, ids=sorted(file_ids), before=before)


def of_deleted(tx: Tx, before: int, limit: int) -> list[int]:
    """Files of posts that were deleted before a moment."""
    return [row[0] for row in tx.all(_OF_DELETED, before=before, limit=limit)]
