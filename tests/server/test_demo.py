"""`make demo`: three nodes as processes, filled as people would, and nothing put there by hand."""

import asyncio
import os
import signal
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from demo.process import ServedNode
from demo.proof import remote_rows, without_record
from demo.world import PLACES

ROOT = Path(__file__).parents[2]
SECONDS = 300


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def a_free_shift() -> int:
    """How far the demo's ports must be moved to where nobody listens; others for each process."""
    start = 1000 + os.getpid() % 500 * 20
    for shift in range(start, start + 2000, len(PLACES)):
        if all(is_free(port + shift) for _, port in PLACES):
            return shift
    raise AssertionError("no free ports")


@pytest.mark.timeout(SECONDS + 30)
async def test_the_demo_starts_fills_and_checks_itself(tmp_path: Path) -> None:
    command = ("-m", "demo", "--check", "--shift", str(a_free_shift()), "--folder", str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:  # its nodes with it
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    assert process.returncode == 0, said.decode()
    for name in ("@ana", "@cy", "@nia", "spans three nodes"):
        assert name in said.decode()
    what_came_from_nowhere_is_found(tmp_path)


def what_came_from_nowhere_is_found(folder: Path) -> None:
    """The check refuses: a row without its record, a record that was dropped, a wish that was."""
    hq, lab, partner = (ServedNode(folder / name, name, port) for name, port in PLACES)
    others = (hq, lab)
    assert without_record(partner, others) == []
    with closing(sqlite3.connect(partner.database)) as connection, connection:
        connection.execute("CREATE TABLE kept AS SELECT * FROM intake")
        connection.execute("DELETE FROM intake WHERE activity_uri LIKE '%/act/%'")
    found = without_record(partner, others)
    assert len(found) == remote_rows(partner) + 1, "every post, and that Cy belongs"
    with closing(sqlite3.connect(partner.database)) as connection, connection:
        connection.execute("INSERT INTO intake SELECT * FROM kept")
        assert without_record(partner, others) != []  # not before it is stored
        connection.execute("UPDATE kept SET state = 3")
    assert without_record(partner, others) == []
    with closing(sqlite3.connect(partner.database)) as connection, connection:
        connection.execute("UPDATE posts SET uri = uri || '0' WHERE origin_id <> 1")
        connection.execute("UPDATE posts SET uri = uri || '0' WHERE share_of_id IS NOT NULL")
    assert len(without_record(partner, others)) == remote_rows(partner)
