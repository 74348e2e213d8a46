"""What tests lean on to be the same on every machine: bounds on time that refuse, and seeds."""

import gc
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import chance
from tests.support.timing import is_quick

NAME = "TERTULIA_TEST_SEED"
ROOT = Path(__file__).parents[1]
WHO = """
from asyncio import BaseEventLoop
from storage.lanes import Lane
from storage.notices import PostgreSQLBus
changed = (Lane._run_safely, Lane._answer, PostgreSQLBus._flush, BaseEventLoop._run_once)
print(*(one.__name__ for one in changed))
"""
SHARE = """
import sitecustomize
from server.settings import load
load(given={})
print(sitecustomize.SHARE)
"""


def long_work() -> int:
    return sum(range(3_000_000))


def test_what_takes_long_is_not_quick() -> None:
    assert not is_quick(long_work, seconds=0.001)
    assert is_quick(long_work, seconds=5)


def test_one_slow_run_of_several_is_forgiven() -> None:
    runs = 0

    def slow_at_first() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            long_work()

    assert not is_quick(slow_at_first, seconds=0.001, runs=1)
    runs = 0
    assert is_quick(slow_at_first, seconds=0.001)


def test_the_collector_rests_meanwhile_and_works_again_whatever_happens() -> None:
    seen: list[bool] = []
    assert is_quick(lambda: seen.append(gc.isenabled()), seconds=5)
    assert seen == [False]
    with pytest.raises(ZeroDivisionError):
        is_quick(lambda: 1 // 0, seconds=5)
    assert gc.isenabled()


@pytest.mark.parametrize("derandomize", [True, False])
def test_seeds_are_named_or_the_same_for_every_change_or_new(
    monkeypatch: pytest.MonkeyPatch, derandomize: bool
) -> None:
    before = settings.get_current_profile_name()
    settings.register_profile("here", settings.get_profile(before), derandomize=derandomize)
    settings.load_profile("here")
    try:
        monkeypatch.delenv(NAME, raising=False)
        drawn = {chance.seed(NAME) for _ in range(20)}
        assert (drawn == {1}) is derandomize
        assert derandomize or len(drawn) > 15
        monkeypatch.setenv(NAME, "77")
        assert chance.seed(NAME) == 77
    finally:
        settings.load_profile(before)


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("tests/delays", "run_late answer_late flush_late once_late"),
        ("tests/support", "_run_safely _answer _flush _run_once"),
    ],
)
def test_processes_of_a_run_with_delays_have_them(folder: str, names: str) -> None:
    """`make delays` says where Python looks first; without it nothing is late."""
    where = {"PYTHONPATH": f"{ROOT / folder}:{ROOT}"}
    found = subprocess.run(
        [sys.executable, "-c", WHO], env=where, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == names.split()


def test_the_share_that_make_delays_gives_is_read_and_is_no_setting(tmp_path: Path) -> None:
    """A node refuses settings that it does not know, so no command would run."""
    found = re.search(
        r"^\t(\w+)=\$\(or \$\(SHARE\)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    assert found is not None
    given = {found[1]: "0.25", "PYTHONPATH": f"{ROOT / 'tests/delays'}:{ROOT}"}
    ran = subprocess.run(
        [sys.executable, "-c", SHARE],
        env=given,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "0.25\n"
