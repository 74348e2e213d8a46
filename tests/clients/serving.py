"""Nodes as an operator runs them: `tertulia serve` in a process of its own, commands beside it.

In the serving process the oracles (`tests/support/oracles.py`) read along.

The address is `http://127.0.0.1:PORT`, because client programs ask the machine's resolver, and not
every resolver knows names under `.localhost` (RFC 6761 leaves it to them).
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

from click.testing import CliRunner

from bench.ports import free_port
from server.cli import main
from tests.support import watched

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "seven wet umbrellas"
STARTS_WITHIN = 80.0
SEEN_WITHIN = 40.0


class NodeError(AssertionError):
    """A node or one of its commands did not do what it was told; the text has its last words."""


class ServedNode:
    """A node that serves in another process."""

    def __init__(self, name: str, folder: Path, port: int) -> None:
        self.name = name
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.domain = f"127.0.0.1:{port}"

    def tertulia(self, *arguments: str, given: str = "") -> str:
        """Run `tertulia …` for this node, without waiting for a process; what it printed."""
        others = {name: None for name in os.environ if "TERTULIA" in name}
        before = os.umask(0o077)  # a command sets it, too
        try:
            done = CliRunner().invoke(
                main, list(arguments), input=given, env={**others, **self.environment()}
            )
        finally:
            os.umask(before)
        if done.exit_code != 0:
            raise NodeError(f"tertulia {' '.join(arguments)}: {done.output}")
        return done.stdout

    def person(self, handle: str) -> str:
        """Make an account; its full handle."""
        mail = f"{handle}@mail.example"
        self.tertulia(
            *("account", "create", handle, "--email", mail, "--password", "-"),
            given=f"{PASSWORD}\n",
        )
        return f"@{handle}@{self.domain}"

    def environment(self) -> dict[str, str]:
        """Everything that this node is told, and nothing of another one."""
        kept = {name: value for name, value in os.environ.items() if "TERTULIA" not in name}
        return kept | {
            "TERTULIA_DATA": str(self.folder),
            "TERTULIA_BIND": self.domain,
            "TERTULIA_ORIGIN": self.url,
            "TERTULIA_NAME": self.name,
            "TERTULIA_FEDERATION": "open",
            "TERTULIA_PUBLIC_MEANS": "public",
            "TERTULIA_RATE_LIMITS": "off",
            "TERTULIA_LINK_PREVIEWS": "off",
            "TERTULIA_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
            watched.REPORT: str(self.report),
        }

    @property
    def report(self) -> Path:
        """Where the oracles of the serving process leave what they read."""
        return self.folder.with_suffix(".report")

    @property
    def log(self) -> Path:
        """What the serving process said."""
        return self.folder.with_suffix(".log")

    def last_words(self) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text().splitlines()[-30:])


@contextmanager
def served(name: str, folder: Path, port: int = 0) -> Iterator[ServedNode]:
    """`tertulia serve` over a fresh data folder until the block ends; by default on any port."""
    node = ServedNode(name, folder / name, port or free_port())
    with node.log.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", watched.__name__, "serve"],
            cwd=ROOT,
            env=node.environment(),
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for_start(node, process)
            yield node
        finally:
            _end(process)
            watched.take_over(node.report)


def _wait_for_start(node: ServedNode, process: subprocess.Popen[bytes]) -> None:
    end = monotonic() + STARTS_WITHIN
    while f"Tertulia is at {node.url}" not in node.log.read_text():
        if process.poll() is not None or monotonic() > end:
            raise NodeError(f"{node.name} does not serve:\n{node.last_words()}")
        sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STARTS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def program(name: str) -> str:
    """A program of the environment in which the tests run."""
    return str(Path(sys.executable).parent / name)


def seen(look: Callable[[], T | None], what: str, seconds: float = SEEN_WITHIN) -> T:
    """Look again and again until something is there; fails after a bounded time."""
    end = monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if monotonic() > end:
            raise NodeError(f"never seen: {what}")
        sleep(0.1)
