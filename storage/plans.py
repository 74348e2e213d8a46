"""Statements compiled once, executed by the driver.

SQLAlchemy's own execution costs 15 µs per statement, a compiled plan 3.6 µs. The price: a
statement is a module-level constant (or comes from a cached function) whose varying values are all
named `bindparam`s. What would need SQLAlchemy at run time is refused when the plan is made.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import structlog
from sqlalchemy import Dialect, Insert, LargeBinary
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from storage.dialects import POSTGRESQL, SQLITE
from storage.errors import Misuse

log = structlog.get_logger("storage")

Process = Callable[[Any], Any]

LIMIT: Final = 4096
"""Plans kept per dialect. Far more than the product has statements: reaching it means that
somebody builds statements per call."""


class Plan:
    """One statement's text, the order of its parameters, and how to convert values and rows."""

    __slots__ = (
        "_fixed",
        "_given",
        "_names",
        "_orders",
        "_pick",
        "_processes",
        "_results",
        "inserts",
        "returns",
        "text",
        "writes",
    )

    def __init__(self, compiled: SQLCompiler) -> None:
        _refuse_run_time_work(compiled)
        self.text: Final = str(compiled)
        self.inserts: Final = bool(compiled.isinsert)
        self.writes: Final = bool(compiled.isinsert or compiled.isupdate or compiled.isdelete)
        self.returns: Final = not self.writes or bool(compiled.effective_returning)
        binds = _binds(compiled)
        self._given = tuple(name for name, _, fixed in binds if not fixed)
        self._names = set(self._given)
        self._pick = _pick(self._given)
        self._orders: dict[tuple[str, ...], Callable[[Any], Sequence[Any]]] = {}
        self._fixed = [(index, bind[2][0]) for index, bind in enumerate(binds) if bind[2]]
        self._processes = [(index, bind[1]) for index, bind in enumerate(binds) if bind[1]]
        self._results = _result_processors(compiled)

    def values(self, params: Mapping[str, Any]) -> Sequence[Any]:
        """Put the named parameters in the statement's order. Raises Misuse unless they fit."""
        # As many as wanted, and each that is wanted: these are the names. Picking looks for each
        # anyhow, in one C call: a post of 42 columns costs 1.1 µs so, one by one it was 4.
        if len(params) != len(self._names):
            raise self._misfit(params)
        try:
            picked = self._pick(params)
        except KeyError:
            raise self._misfit(params) from None
        if not self._fixed and not self._processes:
            return picked
        return self._converted([list(picked)])[0]

    def lines(
        self, names: tuple[str, ...], rows: Iterable[Sequence[Any]]
    ) -> Sequence[Sequence[Any]]:
        """The same for many rows whose values stand in the order of `names`."""
        order = self._orders.get(names) or self._order(names)
        given = list(rows)
        if not set(map(len, given)) <= {len(names)}:
            raise Misuse(f"each row has one value for each of {list(names)}")
        picked = given if names == self._given else list(map(order, given))
        if not self._fixed and not self._processes:
            return picked
        return self._converted(list(map(list, picked)))

    def _order(self, names: tuple[str, ...]) -> Callable[[Any], Sequence[Any]]:
        """Puts values that stand in the order of `names` in the statement's."""
        if len(names) != len(self._names) or set(names) != self._names:
            raise self._misfit(names)
        order = self._orders[names] = _pick([names.index(name) for name in self._given])
        return order

    def _converted(self, rows: list[list[Any]]) -> list[list[Any]]:
        """With what the statement fixes, and every value as the driver takes it."""
        for index, value in self._fixed:  # in rising order: each comes to stand where it belongs
            for row in rows:
                row.insert(index, value)
        for index, process in self._processes:
            for row in rows:
                row[index] = process(row[index])
        return rows

    def _misfit(self, params: Iterable[str]) -> Misuse:
        return Misuse(f"parameters {sorted(params)} given, {sorted(self._names)} wanted")

    def rows(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Convert driver rows to the columns' Python types."""
        if not self._results:
            return rows
        return [self._row(row) for row in rows]

    def _row(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for index, process in self._results:
            values[index] = process(values[index])
        return tuple(values)


# (name, processor, fixed value in a one-tuple or nothing); a fixed value is converted already.
_Bind = tuple[str, Process | None, tuple[Any] | None]


def _binds(compiled: SQLCompiler) -> list[_Bind]:
    processors = compiled._bind_processors  # noqa: SLF001 - what SQLAlchemy's own execution uses
    binds: list[_Bind] = []
    for name in compiled.positiontup or ():
        bind = compiled.binds[name]
        process: Any = processors.get(name)
        if bind.required:
            binds.append((name, process, None))
        else:
            value = bind.effective_value
            binds.append((name, None, (process(value) if process else value,)))
    return binds


def _pick(keys: Sequence[Any]) -> Callable[[Any], Sequence[Any]]:
    """Gives the values of these keys, in this order. Raises KeyError."""
    if not keys:
        return lambda _: ()
    return (lambda params: (params[keys[0]],)) if len(keys) == 1 else itemgetter(*keys)


def _result_processors(compiled: SQLCompiler) -> list[tuple[int, Process]]:
    found: list[tuple[int, Process]] = []
    for index, column in enumerate(compiled._result_columns):  # noqa: SLF001 - as above
        if isinstance(column.type, LargeBinary):
            continue  # both drivers give bytes
        process: Any = column.type._cached_result_processor(compiled.dialect, None)  # noqa: SLF001
        if process is not None:
            found.append((index, process))
    return found


def _refuse_run_time_work(compiled: SQLCompiler) -> None:
    if compiled.insert_prefetch or compiled.update_prefetch:
        raise Misuse("a column default made in Python: give every value by a bindparam")
    if compiled.post_compile_params or compiled.literal_execute_params:
        raise Misuse("an expanding IN: use any_of")


class PlanCache:
    """The plans of one dialect, keyed by the statement object itself."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._plans: dict[Executable, Plan] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._plans)

    def get(self, statement: Executable) -> Plan:
        """The statement's plan, compiled on first use. Raises Misuse if it cannot be one."""
        plan = self._plans.get(statement)
        return plan if plan is not None else self._compile(statement)

    def _compile(self, statement: Executable) -> Plan:
        with self._lock:  # SQLAlchemy types memoise while compiling
            compiled = _inline(statement).compile(dialect=self._dialect)
            if not isinstance(compiled, SQLCompiler):
                raise Misuse("not a statement on rows")
            plan = Plan(compiled)
            if len(self._plans) >= LIMIT:
                log.warning("plan cache overflow: statements are built per call")
                self._plans.clear()
            self._plans[statement] = plan
        return plan


def _inline(statement: Any) -> ClauseElement:
    """Keep SQLAlchemy from fetching a key that is computed in SQL by a RETURNING of its own."""
    if not isinstance(statement, ClauseElement):
        raise Misuse("not a statement")
    if isinstance(statement, Insert) and not statement.exported_columns:
        return statement.inline()
    return statement


_CACHES: Final = {dialect.name: PlanCache(dialect) for dialect in (SQLITE, POSTGRESQL)}


def plans_of(dialect: Dialect) -> PlanCache:
    """The process-wide plan cache of a dialect."""
    return _CACHES[dialect.name]
