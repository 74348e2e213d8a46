"""SQLite: one file, WAL, `synchronous=FULL`."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar, Final

from storage.dialects import SQLITE
from storage.errors import AlreadyServed, StorageError, Unavailable, from_sqlite
from storage.plans import plans_of
from storage.sessions import Rows, Session, Values

BUSY_MS: Final = 5_000
JOURNAL_LIMIT: Final = 64 * 1024 * 1024
#: Pages of the log that are copied into the file together: 16 MB. Hot pages are copied once then.
CHECKPOINT_PAGES: Final = 4_000
PROGRESS_STEPS: Final = 10_000

_SETTINGS: Final = (
    f"busy_timeout={BUSY_MS}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"journal_size_limit={JOURNAL_LIMIT}",
    f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    "cache_size=-16384",
    "temp_store=MEMORY",
)

#: The driver takes exact numbers and text as they are, but looks for two ways of being asked in
#: whatever else it is given before it takes that as it is: 0.2 µs for each None, flag and blob,
#: 0.07 if it finds an answer at once. A post has fifteen of them.
_AS_THEY_ARE: Final[tuple[tuple[type, Callable[[Any], Any]], ...]] = (
    (NoneType, {}.get),
    (bool, int),
    (bytes, bytes),
)
for _kind, _itself in _AS_THEY_ARE:
    sqlite3.register_adapter(_kind, _itself)


class SQLiteSession(Session):
    """A connection to one SQLite file. `limit`: seconds that a unit may run, then TooSlow."""

    name = "sqlite"
    driver_errors: ClassVar = (sqlite3.Error, OverflowError, UnicodeEncodeError)

    def __init__(
        self, path: Path, *, writable: bool, limit: float | None = None, waits: bool = True
    ) -> None:
        """`waits`: for a locked file, up to five seconds; otherwise Unavailable at once."""
        super().__init__(plans_of(SQLITE), writable=writable)
        self._path = path
        self._limit = limit
        self._waits = waits
        self._stop_at = 0.0
        self._connect()

    def _connect(self) -> None:
        self._connection = self.guarded(self._open)
        # One for all statements: the next one ends what the one before it left unread.
        self._cursor = self._connection.cursor()

    def _open(self) -> sqlite3.Connection:
        # mode=rw: a mistyped path must not become an empty database.
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=1024,
        )
        for setting in (*_SETTINGS, *(() if self.writable else ("query_only=ON",))):
            connection.execute(f"PRAGMA {setting}")
        if not self._waits:
            connection.execute("PRAGMA busy_timeout=0")
        if self._limit is not None:
            # A reader that never ends keeps the log from being recycled: 370 MB were seen.
            connection.set_progress_handler(self._late, PROGRESS_STEPS)
        return connection

    def _late(self) -> bool:
        return time.monotonic() > self._stop_at

    def begin(self) -> None:
        """Start a unit. Writers take the lock at once: a later upgrade fails without waiting."""
        if self._limit is not None:
            self._stop_at = time.monotonic() + self._limit
        self.execute("BEGIN IMMEDIATE" if self.writable else "BEGIN", ())

    def commit(self) -> None:
        """Store the unit; if that fails, nothing of it is kept."""
        try:
            self.execute("COMMIT", ())
        except StorageError:
            self.rollback()
            raise

    def rollback(self) -> None:
        """Forget the unit. SQLite may have done so by itself."""
        self._stop_at = time.monotonic() + BUSY_MS / 1000
        if self._connection.in_transaction:
            try:
                self.execute("ROLLBACK", ())
            except StorageError:
                self.reopen()

    def mark(self) -> None:
        """Mark the place to which one unit of a group can be undone."""
        self.execute("SAVEPOINT unit", ())

    def keep(self) -> None:
        """Keep what was done since the mark."""
        self.execute("RELEASE unit", ())

    def undo(self) -> bool:
        """Undo what was done since the mark; False if the whole transaction is gone.

        Interrupts, a full disk and I/O errors make SQLite roll back everything by itself.
        """
        try:
            self.execute("ROLLBACK TO unit", ())
            self.execute("RELEASE unit", ())
        except StorageError:
            self.rollback()
            return False
        return True

    def lock(self, name: str) -> None:
        """Nothing to do: whoever writes already excludes every other writer."""

    def wait_for_writers(self, table: str) -> None:
        """Nothing to do: whoever writes already excludes every other writer."""

    def reopen(self) -> None:
        """Replace the connection."""
        self.close()
        self._connect()

    def idle(self) -> None:
        """Give a long write-ahead log back to the file system, unless somebody reads it."""
        self.execute("PRAGMA busy_timeout=0", ())
        try:
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)", ())
        except Unavailable:
            return  # next time
        finally:
            self.execute(f"PRAGMA busy_timeout={BUSY_MS if self._waits else 0}", ())

    def close(self) -> None:
        """Close the connection, whatever was left unread."""
        with suppress(sqlite3.ProgrammingError):  # it is closed already, and could not be reopened
            self._cursor.close()
        self._connection.close()

    def translated(self, error: Exception) -> StorageError:
        """Our error for one of `driver_errors`."""
        return from_sqlite(error)

    def _all(self, text: str, values: Values) -> Rows:
        return self._cursor.execute(text, values).fetchall()

    def _first(self, text: str, values: Values) -> Rows:
        row = self._cursor.execute(text, values).fetchone()
        return [] if row is None else [row]

    def _execute(self, text: str, values: Values) -> int:
        return self._cursor.execute(text, values).rowcount

    def _execute_many(self, text: str, values: Sequence[Values]) -> None:
        self._cursor.executemany(text, values)


class ServingLock:
    """Held by the one process that serves a SQLite file; ends with the process."""

    def __init__(self, path: Path) -> None:
        """Take the lock beside the file at `path`. Raises AlreadyServed."""
        lock = path.with_name(path.name + ".serving")
        self._handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise AlreadyServed(f"another process serves {path.name}") from None

    def release(self) -> None:
        """Let another process serve the file."""
        os.close(self._handle)
