"""Fresh, migrated databases for tests, and the fixtures that hand them out.

SQLite: a template file copied per test. PostgreSQL: databases made from a migrated template, kept
per xdist worker, emptied by DELETE between tests. Tests marked `both` run on both databases, the
others on SQLite; TERTULIA_TEST_FULL=1 runs all on both.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from storage import migrate
from storage.connect import open_session
from storage.database import Database, rolled_back
from storage.tables import metadata
from storage.tx import Tx
from tests.support.postgres import Server, make_server

SHARED = "TERTULIA_TEST_SHARED"
"""The folder that the workers of one run share: templates, and the PostgreSQL server's address."""


class Databases:
    """Makes databases for one worker process."""

    def __init__(self, shared: Path, worker: str) -> None:
        self.shared = shared
        self.worker = worker
        self._count = 0
        self._free: list[str] = []
        self._made: list[str] = []

    def fresh(self, kind: str) -> str:
        """The URL of an empty, migrated database: `sqlite` or `postgresql`."""
        return self._sqlite() if kind == "sqlite" else self._postgresql()

    def give_back(self, url: str) -> None:
        if url.startswith("postgresql"):
            empty(url)
            self._free.append(url)
        else:
            shutil.rmtree(Path(url).parent, ignore_errors=True)

    def close(self) -> None:
        for url in self._made:
            with psycopg.connect(self.server_url(), autocommit=True) as admin:
                admin.execute(f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')

    def _sqlite(self) -> str:
        template = self.shared / "template.db"
        with locked(self.shared / "sqlite.lock"):
            if not template.exists():
                part = template.with_suffix(".part")
                migrate.upgrade(str(part))
                part.rename(template)
        folder = Path(tempfile.mkdtemp(dir=self.shared))
        return str(shutil.copy(template, folder / "tertulia.db"))

    def _postgresql(self) -> str:
        if self._free:
            return self._free.pop()
        self._count += 1
        template = self._template()
        name = f"{_name(template)}_{self.worker}_{self._count}"
        with (
            locked(self.shared / "postgresql.lock"),
            psycopg.connect(self.server_url(), autocommit=True) as admin,
        ):
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{_name(template)}"')
        url = with_name(template, name)
        self._made.append(url)
        return url

    def _template(self) -> str:
        """The URL of the migrated template; nobody may stay connected to it."""
        ready = self.shared / "postgresql.template"
        server = self.server_url()
        with locked(self.shared / "postgresql.lock"):
            if not ready.exists():
                name = f"tertulia_{self.shared.name}".lower().replace("-", "_")
                with psycopg.connect(server, autocommit=True) as admin:
                    admin.execute(
                        f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' "
                        "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
                    )
                migrate.upgrade(with_name(server, name))
                ready.write_text(with_name(server, name))
        return ready.read_text()

    def server_url(self) -> str:
        """The server's maintenance database."""
        given = os.environ.get("TERTULIA_TEST_DATABASE_URL")
        if given:
            return given
        address = self.shared / "postgresql.url"
        with locked(self.shared / "server.lock"):
            if not address.exists():
                server = make_server()
                server.stop_after(int((self.shared / "controller.pid").read_text()))
                (self.shared / "postgresql.folder").write_text(
                    f"{server.folder}\n{server.binaries}"
                )
                address.write_text(server.url)
        return address.read_text()


def empty(url: str) -> None:
    """Delete every row, in one round trip, without asking the foreign keys."""
    statements = "".join(f'DELETE FROM "{table.name}";' for table in metadata.sorted_tables)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET session_replication_role = replica; {statements}".encode())


def with_name(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only(kind): runs on that database, whatever is asked for")
    if not hasattr(config, "workerinput"):
        memory = Path("/dev/shm")
        usable = memory.is_dir() and os.access(memory, os.W_OK)
        shared = tempfile.mkdtemp(prefix="tertulia-test-", dir=memory if usable else None)
        (Path(shared) / "controller.pid").write_text(str(os.getpid()))
        os.environ[SHARED] = shared


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    shared = Path(os.environ.pop(SHARED, "nothing-shared"))
    template = shared / "postgresql.template"
    started = shared / "postgresql.folder"
    if template.exists() and not started.exists():
        with psycopg.connect(os.environ["TERTULIA_TEST_DATABASE_URL"], autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{_name(template.read_text())}"'.encode())
    if started.exists():
        folder, binaries = started.read_text().splitlines()
        Server(Path(folder), Path(binaries)).stop()
    shutil.rmtree(shared, ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames:
        metafunc.parametrize("database_kind", _kinds(metafunc.definition))


def _kinds(item: pytest.Item) -> list[str]:
    only = item.get_closest_marker("only")
    if only is not None:
        return [only.args[0]]
    both = item.get_closest_marker("both") or os.environ.get("TERTULIA_TEST_FULL") == "1"
    return ["sqlite", "postgresql"] if both else ["sqlite"]


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    made = Databases(Path(os.environ[SHARED]), os.environ.get("PYTEST_XDIST_WORKER", "alone"))
    yield made
    made.close()


@pytest.fixture
def new_database_url(databases: Databases, database_kind: str) -> Iterator[Callable[[], str]]:
    """Call it for each further database of this test's kind (stories with several nodes)."""
    urls: list[str] = []

    def make() -> str:
        urls.append(databases.fresh(database_kind))
        return urls[-1]

    yield make
    for url in urls:
        databases.give_back(url)


@pytest.fixture
def database_url(new_database_url: Callable[[], str]) -> str:
    """A fresh, migrated database of this test's kind."""
    return new_database_url()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A running Database over a fresh schema."""
    opened = await Database.open(database_url)
    yield opened
    await opened.close(timeout=5)


@pytest.fixture
def tx(database_url: str) -> Iterator[Tx]:
    """One Tx in a transaction that is rolled back: no event loop, no threads."""
    session = open_session(database_url, writable=True)
    try:
        with rolled_back(session) as opened:
            yield opened
    finally:
        session.close()


def folder_beside(url: str) -> Path:
    """A folder for the data of a node over this database: beside the file, or among the run's."""
    if url.startswith("postgresql"):
        return Path(tempfile.mkdtemp(prefix="nodes-", dir=os.environ[SHARED]))
    return Path(url).parent
