"""Lists that people bring along, and what became of each line."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson
from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import ImportKind, LineState
from storage.audience import fixed
from storage.columns import Enum8, Flag, Id, Number, Time, any_of
from storage.queries.ids import new_id
from storage.tables.imports import import_lines, imports
from storage.tx import Tx


class ImportRow(Struct, frozen=True, gc=False):
    """One row of `imports`, in the order of its columns. Times are ms UTC.

    `clears`: what is not on the list has yet to go.
    """

    id: int
    actor_id: int
    kind: ImportKind
    clears: bool
    name: str
    total: int
    created_at: int
    finished_at: int | None


NewLine = tuple[int, dict[str, Any]]
"""A line that is to be stored: its number in the file, and what it says."""


class Line(Struct, frozen=True, gc=False):
    """One line: its number in the file, what it says, and what became of it."""

    number: int
    said: dict[str, Any]
    state: LineState
    reason: str


_IMPORT: Final = bindparam("import_id", type_=Id)
_ACTOR: Final = bindparam("actor_id", type_=Id)
_LIMIT: Final = bindparam("limit", type_=Number)
_ROW: Select[*tuple[Any, ...]] = select(*imports.c)
_NEW: Final = insert(imports).values(
    id=bindparam("id", type_=Id),
    actor_id=_ACTOR,
    kind=bindparam("kind", type_=Enum8(ImportKind)),
    clears=bindparam("clears", type_=Flag()),
    name=bindparam("name"),
    total=bindparam("total", type_=Number),
    created_at=bindparam("now", type_=Time),
)
_NEW_LINE: Final = insert(import_lines).values(
    import_id=_IMPORT,
    number=bindparam("number", type_=Number),
    said=bindparam("said"),
    state=LineState.WAITING,
    reason="",
)
_BY_ID: Final = _ROW.where(imports.c.id == bindparam("id", type_=Id))
_OF: Final = _ROW.where(imports.c.actor_id == _ACTOR).order_by(imports.c.id.desc()).limit(_LIMIT)
_OPEN: Final = select(func.count()).where(
    imports.c.actor_id == _ACTOR,
    imports.c.finished_at.is_(None),
    imports.c.created_at > bindparam("since", type_=Time),
)
_LINES: Final = select(
    import_lines.c.number, import_lines.c.said, import_lines.c.state, import_lines.c.reason
).where(import_lines.c.import_id == _IMPORT)
_WAITING: Final = (
    _LINES.where(import_lines.c.state == fixed(LineState.WAITING))
    .order_by(import_lines.c.number)
    .limit(_LIMIT)
)
_FAILED: Final = (
    _LINES.where(import_lines.c.state == fixed(LineState.FAILED))
    .order_by(import_lines.c.number)
    .limit(_LIMIT)
)
_COUNTS: Final = (
    select(import_lines.c.import_id, import_lines.c.state, func.count())
    .where(any_of(import_lines.c.import_id, "ids"))
    .group_by(import_lines.c.import_id, import_lines.c.state)
)
_SETTLE: Final = (
    update(import_lines)
    .where(
        import_lines.c.import_id == bindparam("key", type_=Id),
        import_lines.c.number == bindparam("at", type_=Number),
        import_lines.c.state == LineState.WAITING,
    )
    .values(state=bindparam("to", type_=Enum8(LineState)), reason=bindparam("why"))
)
_FINISH: Final = (
    update(imports)
    .where(imports.c.id == bindparam("key", type_=Id), imports.c.finished_at.is_(None))
    .values(finished_at=bindparam("now", type_=Time))
)
_EVERY: Final = _LINES.order_by(import_lines.c.number)
_CLEARED: Final = (
    update(imports).where(imports.c.id == bindparam("key", type_=Id)).values(clears=false())
)
_OVER: Final = (
    select(imports.c.id)
    .where(
        imports.c.created_at <= bindparam("before", type_=Time),
        or_(
            imports.c.finished_at.is_(None),
            imports.c.finished_at <= bindparam("before", type_=Time),
        ),
    )
    .limit(_LIMIT)
)
_SOME_LINES: Final = delete(import_lines).where(
    import_lines.c.import_id == _IMPORT,
    import_lines.c.number.in_(
        select(import_lines.c.number).where(import_lines.c.import_id == _IMPORT).limit(_LIMIT)
    ),
)
_OF_ACTOR: Final = select(imports.c.id).where(imports.c.actor_id == _ACTOR)
_DROP_LINES: Final = delete(import_lines).where(any_of(import_lines.c.import_id, "ids"))
_DROP: Final = delete(imports).where(any_of(imports.c.id, "ids"))


def add(
    tx: Tx,
    *,
    actor_id: int,
    kind: ImportKind,
    clears: bool,
    name: str,
    lines: Sequence[NewLine],
) -> int:
    """Store a list with its lines (number, what it says); its id."""
    identifier = new_id(tx)
    tx.run(
        _NEW,
        id=identifier,
        actor_id=actor_id,
        kind=kind,
        clears=clears,
        name=name,
        total=len(lines),
        now=tx.now,
    )
    tx.many(
        _NEW_LINE,
        [
            {"import_id": identifier, "number": number, "said": orjson.dumps(said)}
            for number, said in lines
        ],
    )
    return identifier


def by_id(tx: Tx, import_id: int) -> ImportRow | None:
    """One list, whoever brought it."""
    row = tx.first(_BY_ID, id=import_id)
    return None if row is None else ImportRow(*row)


def of(tx: Tx, actor_id: int, limit: int) -> list[ImportRow]:
    """What somebody brought, the newest first."""
    return [ImportRow(*row) for row in tx.all(_OF, actor_id=actor_id, limit=limit)]


def open_count(tx: Tx, actor_id: int, *, since: int) -> int:
    """How many of the lists that somebody sent after that moment are not finished."""
    return tx.one(_OPEN, actor_id=actor_id, since=since)[0]


def waiting(tx: Tx, import_id: int, limit: int) -> list[Line]:
    """The next lines on which nobody has worked yet."""
    return _lines(tx.all(_WAITING, import_id=import_id, limit=limit))


def every(tx: Tx, import_id: int) -> list[Line]:
    """All lines, in order."""
    return _lines(tx.all(_EVERY, import_id=import_id))


def cleared(tx: Tx, import_id: int) -> None:
    """What is not on the list has gone."""
    tx.change(_CLEARED, key=import_id)


def failed(tx: Tx, import_id: int, limit: int) -> list[Line]:
    """Lines that did not work out, in order."""
    return _lines(tx.all(_FAILED, import_id=import_id, limit=limit))


def _lines(rows: Iterable[tuple[int, bytes, LineState, str]]) -> list[Line]:
    return [Line(number, orjson.loads(said), state, reason) for number, said, state, reason in rows]


def counts(tx: Tx, import_ids: Sequence[int]) -> dict[int, dict[LineState, int]]:
    """How many lines of each list are in which state; one statement."""
    found: dict[int, dict[LineState, int]] = {}
    for identifier, state, count in tx.all(_COUNTS, ids=list(import_ids)):
        found.setdefault(identifier, {})[state] = count
    return found


def settle(tx: Tx, import_id: int, number: int, *, reason: str = "") -> None:
    """A line is done, or failed for a reason."""
    state = LineState.FAILED if reason else LineState.DONE
    tx.change(_SETTLE, key=import_id, at=number, to=state, why=reason)


def finish(tx: Tx, import_id: int) -> bool:
    """No line waits any more; False if that was known."""
    return tx.change(_FINISH, key=import_id, now=tx.now) > 0


def over(tx: Tx, before: int, limit: int) -> list[int]:
    """Lists finished before that moment, or begun then and given up; reads only."""
    return [row[0] for row in tx.all(_OVER, before=before, limit=limit)]


def drop_some(tx: Tx, import_id: int, limit: int) -> bool:
    """Forget some lines of a list, and the list with the last ones; whether there may be more."""
    if tx.change(_SOME_LINES, import_id=import_id, limit=limit) == limit:
        return True
    drop(tx, [import_id])
    return False


def drop(tx: Tx, import_ids: Sequence[int]) -> None:
    """Forget lists with their lines."""
    ids = list(import_ids)
    tx.change(_DROP_LINES, ids=ids)
    tx.change(_DROP, ids=ids)


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone: so is what they brought."""
    drop(tx, [row[0] for row in tx.all(_OF_ACTOR, actor_id=actor_id)])
