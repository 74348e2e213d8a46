"""What storage raises. Driver errors never leave it: their text holds parameters.

`ConstraintBroken`, `TryAgain`, `Unavailable` and `StatementFailed` come from the database;
`Overloaded`, `OutcomeUnknown`, `Closed` and `UnitFailed` from the lanes; `Misuse` is a bug in the
calling code. Tell errors apart by class, `kind` and `constraint`, never by their text.
"""

# ruff: noqa: N818 - they name what happened to a unit of work, as domain.errors does

from typing import Final, Literal

import psycopg

ConstraintKind = Literal["unique", "foreign", "check", "null", "other"]


class StorageError(Exception):
    """Base of everything that storage raises on its own account."""


class ConstraintBroken(StorageError):
    """A row broke a rule of the schema.

    Expected conflicts use ON CONFLICT … RETURNING instead: this error ends the unit of work.
    `constraint` is the rule's name where the database tells it (SQLite names only CHECK rules).
    """

    def __init__(self, kind: ConstraintKind, constraint: str | None = None) -> None:
        super().__init__(f"{kind} constraint broken: {constraint or 'unnamed'}")
        self.kind: Final = kind
        self.constraint: Final = constraint


class TryAgain(StorageError):
    """Deadlock, serialisation failure or a stale prepared plan; the lane retries three times."""


class Unavailable(StorageError):
    """The database cannot be reached, is locked, or cannot read or write its files.

    `connected` is False when the connection itself is gone.
    """

    def __init__(self, code: str, *, connected: bool = True) -> None:
        super().__init__(f"database not available ({code})")
        self.code: Final = code
        self.connected: Final = connected


class StatementFailed(StorageError):
    """The database refused a statement or a value; `code` is its SQLSTATE or SQLite name."""

    def __init__(self, code: str) -> None:
        super().__init__(f"statement failed ({code})")
        self.code: Final = code


class TooSlow(StatementFailed):
    """A read ran longer than its lane allows and was stopped."""


class Overloaded(StorageError):
    """The lane is full, or the unit waited too long to start. Nothing was done; answer 503."""


class OutcomeUnknown(StorageError):
    """The connection broke during COMMIT: the unit may or may not be stored."""


class Closed(StorageError):
    """The database is closing or closed. Nothing was done."""


class UnitFailed(StorageError, RuntimeError):
    """A closure ended with something that is no ordinary exception; that is the cause."""


class Misuse(StorageError, RuntimeError):
    """A Tx or Database used in a way that cannot be right."""


class TxOver(Misuse):
    """A Tx used after its unit of work ended, or after a database error in it."""


class AlreadyServed(StorageError):
    """Another process already serves this SQLite file."""


_SQLITE_KINDS: Final[dict[str, ConstraintKind]] = {
    "SQLITE_CONSTRAINT_UNIQUE": "unique",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "unique",
    "SQLITE_CONSTRAINT_ROWID": "unique",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign",
    "SQLITE_CONSTRAINT_CHECK": "check",
    "SQLITE_CONSTRAINT_NOTNULL": "null",
}
_SQLITE_UNAVAILABLE: Final = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_IOERR",
    "SQLITE_FULL",
    "SQLITE_CANTOPEN",
    "SQLITE_READONLY",
    "SQLITE_CORRUPT",
    "SQLITE_NOTADB",
    "SQLITE_PROTOCOL",
)
_PG_KINDS: Final[dict[str, ConstraintKind]] = {
    "23505": "unique",
    "23503": "foreign",
    "23514": "check",
    "23502": "null",
}
_PG_RETRY: Final = frozenset({"40001", "40P01", "55P03"})
_QUERY_CANCELED: Final = "57014"
# Connection lost, resources exhausted, shut down by an operator, system error.
_PG_UNAVAILABLE: Final = ("08", "53", "57P", "58")


def from_sqlite(error: Exception) -> StorageError:
    """Translate an error of the sqlite3 module (or a value it cannot store), without its text."""
    name: str = getattr(error, "sqlite_errorname", None) or type(error).__name__
    if name.startswith("SQLITE_CONSTRAINT"):
        kind = _SQLITE_KINDS.get(name, "other")
        # "CHECK constraint failed: NAME" holds a name of ours and no value.
        rule = str(error).rpartition(": ")[2] if kind == "check" else None
        return ConstraintBroken(kind, rule)
    if name.startswith(_SQLITE_UNAVAILABLE):
        return Unavailable(name)
    return TooSlow(name) if name == "SQLITE_INTERRUPT" else StatementFailed(name)


def from_postgresql(error: psycopg.Error, *, connected: bool) -> StorageError:
    """Translate a psycopg error, without its text; `connected`: the connection still works."""
    state = error.sqlstate or type(error).__name__
    if state == "0A000" and "cached plan" in (error.diag.message_primary or ""):
        # The one text that must be read: no own SQLSTATE exists for it (PostgreSQL plancache.c).
        return TryAgain(f"database asks to try again ({state})")
    if not connected or state.startswith(_PG_UNAVAILABLE):
        return Unavailable(state, connected=connected)
    if state in _PG_RETRY:
        return TryAgain(f"database asks to try again ({state})")
    if state.startswith("23"):
        return ConstraintBroken(_PG_KINDS.get(state, "other"), error.diag.constraint_name)
    return TooSlow(state) if state == _QUERY_CANCELED else StatementFailed(state)
