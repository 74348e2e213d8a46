"""Announcements of the operator, who is done with them, and with what people react to them."""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy import update as change
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Flag, Id, Time, any_of
from storage.tables.house import announcements, dismissals, reactions
from storage.tx import Tx


class AnnouncementRow(Struct, frozen=True, gc=False):
    """One row of `announcements`, in the order of its columns. Times are ms UTC."""

    id: int
    source: str
    content: str
    emojis: bytes
    for_members: bool
    all_day: bool
    starts_at: int | None
    ends_at: int | None
    created_at: int
    updated_at: int
    removed_at: int | None

    def is_up(self, now: int) -> bool:
        """Whether it is shown at that moment."""
        return self.removed_at is None and (self.ends_at is None or self.ends_at > now)


class Shown(Struct, frozen=True):
    """An announcement as one person finds it. `is_read`: they have dismissed it."""

    row: AnnouncementRow
    is_read: bool


class Count(Struct, frozen=True, gc=False):
    """How many react with one emoji, of those whom the reader may know of."""

    announcement_id: int
    emoji: str
    count: int
    is_mine: bool


_ACCOUNT: Final = bindparam("account_id", type_=Id)
_NOW: Final = bindparam("now", type_=Time)
_ID: Final = bindparam("announcement_id", type_=Id)
_FULL: Final = bindparam("full", type_=Flag())

_up: Final = and_(
    announcements.c.removed_at.is_(None),
    or_(announcements.c.ends_at.is_(None), announcements.c.ends_at > _NOW),
)
_is_read: Final = (
    exists()
    .where(
        dismissals.c.announcement_id == announcements.c.id,
        dismissals.c.account_id == _ACCOUNT,
    )
    .correlate(announcements)
)
_ROW: Select[*tuple[Any, ...]] = select(*announcements.c)
_BY_ID: Final = _ROW.where(announcements.c.id == _ID)
_ALL_UP: Final = _ROW.where(_up).order_by(announcements.c.id)
_FOR: Final = (
    select(*announcements.c, _is_read.label("is_read"))
    .where(_up, or_(~announcements.c.for_members, _FULL))
    .order_by(func.coalesce(announcements.c.starts_at, announcements.c.created_at))
    .order_by(announcements.c.id)
)
_COUNT: Final = select(func.count()).select_from(announcements).where(_up)
_INSERT: Final = insert(announcements).values(
    {column.name: bindparam(column.name, type_=column.type) for column in announcements.c}
)
_UPDATE: Final = (
    change(announcements)
    .where(announcements.c.id == _ID, announcements.c.removed_at.is_(None))
    .values(
        {
            name: bindparam(name, type_=announcements.c[name].type)
            for name in (
                *("source", "content", "emojis", "for_members", "all_day"),
                *("starts_at", "ends_at", "updated_at"),
            )
        }
    )
)
_REMOVE: Final = (
    change(announcements)
    .where(announcements.c.id == _ID, announcements.c.removed_at.is_(None))
    .values(source="", content="", emojis=b"", removed_at=_NOW)
)
_OVER: Final = select(announcements.c.id).where(
    announcements.c.removed_at.is_(None),
    announcements.c.ends_at < bindparam("before", type_=Time),
)
_DISMISS: Final = (
    insert(dismissals).values(account_id=_ACCOUNT, announcement_id=_ID).on_conflict_do_nothing()
)
_FORGET_DISMISSALS: Final = delete(dismissals).where(dismissals.c.announcement_id == _ID)
_FORGET_REACTIONS: Final = delete(reactions).where(reactions.c.announcement_id == _ID)
_OF_ACCOUNT: Final = tuple(
    delete(table).where(table.c.account_id == _ACCOUNT) for table in (dismissals, reactions)
)


def by_id(tx: Tx, announcement_id: int) -> AnnouncementRow | None:
    """An announcement, also one that was taken down."""
    row = tx.first(_BY_ID, announcement_id=announcement_id)
    return None if row is None else AnnouncementRow(*row)


def all_up(tx: Tx) -> list[AnnouncementRow]:
    """What is shown now, to anybody here, the oldest first."""
    return [AnnouncementRow(*row) for row in tx.all(_ALL_UP, now=tx.now)]


def shown_to(tx: Tx, account_id: int, *, full: bool) -> list[Shown]:
    """What is shown to one person now; `full`: they are no guest."""
    rows = tx.all(_FOR, account_id=account_id, full=full, now=tx.now)
    return [Shown(AnnouncementRow(*row[:-1]), bool(row[-1])) for row in rows]


def count_up(tx: Tx) -> int:
    """How many are shown now."""
    return tx.scalar(_COUNT, now=tx.now) or 0


def put(tx: Tx, row: AnnouncementRow) -> None:
    """Store a new one."""
    tx.insert(_INSERT, **{name: getattr(row, name) for name in row.__struct_fields__})


def update(tx: Tx, row: AnnouncementRow) -> bool:
    """Store other words and times; False if it was taken down."""
    kept = ("id", "created_at", "removed_at")
    values = {n: getattr(row, n) for n in row.__struct_fields__ if n not in kept}
    return tx.change(_UPDATE, announcement_id=row.id, **values) > 0


def remove(tx: Tx, announcement_id: int) -> bool:
    """Take one down and forget its words; False if that was done. Its id stays known."""
    if not tx.change(_REMOVE, announcement_id=announcement_id, now=tx.now):
        return False
    tx.change(_FORGET_DISMISSALS, announcement_id=announcement_id)
    tx.change(_FORGET_REACTIONS, announcement_id=announcement_id)
    return True


def over(tx: Tx, before: int) -> list[int]:
    """What ended before that moment and is still remembered whole."""
    return [row[0] for row in tx.all(_OVER, before=before)]


def dismiss(tx: Tx, account_id: int, announcement_id: int) -> None:
    """Remember that somebody is done with one; again changes nothing."""
    tx.insert(_DISMISS, account_id=account_id, announcement_id=announcement_id)


def forget(tx: Tx, account_id: int) -> None:
    """Forget what somebody dismissed and how they reacted: they left for good."""
    for statement in _OF_ACCOUNT:
        tx.change(statement, account_id=account_id)


# Reactions. A guest counts nobody but themselves: figures would tell of people whom they may not
# know of (protocol §1).

_mine = func.max(case((reactions.c.account_id == _ACCOUNT, 1), else_=0))


def _counting(condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            reactions.c.announcement_id,
            reactions.c.emoji,
            func.count().label("count"),
            _mine.label("is_mine"),
        )
        .where(condition, or_(_FULL, reactions.c.account_id == _ACCOUNT))
        .group_by(reactions.c.announcement_id, reactions.c.emoji)
        .order_by(func.min(reactions.c.created_at), reactions.c.emoji)
    )


_COUNTS: Final = _counting(any_of(reactions.c.announcement_id, "ids"))
_COUNT_OF: Final = _counting(
    and_(reactions.c.announcement_id == _ID, reactions.c.emoji == bindparam("emoji"))
)
_EMOJIS_OF: Final = (
    select(reactions.c.emoji).where(reactions.c.announcement_id == _ID).group_by(reactions.c.emoji)
)
_REACT: Final = (
    insert(reactions)
    .values(announcement_id=_ID, emoji=bindparam("emoji"), account_id=_ACCOUNT, created_at=_NOW)
    .on_conflict_do_nothing()
    .returning(reactions.c.announcement_id)
)
_UNREACT: Final = delete(reactions).where(
    reactions.c.announcement_id == _ID,
    reactions.c.emoji == bindparam("emoji"),
    reactions.c.account_id == _ACCOUNT,
)


def counts(
    tx: Tx, announcement_ids: Collection[int], account_id: int, *, full: bool
) -> list[Count]:
    """With what people react to announcements, as one person may know it; the first first."""
    if not announcement_ids:
        return []
    rows = tx.all(_COUNTS, ids=list(announcement_ids), account_id=account_id, full=full)
    return [Count(row[0], row[1], row[2], bool(row[3])) for row in rows]


def count_of(tx: Tx, announcement_id: int, emoji: str, account_id: int, *, full: bool) -> Count:
    """How many react with one emoji, as one person may know it."""
    row = tx.first(
        *(_COUNT_OF,),
        announcement_id=announcement_id,
        emoji=emoji,
        account_id=account_id,
        full=full,
    )
    if row is None:
        return Count(announcement_id, emoji, 0, is_mine=False)
    return Count(row[0], row[1], row[2], bool(row[3]))


def emojis_of(tx: Tx, announcement_id: int) -> set[str]:
    """With which emoji anybody reacts to one."""
    return {row[0] for row in tx.all(_EMOJIS_OF, announcement_id=announcement_id)}


def react(tx: Tx, announcement_id: int, account_id: int, emoji: str) -> bool:
    """Keep a reaction; False if it was there."""
    given = {"announcement_id": announcement_id, "account_id": account_id, "emoji": emoji}
    return tx.first(_REACT, **given, now=tx.now) is not None


def unreact(tx: Tx, announcement_id: int, account_id: int, emoji: str) -> bool:
    """Take a reaction back; False if there was none."""
    given = {"announcement_id": announcement_id, "account_id": account_id, "emoji": emoji}
    return tx.change(_UNREACT, **given) > 0
