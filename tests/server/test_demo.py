"""`make demo`: three nodes as processes, filled as people would, and nothing put there by hand."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from demo.world import PLACES

ROOT = Path(__file__).parents[2]
SECONDS = 90


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
