"""A node as a process of its own, looked after as an operator would."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession

TERTULIA = str(Path(sys.executable).with_name("tertulia"))


class ServedNode:
    """`tertulia serve` over SQLite in a folder of its own; its commands, and its rows to look at.

    `settings` are TERTULIA_… variables without the prefix.
    """

    def __init__(self, folder: Path, name: str, port: int, **settings: str) -> None:
        self.folder = folder
        self.name = name
        self.port = port
        self.host = f"{name}.localhost:{port}"
        self.origin = f"http://{self.host}"
        self.base = f"http://127.0.0.1:{port}"
        self.process: asyncio.subprocess.Process | None = None
        given = {
            "DATA": str(folder),
            "BIND": f"127.0.0.1:{port}",
            "ORIGIN": self.origin,
            "RATE_LIMITS": "off",
            "ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
            **settings,
        }
        self.environment = os.environ | {f"TERTULIA_{key}": value for key, value in given.items()}

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "tertulia.sqlite3"

    def command(self, *arguments: str) -> str:
        """Run `tertulia …`; what it printed. Raises RuntimeError with what it complained of."""
        done = subprocess.run(
            [TERTULIA, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            what = " ".join(arguments[:2])
            raise RuntimeError(f"tertulia {what}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    async def start(self) -> None:
        """Start serving and wait until it answers, at most half a minute."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "serve.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                TERTULIA, "serve", env=self.environment, stdout=log, stderr=log
            )
        async with asyncio.timeout(60), ClientSession() as session:
            while not await self._answers(session):
                await asyncio.sleep(0.05)

    async def _answers(self, session: ClientSession) -> bool:
        if self.process is not None and self.process.returncode is not None:
            raise RuntimeError(f"{self.host} did not start: see {self.folder / 'serve.log'}")
        try:
            async with session.get(f"{self.base}/api/v2/instance") as answer:
                return answer.status == 200
        except ClientError:
            return False

    async def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 30)

    def rows(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows from the database, read beside the running node."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(question, values).fetchall()
