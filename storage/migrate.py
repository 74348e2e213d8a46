"""The schema's history: bring a database up to date, draft the next step, find drift.

SQLite: the file is copied first, foreign keys are off while tables are rebuilt (dropping the old
table would delete every child row without an error), all steps are one transaction, and foreign
keys are checked before its COMMIT. PostgreSQL: one transaction under an advisory lock.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from storage.columns import Enum8, Flag, Id, Real
from storage.connect import sqlite_path
from storage.dialects import is_postgresql, libpq_url
from storage.errors import StorageError
from storage.sqlite import ServingLock
from storage.tables import metadata

FOLDER: Final = Path(__file__).parent / "migrations"

_LOCK: Final = 7_357_001
_COPY_PAGES: Final = 2_048
_NAMES: Final = ((Enum8, "SMALL"), (Flag, "FLAG"), (Id, "BIG"), (Real, "REAL"))


def _rendered_type(kind: str, value: Any, _: AutogenContext) -> str | bool:
    """Write our column types as the plain ones they are: a migration never changes afterwards."""
    if kind == "type":
        for own, name in _NAMES:
            if isinstance(value, own):
                return name
    return False


CONFIGURE: Final[dict[str, Any]] = {
    "compare_type": True,
    "compare_server_default": True,
    "render_as_batch": True,
    "render_item": _rendered_type,
}


class BrokenReferences(StorageError):  # noqa: N818 - as in storage.errors
    """A migration would leave rows that refer to nothing; it was rolled back."""


class SchemaMismatch(StorageError):  # noqa: N818 - as in storage.errors
    """The database is not at the schema that this program needs."""


def upgrade(url: str, folder: Path = FOLDER) -> str | None:
    """Run all missing migrations; the revision reached.

    Raises AlreadyServed while a process serves the SQLite file, BrokenReferences, and the
    database's own error: then nothing has changed.
    """
    if is_postgresql(url):
        with _connected(url) as connection, connection.begin():
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            command.upgrade(_config(folder, connection), "head")
            return _revision(connection)
    lock = ServingLock(sqlite_path(url))
    try:
        return _upgrade_sqlite(url, folder)
    finally:
        lock.release()


def _upgrade_sqlite(url: str, folder: Path) -> str | None:
    with _connected(url) as connection:
        before = _revision(connection)
        if before == head(folder):
            return before
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        if before is not None:
            path = sqlite_path(url)
            copy_sqlite(path, path.with_name(f"{path.name}.before-{before}"))
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            command.upgrade(_config(folder, connection), "head")
            _check_references(connection)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
        return _revision(connection)


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = sorted({str(row[0]) for row in broken})
        raise BrokenReferences(f"{len(broken)} rows refer to nothing, in {', '.join(tables)}")


def current(url: str) -> str | None:
    """The revision of a database; None if it has none yet."""
    with _connected(url) as connection:
        return _revision(connection)


def head(folder: Path = FOLDER) -> str | None:
    """The newest revision that this program knows."""
    return ScriptDirectory.from_config(_config(folder, None)).get_current_head()


def require_current(url: str) -> None:
    """Raise SchemaMismatch unless the database is at the newest revision."""
    found, wanted = current(url), head()
    if found != wanted:
        raise SchemaMismatch(f"the database is at {found}, this program needs {wanted}")


def differences(url: str) -> list[Any]:
    """What autogenerate would change: the drift between the migrations and the tables."""
    with _connected(url) as connection:
        options = {key: CONFIGURE[key] for key in ("compare_type", "compare_server_default")}
        found: list[Any] = compare_metadata(
            MigrationContext.configure(connection, opts=options), metadata
        )
        return found


def draft(message: str, folder: Path = FOLDER) -> Path:
    """Write the next migration from the difference between the tables and the history."""
    with tempfile.TemporaryDirectory() as temporary:
        url = str(Path(temporary) / "draft.db")
        upgrade(url, folder)
        with _connected(url) as connection:
            config = _config(folder, connection)
            count = len(list(ScriptDirectory.from_config(config).walk_revisions()))
            made = command.revision(config, message, autogenerate=True, rev_id=f"{count + 1:04d}")
    if made is None or isinstance(made, list):
        raise StorageError("no migration was written")
    return Path(made.path)


def copy_sqlite(source: Path, target: Path, progress: Callable[[int], None] | None = None) -> None:
    """Copy a SQLite file while it is in use, in steps that let writers through.

    The copy appears under its name only when it is whole, readable by its owner alone.
    `progress` is told how many pages are left.
    """
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    reader, writer = sqlite3.connect(source), sqlite3.connect(part)
    try:
        reader.backup(
            writer,
            pages=_COPY_PAGES,
            progress=None if progress is None else lambda _, left, __: progress(left),
        )
    finally:
        writer.close()
        reader.close()
    os.replace(part, target)  # noqa: PTH105 - atomic, unlike Path.rename on every system


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    if is_postgresql(url):
        address = libpq_url(url).replace("postgresql://", "postgresql+psycopg://", 1)
        engine = create_engine(address, poolclass=NullPool, hide_parameters=True)
    else:
        # Autocommit: pysqlite would commit before DDL, and a failed migration would stay.
        engine = create_engine(
            f"sqlite:///{sqlite_path(url)}",
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={"isolation_level": None},
        )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(folder: Path, connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
