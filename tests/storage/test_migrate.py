"""Migrations: nothing half done, no child rows lost, a copy first, and no drift."""

import sqlite3
import stat
from pathlib import Path

import pytest

from storage import migrate
from storage.errors import AlreadyServed
from storage.migrate import BrokenReferences, SchemaMismatch, copy_sqlite, current, upgrade
from storage.sqlite import ServingLock

HEAD = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
"""

FIRST = """
    op.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT)")
    op.execute(
        "CREATE TABLE children (id INTEGER PRIMARY KEY, "
        "parent INTEGER NOT NULL REFERENCES parents (id) ON DELETE CASCADE)"
    )
    op.execute("INSERT INTO parents VALUES (1, 'one')")
    op.execute("INSERT INTO children VALUES (10, 1)")
"""
REBUILD = """
    with op.batch_alter_table("parents", recreate="always") as batch:
        batch.alter_column("name", nullable=False, existing_type=sa.Text())
"""
FAILING = """
    op.execute("ALTER TABLE parents ADD COLUMN half TEXT")
    op.execute("INSERT INTO parents VALUES (2, 'two', 'x')")
    raise LookupError("half-way")
"""
ORPHANS = """
    op.execute("DELETE FROM parents")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A history of its own."""
    made = tmp_path / "history"
    (made / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        (made / name).write_text((migrate.FOLDER / name).read_text())
    add(made, "0001", None, FIRST)
    return made


def add(folder: Path, revision: str, down: str | None, body: str) -> None:
    text = HEAD.format(revision=revision, down=down) + body
    (folder / "versions" / f"{revision}_step.py").write_text(text)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return str(tmp_path / "tertulia.db")


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(url)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_a_new_file_gets_every_step(folder: Path, url: str) -> None:
    assert upgrade(url, folder) == "0001"
    assert current(url) == "0001"
    assert upgrade(url, folder) == "0001"
    assert rows(url, "PRAGMA journal_mode") == [("wal",)]


def test_rebuilding_a_table_keeps_its_children(folder: Path, url: str) -> None:
    upgrade(url, folder)
    add(folder, "0002", "0001", REBUILD)
    assert upgrade(url, folder) == "0002"
    assert rows(url, "SELECT * FROM children") == [(10, 1)]


def test_a_failed_step_leaves_nothing_behind(folder: Path, url: str) -> None:
    upgrade(url, folder)
    add(folder, "0002", "0001", REBUILD)
    add(folder, "0003", "0002", FAILING)
    with pytest.raises(LookupError):
        upgrade(url, folder)
    assert current(url) == "0001"
    assert rows(url, "SELECT * FROM parents") == [(1, "one")]


def test_a_step_that_breaks_references_is_undone(folder: Path, url: str) -> None:
    upgrade(url, folder)
    add(folder, "0002", "0001", ORPHANS)
    with pytest.raises(BrokenReferences, match="children"):
        upgrade(url, folder)
    assert current(url) == "0001"
    assert rows(url, "SELECT id FROM parents") == [(1,)]


def test_the_file_is_copied_first(folder: Path, url: str) -> None:
    upgrade(url, folder)
    assert list(Path(url).parent.glob("*.before-*")) == []
    add(folder, "0002", "0001", "    op.execute('DELETE FROM children')\n")
    upgrade(url, folder)
    copy = Path(url + ".before-0001")
    assert rows(str(copy), "SELECT * FROM children") == [(10, 1)]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert rows(url, "SELECT * FROM children") == []


def test_a_served_file_is_not_migrated(folder: Path, url: str) -> None:
    lock = ServingLock(Path(url))
    with pytest.raises(AlreadyServed):
        upgrade(url, folder)
    lock.release()
    assert upgrade(url, folder) == "0001"


def test_copying_while_others_write(folder: Path, url: str, tmp_path: Path) -> None:
    upgrade(url, folder)
    writer = sqlite3.connect(url, isolation_level=None)
    left: list[int] = []
    copy_sqlite(Path(url), tmp_path / "copy.db", left.append)
    writer.execute("INSERT INTO children VALUES (11, 1)")
    writer.close()
    assert left[-1] == 0
    assert rows(str(tmp_path / "copy.db"), "SELECT count(*) FROM children") == [(1,)]


def test_the_product_refuses_another_schema(folder: Path, url: str) -> None:
    add(folder, "9999", "0001", "    pass\n")
    upgrade(url, folder)
    with pytest.raises(SchemaMismatch):
        migrate.require_current(url)


def test_a_draft_holds_every_table_in_plain_types(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = migrate.draft("everything", folder)
    text = path.read_text()
    assert path.name == "0002_everything.py"
    assert "op.create_table" in text
    assert "sqlite_strict=True" in text
    assert "storage." not in text


@pytest.mark.both
def test_the_tables_and_their_history_agree(database_url: str) -> None:
    assert migrate.differences(database_url) == []


@pytest.mark.both
def test_the_history_reaches_the_newest_step(database_url: str) -> None:
    upgrade(database_url)
    assert current(database_url) == migrate.head()
    migrate.require_current(database_url)
