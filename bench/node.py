"""A real node as a process of its own, whose CPU time is read from the kernel."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from bench.ports import free_port
from bench.process import Measured
from demo.process import ServedNode


class BenchNode(ServedNode):
    """One serving process over SQLite in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, "bench", port, FEDERATION="open", PUBLIC_MEANS="public")
        self.numbers = 0

    @property
    def measured(self) -> Measured:
        """The serving process."""
        assert self.process is not None
        return Measured(self.process.pid)

    def ask(self, question: str, *values: object) -> int:
        """One number from the database, read beside the running node."""
        return int(self.rows(question, *values)[0][0])

    def actor_uri(self, handle: str) -> str:
        """The id of one of our own people."""
        with closing(sqlite3.connect(self.database)) as connection:
            found = connection.execute(
                "SELECT uri FROM actors WHERE handle = ? AND origin_id = 1", (handle,)
            ).fetchone()
        return str(found[0])

    def give_followers(self, uri: str) -> None:
        """Let all our people follow a foreign actor that is known already, and keep their homes."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(
                "INSERT INTO follows(id, follower_id, target_id, state, uri, shares, notify,"
                " languages, created_at) SELECT random() >> 2, a.id, f.id, 2,"
                " 'bench:' || a.id || ' ' || f.id, 1, 0, '', 0"
                " FROM accounts a, actors f WHERE f.uri = ?",
                (uri,),
            )
            connection.execute("UPDATE accounts SET home_fresh_until = ?", (1 << 60,))

    def give_remote_followers(self, port: int, handle: str, count: int, servers: int) -> None:
        """Let foreign actors follow one of our people: each with an own inbox, on many servers."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(actors)")]
            origins = [row[1] for row in connection.execute("PRAGMA table_info(origins)")]
            for number in range(count):
                server = number % servers
                origin = f"http://s{server}.localhost:{port}"
                _copy(connection, "origins", origins, {"id": 9_000 + server, "origin": origin})
                inbox = f"{origin}/in/{number}"
                changed = {"id": 10_000 + number, "origin_id": 9_000 + server, "uri": inbox}
                changed |= {"handle": f"r{number}", "handle_folded": f"r{number}"}
                _copy(connection, "actors", columns, changed | {"inbox": inbox})
            connection.execute(
                "INSERT INTO follows(id, follower_id, target_id, state, uri, shares, notify,"
                " languages, created_at) SELECT r.id, r.id, t.id, 2, r.uri || '#f', 1, 0, '', 0"
                " FROM actors r, actors t WHERE r.id BETWEEN 10000 AND 99999"
                " AND t.handle = ? AND t.origin_id = 1",
                (handle,),
            )

    def next_number(self) -> int:
        """A number for the next note of the other side."""
        self.numbers += 1
        return self.numbers

    async def until_zero(self, question: str, seconds: float = 300) -> None:
        """Wait until a counting question answers 0."""
        async with asyncio.timeout(seconds):
            while await asyncio.to_thread(self.ask, question):
                await asyncio.sleep(0.1)

    async def until_quiet(self) -> None:
        """Wait until no job is due, so that what is measured next is measured alone."""
        await self.until_zero(
            "SELECT count(*) FROM jobs WHERE state = 0 AND run_at < unixepoch('subsec') * 1000"
        )


def _copy(
    connection: sqlite3.Connection, table: str, columns: list[str], changed: dict[str, object]
) -> None:
    """A row like that of the foreign actor or its origin, with other values in some columns."""
    values = ", ".join(f":{name}" if name in changed else name for name in columns)
    source = "handle = 'fern'" if table == "actors" else "origin LIKE 'http://far.%'"
    connection.execute(
        f"INSERT OR IGNORE INTO {table}({', '.join(columns)}) SELECT {values} FROM {table}"
        f" WHERE {source}",
        changed,
    )


@asynccontextmanager
async def bench_node(folder: Path) -> AsyncIterator[BenchNode]:
    """A running node with ten people, ended at the end."""
    node = BenchNode(folder, free_port())
    await node.start()
    try:
        yield node
    finally:
        await node.stop()
