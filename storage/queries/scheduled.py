"""Posts that wait to appear later."""

from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Select, bindparam, delete, func, insert, select, update

from domain.audience import Audience, Kind
from storage.columns import Id, Number, Time, any_of
from storage.tables.accounts import idempotency_keys
from storage.tables.files import files
from storage.tables.scheduled import scheduled
from storage.tx import Tx
from storage.views.paging import Page, Paged

MOST: Final = 40
"""Posts on a page at most."""


class ScheduledRow(Struct, frozen=True, gc=False):
    """One row of `scheduled`, in the order of its columns. Times are ms UTC."""

    id: int
    actor_id: int
    due_at: int
    draft: bytes
    place_id: int | None
    kind: Kind
    owner_id: int
    root_kind: Kind
    root_owner_id: int
    named: bytes
    created_at: int

    @property
    def audience(self) -> Audience:
        """For whom it was written."""
        return Audience(self.kind, self.owner_id)

    @property
    def root_audience(self) -> Audience:
        """The pair of what it answers, or its own."""
        return Audience(self.root_kind, self.root_owner_id)


_ACTOR: Final = bindparam("actor_id", type_=Id)
_ID: Final = bindparam("key", type_=Id)
_VIEW: Final[Select[*tuple[Any, ...]]] = select(*scheduled.c)
_INSERT: Final = insert(scheduled).values(
    {column.name: bindparam(column.name) for column in scheduled.c}
)
_BY_ID: Final = _VIEW.where(scheduled.c.id == _ID)
_OWN: Final = _BY_ID.where(scheduled.c.actor_id == _ACTOR)
_PAGE: Final = Paged(_VIEW.where(scheduled.c.actor_id == _ACTOR), scheduled.c.id)
_COUNT: Final = select(func.count(scheduled.c.id)).where(
    scheduled.c.actor_id == _ACTOR, scheduled.c.id != bindparam("without", type_=Id)
)
_COUNT_DAY: Final = _COUNT.where(
    scheduled.c.due_at >= bindparam("first", type_=Time),
    scheduled.c.due_at < bindparam("last", type_=Time),
)
_MOVE: Final = (
    update(scheduled).where(scheduled.c.id == _ID).values(due_at=bindparam("at", type_=Time))
)
_REMOVE: Final = delete(scheduled).where(scheduled.c.id == _ID)
_TAKE: Final = _REMOVE.where(scheduled.c.due_at == bindparam("due", type_=Time))
_of: Final = select(scheduled.c.id).where(scheduled.c.actor_id == _ACTOR)
_RELEASE_ALL: Final = (
    update(files)
    .where(files.c.scheduled_id.in_(_of))
    .values(scheduled_id=bindparam("nothing", type_=Id))
)
_FORGET: Final = delete(scheduled).where(scheduled.c.actor_id == _ACTOR)
_OVERDUE: Final = (
    select(scheduled.c.id)
    .where(scheduled.c.due_at <= bindparam("before", type_=Time))
    .limit(bindparam("limit", type_=Number))
)
_RELEASE_SOME: Final = (
    update(files)
    .where(any_of(files.c.scheduled_id, "ids"))
    .values(scheduled_id=bindparam("nothing", type_=Id))
)
_FORGET_SOME: Final = delete(scheduled).where(any_of(scheduled.c.id, "ids"))
_CAME_OUT: Final = (
    update(idempotency_keys)
    .where(idempotency_keys.c.account_id == _ACTOR, idempotency_keys.c.post_id == _ID)
    .values(post_id=bindparam("came_out_as", type_=Id))
)


def add(tx: Tx, row: ScheduledRow) -> None:
    """Store a post that waits."""
    tx.insert(_INSERT, **asdict(row))


def by_id(tx: Tx, scheduled_id: int) -> ScheduledRow | None:
    """One, for the job that sends it."""
    row = tx.first(_BY_ID, key=scheduled_id)
    return None if row is None else ScheduledRow(*row)


def own(tx: Tx, actor_id: int, scheduled_id: int) -> ScheduledRow | None:
    """One of somebody's own."""
    row = tx.first(_OWN, key=scheduled_id, actor_id=actor_id)
    return None if row is None else ScheduledRow(*row)


def page(tx: Tx, actor_id: int, page: Page) -> list[ScheduledRow]:
    """Somebody's own, the last written first."""
    rows = _PAGE.rows(tx, page.clamped(MOST), {"actor_id": actor_id})
    return [ScheduledRow(*row) for row in rows]


def count(tx: Tx, actor_id: int, *, without: int = 0) -> int:
    """How many somebody has waiting, `without` one of them."""
    return tx.scalar(_COUNT, actor_id=actor_id, without=without) or 0


def count_between(tx: Tx, actor_id: int, first: int, last: int, *, without: int = 0) -> int:
    """How many of them are due from `first` until before `last`."""
    known = {"actor_id": actor_id, "without": without}
    return tx.scalar(_COUNT_DAY, **known, first=first, last=last) or 0


def move(tx: Tx, scheduled_id: int, due_at: int) -> bool:
    """Have it appear at another moment; False if it does not wait any more."""
    return tx.change(_MOVE, key=scheduled_id, at=due_at) > 0


def remove(tx: Tx, scheduled_id: int) -> bool:
    """Have it wait no longer; False if it did not."""
    return tx.change(_REMOVE, key=scheduled_id) > 0


def take(tx: Tx, scheduled_id: int, due_at: int) -> bool:
    """Have it wait no longer, if it still waits for this moment; False if it does not."""
    return tx.change(_TAKE, key=scheduled_id, due=due_at) > 0


def came_out(tx: Tx, row: ScheduledRow, post_id: int) -> None:
    """Whoever sends the same again means the post that it became."""
    tx.change(_CAME_OUT, actor_id=row.actor_id, key=row.id, came_out_as=post_id)


def forget(tx: Tx, actor_id: int) -> None:
    """Forget all that somebody who is gone had waiting."""
    tx.change(_RELEASE_ALL, actor_id=actor_id, nothing=None)
    tx.change(_FORGET, actor_id=actor_id)


def overdue(tx: Tx, before: int, limit: int) -> list[int]:
    """What should have appeared before a moment, and did not; reads only."""
    return [row[0] for row in tx.all(_OVERDUE, before=before, limit=limit)]


def forget_some(tx: Tx, scheduled_ids: list[int]) -> None:
    """Forget these; their files are swept."""
    tx.change(_RELEASE_SOME, ids=sorted(scheduled_ids), nothing=None)
    tx.change(_FORGET_SOME, ids=sorted(scheduled_ids))
