"""From a database's name to a session."""

from pathlib import Path

from storage.dialects import is_postgresql
from storage.postgresql import PostgreSQLSession
from storage.sessions import Session
from storage.sqlite import SQLiteSession


def open_session(
    url: str, *, writable: bool, limit: float | None = None, prepare: int | None = 5
) -> Session:
    """Open a session to a `postgresql://` URL or to the SQLite file at a path.

    `limit` and `prepare`: see the two session classes. Raises Unavailable.
    """
    if is_postgresql(url):
        return PostgreSQLSession(url, writable=writable, limit=limit, prepare=prepare)
    return SQLiteSession(sqlite_path(url), writable=writable, limit=limit)


def sqlite_path(url: str) -> Path:
    """The file that `url` (a path, or `sqlite:///path`) names."""
    return Path(url.removeprefix("sqlite:///"))
