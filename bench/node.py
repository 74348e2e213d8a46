"""A real node as a process of its own, whose CPU time is read from the kernel."""

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from aiohttp import ClientError, ClientSession

from bench.process import Measured


class BenchNode:
    """One serving process over SQLite in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.host = f"bench.localhost:{port}"
        self.origin = f"http://{self.host}"
        self.base = f"http://127.0.0.1:{port}"
        self.process: asyncio.subprocess.Process | None = None
        self.numbers = 0
        self.environment = {
            **os.environ,
            "TERTULIA_DATA": str(folder),
            "TERTULIA_BIND": f"127.0.0.1:{port}",
            "TERTULIA_ORIGIN": self.origin,
            "TERTULIA_FEDERATION": "open",
            "TERTULIA_PUBLIC_MEANS": "public",
            "TERTULIA_RATE_LIMITS": "off",
            "TERTULIA_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        }

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "tertulia.sqlite3"

    def command(self, *arguments: str) -> str:
        """Run `tertulia …` and give what it printed."""
        done = subprocess.run(
            [Path(sys.executable).with_name("tertulia"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"tertulia {arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    async def start(self) -> None:
        """Start serving and wait until it answers."""
        log = (self.folder / "serve.log").open("ab")
        self.process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("tertulia")),
            "serve",
            env=self.environment,
            stdout=log,
            stderr=log,
        )
        async with asyncio.timeout(30), ClientSession() as session:
            while not await self._answers(session):
                await asyncio.sleep(0.05)

    async def _answers(self, session: ClientSession) -> bool:
        try:
            async with session.get(f"{self.base}/api/v2/instance") as answer:
                return answer.status == 200
        except ClientError:
            return False

    async def stop(self) -> None:
        """Ask it to end, as an operator would."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 30)

    @property
    def measured(self) -> Measured:
        """The serving process."""
        assert self.process is not None
        return Measured(self.process.pid)

    def ask(self, question: str, *values: object) -> int:
        """One number from the database, read beside the running node."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            row = connection.execute(question, values).fetchone()
            return int(row[0])
        finally:
            connection.close()

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
                " created_at) SELECT a.id, a.id, f.id, 2, 'bench:' || a.id, 1, 0, 0"
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
                " created_at) SELECT r.id, r.id, t.id, 2, r.uri || '#f', 1, 0, 0"
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


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@asynccontextmanager
async def bench_node(folder: Path) -> AsyncIterator[BenchNode]:
    """A running node with ten people, ended at the end."""
    node = BenchNode(folder, free_port())
    await node.start()
    try:
        yield node
    finally:
        await node.stop()
