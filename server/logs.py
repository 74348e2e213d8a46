"""Log lines: one event each, plain `key=value`, without anything that people wrote.

An exception is told by its class and where it happened. Its text is left out: it may quote a post,
an address or a token (security.md §1 row 37).
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

Event = MutableMapping[str, Any]

_FRAMES: Final = 12


def configure(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send the log lines of this process, also those of libraries, to `stream`."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _told_without_words,
                structlog.processors.LogfmtRenderer(
                    key_order=["timestamp", "level", "logger", "event"], bool_as_flag=False
                ),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Its lines would name addresses, and tokens that clients put into a query.
    # What fails in a handler is told by `web/app.py`, without either.
    for telling in ("aiohttp.access", "aiohttp.server"):
        logging.getLogger(telling).disabled = True
    for chatty in ("alembic", "asyncio"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))


def _told_without_words(_logger: Any, _method: str, event: Event) -> Event:
    """Replace an exception by its class and its way through our files."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    event.pop("stack_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__qualname__
        event["at"] = " ".join(_way(error.__traceback__))
    return event


def _way(found: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(found)[-_FRAMES:]
    return [f"{'/'.join(PurePath(f.filename).parts[-2:])}:{f.lineno}" for f in reversed(frames)]
