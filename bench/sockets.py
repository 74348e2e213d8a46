"""What listeners cost: the memory that idle live connections add to a serving process.

`python -m bench.sockets` opens 2,000 and prints the figures.
"""

import asyncio
import hashlib
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Final, NamedTuple

from bench.node import BenchNode, bench_node

SOCKETS: Final = 2000
EACH: Final = 50
"""Connections of one person, below `social.streaming.MOST_CHANNELS`."""

AT_A_TIME: Final = 50
SETTLING_SECONDS: Final = 1.0

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Cost(NamedTuple):
    """Resident memory in MB, before and with the connections, and how many of them stood."""

    before: float
    after: float
    standing: int

    @property
    def added(self) -> float:
        """MB that they took."""
        return self.after - self.before


def give_listeners(node: BenchNode, people: int) -> list[str]:
    """Accounts like the first one, each with a token; the tokens."""
    tokens = [f"listener-{number:05}" for number in range(people)]
    with closing(sqlite3.connect(node.database)) as connection, connection:
        for number, token in enumerate(tokens):
            changed = {"id": 20_000 + number, "handle": f"l{number}", "handle_folded": f"l{number}"}
            changed |= {"uri": f"{node.origin}/a/{20_000 + number}"}
            changed |= {"email": f"l{number}@x.example", "email_folded": f"l{number}@x.example"}
            for table in ("actors", "accounts"):
                _like(connection, table, "id IN (SELECT min(id) FROM accounts)", changed)
            hashed = hashlib.sha256(token.encode()).digest()
            owned = {"id": 20_000 + number, "account_id": 20_000 + number, "hash": hashed}
            _like(connection, "tokens", "id IN (SELECT min(id) FROM tokens)", owned)
    return tokens


def _like(
    connection: sqlite3.Connection, table: str, which: str, changed: dict[str, object]
) -> None:
    """A row like another one, with other values in those columns of `changed` that it has."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(f":{name}" if name in changed else name for name in columns)
    connection.execute(
        f"INSERT INTO {table}({', '.join(columns)}) SELECT {values} FROM {table} WHERE {which}",
        changed,
    )


@asynccontextmanager
async def listening(node: BenchNode, tokens: list[str], count: int) -> AsyncIterator[list[Opened]]:
    """`count` sockets, each subscribed to its person's home and notifications."""
    async with AsyncExitStack() as stack:
        opened: list[Opened] = []
        for start in range(0, count, AT_A_TIME):
            numbers = range(start, min(start + AT_A_TIME, count))
            some = await asyncio.gather(
                *(_connect(node, tokens[number % len(tokens)]) for number in numbers)
            )
            for reader, writer in some:
                stack.callback(writer.close)
                opened.append((reader, writer))
        yield opened


async def _connect(node: BenchNode, token: str) -> Opened:
    """A WebSocket by hand (RFC 6455), so that the other side of the measurement stays small."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    asked = (
        f"GET /api/v1/streaming?stream=user HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: {token}\r\n\r\n"
    )
    writer.write(asked.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.decode())
    writer.write(_masked(b'{"type":"subscribe","stream":"user:notification"}'))
    return reader, writer


def _masked(text: bytes) -> bytes:
    """A text frame of a client, under a mask of zeros."""
    return bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text


async def measure(node: BenchNode, count: int = SOCKETS) -> Cost:
    """Open the connections, wait until the node is quiet, and read its memory."""
    tokens = give_listeners(node, count // EACH)
    async with listening(node, tokens, EACH):
        await asyncio.sleep(SETTLING_SECONDS)  # whatever is made once is made
    before = node.measured.memory_mb()
    async with listening(node, tokens, count) as opened:
        await asyncio.sleep(SETTLING_SECONDS)
        after = node.measured.memory_mb()
        standing = sum(not reader.at_eof() for reader, _ in opened)
    return Cost(before, after, standing)


def first_person(node: BenchNode) -> str:
    """The account that all listeners are like; its token."""
    node.command(
        *("account", "create", "first", "--email", "first@bench.example"),
        *("--password", "a long bench password"),
    )
    return node.command("token", "create", "first", "--scopes", "read write follow")


async def _main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with bench_node(Path(folder)) as node:
            first_person(node)
            cost = await measure(node)
            print(
                f"{cost.standing:,} idle sockets: {cost.added:.0f} MB more than {cost.before:.0f},"
                f" {cost.added * 1024 / cost.standing:.1f} kB each"
            )


if __name__ == "__main__":
    asyncio.run(_main())
