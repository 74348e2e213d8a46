"""PostgreSQL through psycopg, made to behave like SQLite where the two would differ."""

from collections.abc import Sequence
from typing import Any, ClassVar

import psycopg
from psycopg.adapt import Loader
from psycopg.pq import ExecStatus
from psycopg.types.numeric import Int8Dumper

from storage.dialects import POSTGRESQL, libpq_url
from storage.errors import StatementFailed, StorageError, TryAgain, Unavailable, from_postgresql
from storage.plans import plans_of
from storage.sessions import Rows, Session, Values

Connection = psycopg.Connection[tuple[Any, ...]]


class _NumericLoader(Loader):
    """`sum(bigint)` is numeric on PostgreSQL and an integer on SQLite: an integer on both."""

    def load(self, data: bytes | bytearray | memoryview) -> int | float:
        text = bytes(data)
        return int(text) if text.removeprefix(b"-").isdigit() else float(text)


class PostgreSQLSession(Session):
    """A connection to PostgreSQL.

    `limit`: seconds that one statement may run, then TooSlow. `prepare`: after how many runs a
    statement is prepared; None behind a pooler that shares connections between transactions.
    """

    name = "postgresql"
    driver_errors: ClassVar = (psycopg.Error, OverflowError, UnicodeEncodeError)

    def __init__(
        self, url: str, *, writable: bool, limit: float | None = None, prepare: int | None = 5
    ) -> None:
        super().__init__(plans_of(POSTGRESQL), writable=writable)
        self._url = url
        self._prepare = prepare
        self._options = "" if limit is None else f"-c statement_timeout={int(limit * 1000)}"
        # A page in six statements is one snapshot, as on SQLite.
        self._begin = b"BEGIN" if writable else b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        self._connect()

    def _connect(self) -> None:
        self._connection = connect(self._url, prepare=self._prepare, options=self._options)
        self._cursor = self._connection.cursor()

    @property
    def connected(self) -> bool:
        """Whether the connection still works, as far as the client knows."""
        return not self._connection.closed

    def _command(self, text: bytes) -> None:
        # Straight to libpq: a third of a cursor's cost, and every unit sends two of these.
        result = self._connection.pgconn.exec_(text)
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)

    def begin(self) -> None:
        """Start a unit."""
        self.guarded(self._command, self._begin)

    def commit(self) -> None:
        """Store the unit."""
        self.guarded(self._command, b"COMMIT")

    def rollback(self) -> None:
        """Forget the unit; a lost connection has already done so."""
        try:
            self.guarded(self._command, b"ROLLBACK")
        except StorageError:
            self._connection.close()

    def lock(self, name: str) -> None:
        """Wait for, and hold until the unit ends, a lock that only this name shares."""
        self.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", (name,))

    def wait_for_writers(self, table: str) -> None:
        """Wait until nobody writes rows of a table; hold up who begins to, until the unit ends.

        Every INSERT, UPDATE and DELETE holds the weaker ROW EXCLUSIVE until its unit ends.
        """
        self.execute(f'LOCK TABLE "{table}" IN SHARE ROW EXCLUSIVE MODE', ())

    def notify(self, channel: str, payload: str) -> None:
        """Tell every process that listens on `channel`, at once and outside any unit."""
        self.execute("SELECT pg_notify($1, $2)", (channel, payload))

    def reopen(self) -> None:
        """Replace the connection. Raises Unavailable."""
        self.close()
        self._connect()

    def idle(self) -> None:
        """Nothing to do between units."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def translated(self, error: Exception) -> StorageError:
        """Our error for one of `driver_errors`."""
        if not isinstance(error, psycopg.Error):
            return StatementFailed(type(error).__name__)
        ours = from_postgresql(error, connected=self.connected)
        if isinstance(ours, TryAgain) and error.sqlstate == "0A000":
            self._connection.close()  # the stale plans go with it; the retry opens another
        return ours

    def _all(self, text: str, values: Values) -> Rows:
        return self._cursor.execute(text, values).fetchall()

    def _first(self, text: str, values: Values) -> Rows:
        row = self._cursor.execute(text, values).fetchone()
        return [] if row is None else [row]

    def _execute(self, text: str, values: Values) -> int:
        return self._cursor.execute(text, values).rowcount

    def _execute_many(self, text: str, values: Sequence[Values]) -> None:
        self._cursor.executemany(text, values)


def connect(url: str, *, prepare: int | None = 5, options: str = "") -> Connection:
    """Open a connection in autocommit. Raises Unavailable."""
    try:
        connection: Connection = psycopg.connect(
            libpq_url(url),
            autocommit=True,
            prepare_threshold=prepare,
            cursor_factory=psycopg.RawCursor,
            connect_timeout=10,
            options=f"-c client_encoding=UTF8 -c TimeZone=UTC -c jit=off {options}",
        )
    except psycopg.Error as error:
        # A URL may hold a password, and the error's text holds the URL.
        failure = Unavailable(error.sqlstate or type(error).__name__, connected=False)
    else:
        # One parameter type whatever the number's size: one prepared plan per statement.
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.adapters.register_loader("numeric", _NumericLoader)
        return connection
    raise failure
