"""Raw limits: the libraries alone, doing the same work with nothing of ours between them.

CPU microseconds, the median of several rounds. A limit is the sum of the parts that cannot be
left out: HTTP on bare aiohttp (`bench/bare.py`), the cryptography, the JSON, the cleaning of
HTML, the statements on the bare driver, and one change of threads where a page is read. The
node's paths are divided by these sums.
"""

import asyncio
import hashlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nh3
import orjson
import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ROUNDS = 5
HOME_BYTES = 34_000
NOTE = (
    "<p>" + "Learning happens where work happens. " * 24 + '<a href="https://a.example">x</a></p>'
)


def cpu_us(work: Callable[[], object], times: int) -> float:
    """CPU microseconds of one call, the median over rounds."""
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time_ns()
        for _ in range(times):
            work()
        rounds.append((time.process_time_ns() - begun) / times / 1000)
    return statistics.median(rounds)


def inbound_parts(body: bytes) -> dict[str, float]:
    """The parts of storing one signed Create with ten home rows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signature = key.sign(body, padding.PKCS1v15(), hashes.SHA256())
    public = key.public_key()
    cleaner = nh3.Cleaner()
    return {
        "RSA verify": cpu_us(
            lambda: public.verify(signature, body, padding.PKCS1v15(), hashes.SHA256()), 2000
        ),
        "SHA-256": cpu_us(lambda: hashlib.sha256(body).digest(), 5000),
        "JSON": cpu_us(lambda: orjson.loads(body), 5000),
        "HTML": cpu_us(lambda: cleaner.clean(NOTE), 2000),
        "SQLite, 32 a commit": _sqlite_inbound(),
    }


def _sqlite_inbound() -> float:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "raw.sqlite3", isolation_level=None)
        connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE seen(origin INT, uri TEXT, PRIMARY KEY(origin, uri)) STRICT;"
            "CREATE TABLE posts(id INTEGER PRIMARY KEY, uri TEXT UNIQUE, author INT, body TEXT,"
            " at INT) STRICT; CREATE INDEX by_author ON posts(author, id);"
            "CREATE TABLE tags(tag TEXT, post INT, PRIMARY KEY(tag, post)) STRICT;"
            "CREATE TABLE mentions(post INT, actor INT, PRIMARY KEY(post, actor)) STRICT;"
            "CREATE TABLE home(actor INT, post INT, PRIMARY KEY(actor, post)) STRICT;"
        )
        counter = iter(range(10**9))

        def group() -> None:
            connection.execute("BEGIN IMMEDIATE")
            for _ in range(32):
                n = next(counter)
                uri = f"https://far.example/o/{n}"
                connection.execute("INSERT INTO seen VALUES(?,?)", (1, uri))
                connection.execute("INSERT INTO posts VALUES(?,?,?,?,?)", (n, uri, 7, NOTE, n))
                connection.execute("INSERT INTO tags VALUES(?,?)", ("learning", n))
                connection.execute("INSERT INTO mentions VALUES(?,?)", (n, 3))
                connection.executemany(
                    "INSERT INTO home VALUES(?,?)", [(actor, n) for actor in range(10)]
                )
            connection.execute("COMMIT")

        spent = cpu_us(group, 40) / 32
        connection.close()
    return spent


def delivery_parts(body: bytes) -> dict[str, float]:
    """The parts of one signed delivery on a kept connection."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "RSA sign": cpu_us(lambda: key.sign(body[:200], padding.PKCS1v15(), hashes.SHA256()), 400),
        "SHA-256": cpu_us(lambda: hashlib.sha256(body).digest(), 5000),
    }


def home_parts(size: int = HOME_BYTES) -> dict[str, float]:
    """The parts of one home page: read 20 ids, flags and rendered bytes, join, answer."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "raw.sqlite3", isolation_level=None)
        connection.executescript(
            "CREATE TABLE home(actor INT, post INT, PRIMARY KEY(actor, post)) WITHOUT ROWID;"
            "CREATE TABLE posts(id INTEGER PRIMARY KEY, rendered BLOB);"
            "CREATE TABLE likes(actor INT, post INT, PRIMARY KEY(actor, post)) WITHOUT ROWID;"
        )
        rendered = bytes(size // 20)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO posts VALUES(?,?)", ((n, rendered) for n in range(800)))
        connection.executemany("INSERT INTO home VALUES(1,?)", ((n,) for n in range(800)))
        connection.executemany("INSERT INTO likes VALUES(1,?)", ((n,) for n in range(0, 800, 7)))
        connection.execute("COMMIT")
        statement = (
            "SELECT p.id, p.rendered, l.post IS NOT NULL FROM home h JOIN posts p ON p.id = h.post"
            " LEFT JOIN likes l ON l.actor = h.actor AND l.post = h.post"
            " WHERE h.actor = 1 AND h.post < 900 ORDER BY h.post DESC LIMIT 20"
        )
        read = cpu_us(
            lambda: b",".join(row[1] for row in connection.execute(statement).fetchall()), 2000
        )
        connection.close()
    return {
        "statement and join": read,
        "thread hop": _hop(),
    }


def _hop() -> float:
    """From the loop to a database thread and back: who must not block cannot leave it out."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    pool = ThreadPoolExecutor(1)

    async def many(times: int) -> float:
        loop = asyncio.get_running_loop()
        begun = time.process_time_ns()
        for _ in range(times):
            await loop.run_in_executor(pool, int)
        return (time.process_time_ns() - begun) / times / 1000

    spent = statistics.median(uvloop.run(many(2000)) for _ in range(ROUNDS))
    pool.shutdown()
    return spent


def measured(path: str, body: bytes) -> dict[str, float]:
    """The parts of one path's limit for this very body, in a process of its own: nothing else
    counts.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.limits", path], input=body, capture_output=True, check=True
    )
    parts: dict[str, float] = orjson.loads(done.stdout)
    return parts


if __name__ == "__main__":
    body = sys.stdin.buffer.read()
    found = {
        "inbound": lambda: inbound_parts(body),
        "delivery": lambda: delivery_parts(body),
        "home": lambda: home_parts(len(body)),
    }[sys.argv[1]]()
    print(orjson.dumps(found).decode())
