"""Log lines: plain, one per event, and without anything that people wrote (security.md §1, 37)."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from server import logs

SECRET = "canary-7f3a"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, with the logging of the test run put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
    for telling in ("aiohttp.access", "aiohttp.server"):
        logging.getLogger(telling).disabled = False


def fail() -> None:
    raise ValueError(f"a post says {SECRET}")


def test_an_exception_is_told_by_its_class_and_place_only(lines: io.StringIO) -> None:
    for log in (structlog.get_logger("here"), logging.getLogger("there")):
        try:
            fail()
        except ValueError:
            log.exception("it failed")
    text = lines.getvalue()
    assert SECRET not in text
    assert text.count("\n") == 2, "one line each"
    assert text.count("error=ValueError") == 2
    assert "server/test_logs.py:" in text
    assert "logger=here" in text
    assert "logger=there" in text


def test_values_cannot_forge_a_line(lines: io.StringIO) -> None:
    structlog.get_logger("here").info("dropped", reason='x"\nlevel=critical event=forged')
    assert lines.getvalue().count("\n") == 1


def test_P12_addresses_and_queries_of_requests_are_not_logged(lines: io.StringIO) -> None:
    broken = f"Bad request line: GET /?access_token={SECRET}"
    logging.getLogger("aiohttp.server").error("Error handling request from 192.0.2.1: %s", broken)
    logging.getLogger("aiohttp.access").info('192.0.2.1 "GET /?access_token=%s"', SECRET)
    assert lines.getvalue() == ""
    logging.getLogger("tertulia.web").info("shown")
    assert "event=shown" in lines.getvalue()
