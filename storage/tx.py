"""Tx: what a unit of work may do. Plain synchronous functions take one and never commit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import Table
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.dml import Delete, Insert, Update
from sqlalchemy.sql.selectable import TypedReturnsRows

from storage.errors import Misuse, StorageError, TxOver
from storage.plans import Plan
from storage.sessions import Session

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Row = tuple[Any, ...]


class Tx:
    """One unit of work on one connection: everything it did is stored together, or nothing.

    `now` is the moment when the unit began, in milliseconds since 1970, by the node's clock.

    Statements are module-level constants; parameters are given by name and must fit exactly.
    The closure may run more than once (groups are replayed, deadlocks retried), so it has no
    effects beyond the Tx and `after_commit`. The first database error ends the unit on both
    databases: expected conflicts use ON CONFLICT … RETURNING, never `except`.
    """

    __slots__ = ("_broken", "_effects", "_notices", "_over", "_session", "now")

    def __init__(self, session: Session, now: int) -> None:
        self.now = now
        self._session = session
        self._effects: list[Callable[[], None]] = []
        self._notices: dict[tuple[str, bytes], None] = {}
        self._broken: StorageError | None = None
        self._over = False

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`; for storage/ only."""
        return self._session.name

    def all(self, statement: TypedReturnsRows[*Ts], /, **params: Any) -> list[tuple[*Ts]]:
        """All rows, as tuples. RETURNING gives them in no particular order."""
        return self._rows(self._session.all, statement, params)

    def first(self, statement: TypedReturnsRows[*Ts], /, **params: Any) -> tuple[*Ts] | None:
        """The first row, or None."""
        rows = self._rows(self._session.first, statement, params)
        return rows[0] if rows else None

    def one(self, statement: TypedReturnsRows[*Ts], /, **params: Any) -> tuple[*Ts]:
        """The only row. Raises LookupError if there is none, or more than one."""
        rows = self._rows(self._session.all, statement, params)
        if len(rows) != 1:
            raise LookupError(f"one row expected, {len(rows)} found")
        row: tuple[*Ts] = rows[0]
        return row

    def scalar(self, statement: TypedReturnsRows[T], /, **params: Any) -> T | None:
        """The first column of the first row, or None if there is no row."""
        rows = self._rows(self._session.first, statement, params)
        value: T | None = rows[0][0] if rows else None
        return value

    def change(self, statement: Update | Delete, /, **params: Any) -> int:
        """Run an UPDATE or DELETE; how many rows it matched.

        INSERT is refused: its count is no answer on PostgreSQL, ask by RETURNING.
        """
        plan = self._plan(statement)
        if plan.inserts or plan.returns or not plan.writes:
            raise Misuse("change() runs UPDATE and DELETE without RETURNING")
        return self._guard(self._session.execute, plan.text, plan.values(params))

    def insert(self, statement: Insert, /, **params: Any) -> None:
        """Run an INSERT without RETURNING."""
        self.run(statement, **params)

    def run(self, statement: Executable, /, **params: Any) -> None:
        """Run a statement that gives no rows and whose count nobody needs."""
        plan = self._plan(statement)
        if plan.returns:
            raise Misuse("this statement gives rows: use all(), first() or scalar()")
        self._guard(self._session.execute, plan.text, plan.values(params))

    def many(self, statement: Executable, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run a statement without RETURNING once per row of parameters, in one go."""
        plan = self._silent(statement)
        self._many(plan, [plan.values(row) for row in rows])

    def many_lines(
        self, statement: Executable, names: tuple[str, ...], rows: Iterable[Sequence[Any]]
    ) -> None:
        """The same for rows of values alone, in the order of `names`: a third of the cost."""
        plan = self._silent(statement)
        self._many(plan, plan.lines(names, rows))

    def _silent(self, statement: Executable) -> Plan:
        plan = self._plan(statement)
        if plan.returns:
            raise Misuse("many() runs statements without RETURNING")
        return plan

    def _many(self, plan: Plan, values: Sequence[Sequence[Any]]) -> None:
        if values:
            self._guard(self._session.execute_many, plan.text, values)

    def lock(self, name: str) -> None:
        """Hold a lock of this name until the unit ends; on SQLite the writer already does."""
        self._check()
        if not self._session.writable:
            raise Misuse("a lock in a unit that only reads")
        self._guard(self._session.lock, name)

    def wait_for_writers(self, table: Table) -> None:
        """Wait until no other unit writes rows of `table`, and hold up those that begin to.

        For what must see every row that others are about to store; call it first in a unit.
        """
        self._check()
        if not self._session.writable:
            raise Misuse("a lock in a unit that only reads")
        self._guard(self._session.wait_for_writers, table.name)

    def after_commit(self, effect: Callable[[], None]) -> None:
        """Call `effect` on the event loop once the unit is stored, before its caller resumes.

        A crash loses it, so it is only ever a hint. What must happen is a job.
        """
        self._check()
        self._effects.append(effect)

    def publish(self, topic: str, payload: bytes = b"") -> None:
        """Put a hint on the bus (storage/notices.py) once the unit is stored; once per unit."""
        self._check()
        self._notices[topic, payload] = None

    def _check(self) -> None:
        if self._over:
            raise TxOver("this Tx is over: its unit of work has ended")
        if self._broken is not None:
            raise TxOver("this Tx is over: a database error ended its unit of work")

    def _plan(self, statement: Executable) -> Plan:
        if self._over or self._broken is not None:
            self._check()
        plan = self._session.plans.get(statement)
        if plan.writes and not self._session.writable:
            raise Misuse("a statement that writes, in a unit that only reads")
        return plan

    def _rows(
        self, fetch: Callable[[str, Any], list[Row]], statement: Any, params: dict[str, Any]
    ) -> list[Any]:
        plan = self._plan(statement)
        if not plan.returns:
            raise Misuse("this statement gives no rows: use run() or change()")
        values = plan.values(params)
        try:  # not through _guard: most statements come here
            rows = fetch(plan.text, values)
        except StorageError as error:
            self._broken = error
            raise
        return plan.rows(rows)

    def _guard(self, call: Callable[..., T], *args: Any) -> T:
        try:
            return call(*args)
        except StorageError as error:
            self._broken = error
            raise

    def end(self) -> StorageError | None:
        """Refuse all further use; the database error that ended the unit, if one did."""
        self._over = True
        return self._broken

    @property
    def effects(self) -> tuple[Callable[[], None], ...]:
        """What to call after the commit; for the lane."""
        return tuple(self._effects)

    @property
    def notices(self) -> tuple[tuple[str, bytes], ...]:
        """What to publish after the commit; for the lane."""
        return tuple(self._notices)
