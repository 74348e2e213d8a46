"""SIGKILL at any moment loses nothing that was acknowledged, and keeps nothing half done."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from storage.database import run_once
from tests.support import chance, notes

KILLS = int(os.environ.get("N", "10"))
SEED = chance.seed("SEED")


@pytest.mark.only("sqlite")
def test_killed_writers_lose_nothing_acknowledged(notes_url: str) -> None:
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    acknowledged: set[int] = set()
    for round_ in range(KILLS):
        acknowledged |= _run_and_kill(notes_url, (round_ + 1) * 1_000_000, dice.random() * 0.15)
        stored = set(run_once(notes_url, notes.ids))
        assert {2 * n for n in acknowledged} <= stored, "an acknowledged unit is lost"
        assert {number ^ 1 for number in stored} == stored, "a unit is half stored"
        assert not any(number // 2 % 7 == 0 for number in stored), "a failed unit is stored"
    assert len(acknowledged) > 10 * KILLS
    with sqlite3.connect(notes_url) as check:
        assert check.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    check.close()


def _run_and_kill(url: str, start: int, after: float) -> set[int]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.support.crash_child", url, str(start)],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    first = child.stdout.readline()  # it is at work
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    lines = [first, *child.stdout.read().split(b"\n")]
    child.stdout.close()
    child.wait(10)
    return {int(line) for line in lines if line.strip()}
