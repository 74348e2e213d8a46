"""The pytest side of the oracles: a test fails by what its nodes answered, a run says how many.

Each worker of a run reports to the controller when it ends.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.support import oracles
from tests.support.oracles import ORACLES

_KEY: Final = "answers read"
_OF_WORKERS: Final[Counter[str]] = Counter()


@pytest.fixture(autouse=True)
def answers_are_as_clients_expect() -> Iterator[None]:
    """Whatever a node answered while this test was on is as every oracle wants it."""
    yield
    found = ORACLES.take()
    assert not found, "\n".join(dict.fromkeys(found))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Watch every node of this process."""
    oracles.watch()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Report to the controller; there, a whole run that showed too little fails."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_KEY] = oracles.as_data(ORACLES.read)
    elif is_whole(session.config) and oracles.too_few(total()) and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker has ended."""
    _OF_WORKERS.update(getattr(node, "workeroutput", {}).get(_KEY, {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many answers each oracle read."""
    read = total()
    if not read:
        return
    terminalreporter.section("answers of the Mastodon API")
    for line in oracles.summary(read):
        terminalreporter.write_line(line)
    for name in oracles.too_few(read) if is_whole(config) else ():
        terminalreporter.write_line(f"{name} read fewer than {oracles.ENOUGH}: the run fails")


def total() -> Counter[str]:
    """What this process and the workers that have ended read."""
    return _OF_WORKERS + ORACLES.read


def is_whole(config: pytest.Config) -> bool:
    """Whether the whole suite was asked for, and nothing was left out."""
    chosen = [config.getoption(name, None) for name in ("keyword", "markexpr", "lf", "deselect")]
    return config.args_source is config.ArgsSource.TESTPATHS and not any(chosen)
