"""Pieces of which the strict shapes of answers are made: each says what it wanted, and where."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[Any, str], None]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_IDENTIFIER = re.compile(r"[1-9][0-9]{0,18}")

SHAPES: dict[str, Check] = {}
"""Shapes by name, filled by `tests.support.strict`."""


def fail(where: str, value: Any, wanted: str) -> None:
    raise AssertionError(f"{where}: {value!r} is not {wanted}")


def text(value: Any, where: str) -> None:
    if not isinstance(value, str):
        fail(where, value, "text")


def flag(value: Any, where: str) -> None:
    if not isinstance(value, bool):
        fail(where, value, "a boolean")


def number(value: Any, where: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        fail(where, value, "a count")


def real(value: Any, where: str) -> None:
    """Any number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        fail(where, value, "a number")


def identifier(value: Any, where: str) -> None:
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        fail(where, value, "an id: decimal digits in a string")


def moment(value: Any, where: str) -> None:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        fail(where, value, "a time with exactly three fraction digits")


def day(value: Any, where: str) -> None:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        fail(where, value, "a date")


def address(value: Any, where: str) -> None:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in {"http", "https", "ws", "wss"} or not parts.netloc:
        fail(where, value, "an absolute address")


def nothing(value: Any, where: str) -> None:
    if value is not None:
        fail(where, value, "null")


def maybe(check: Check) -> Check:
    def checked(value: Any, where: str) -> None:
        if value is not None:
            check(value, where)

    return checked


def one_of(*values: Any) -> Check:
    def checked(value: Any, where: str) -> None:
        if value not in values:
            fail(where, value, f"one of {values}")

    return checked


def many(check: Check) -> Check:
    def checked(value: Any, where: str) -> None:
        if not isinstance(value, list):
            fail(where, value, "a list")
        for index, item in enumerate(value):
            check(item, f"{where}[{index}]")

    return checked


def shape(fields: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Exactly these fields, and perhaps the optional ones."""
    others = optional or {}

    def checked(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            fail(where, value, "an object")
        missing = fields.keys() - value.keys()
        unknown = value.keys() - fields.keys() - others.keys()
        if missing or unknown:
            fail(where, sorted(value), f"complete: missing {missing}, unknown {unknown}")
        for name, item in value.items():
            (fields.get(name) or others[name])(item, f"{where}.{name}")

    return checked


def nested(name: str) -> Check:
    """A shape that is defined further down."""

    def checked(value: Any, where: str) -> None:
        SHAPES[name](value, where)

    return checked
