"""Mastodon.py's typed results as a third oracle: what it makes of an answer has its types.

The library casts what it gets, and gives up in silence where it cannot; what is left then is not
of the type that it documents, which is what a program written against it would trip over.
"""

import copy
import typing
from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Any, Final, Union, is_typeddict

from mastodon import return_types
from mastodon.types_base import AttribAccessDict, MaybeSnowflakeIdType
from mastodon.types_base import try_cast_recurse as cast_as_the_library_does

_OTHERS: Final = {
    "CredentialAccount": "Account",
    "Relation": "Relationship",
    "DeletedStatus": "Status",
    "Mention": "StatusMention",
    "CredentialApplication": "Application",
    "Instance": "InstanceV2",
    "InstanceV1": "Instance",
    "Search": "SearchV2",
    "GroupedNotifications": "GroupedNotificationsResults",
    "Filter": "FilterV2",
    "FilterV1": "Filter",
}
"""The library's names for what we call otherwise."""


def problems(type_: object, value: Any) -> list[str] | None:
    """What the library cannot read of an answer of this type; nothing if it has no such type."""
    inside = typing.get_args(type_)
    if typing.get_origin(type_) is list and isinstance(value, list):
        known = _known(inside[0])
        rows = None if known is None else enumerate(value)
        return None if rows is None else [p for i, one in rows for p in _read(known, one, f"{i}")]
    known = _known(type_)
    return None if known is None else list(_read(known, value, ""))


def _known(type_: object) -> Any:
    if not is_typeddict(type_):
        return None
    name = typing.cast("type[Any]", type_).__name__
    return getattr(return_types, _OTHERS.get(name, name), None)


def _read(known: Any, value: Any, where: str) -> Iterator[str]:
    cast: Any = cast_as_the_library_does
    yield from _differences(known, cast(known, copy.deepcopy(value)), value, where)


@cache
def _fields(known: Any) -> dict[str, Any]:
    return typing.get_type_hints(known, vars(return_types))


def _differences(wanted: Any, made: Any, sent: Any, where: str) -> Iterator[str]:
    """How `made`, what the library made of what was `sent`, is not what it says it is.

    Which fields may be null it does not say exactly: the other oracles judge that.
    """
    origin, inside = typing.get_origin(wanted), typing.get_args(wanted)
    if sent is None:
        return
    if origin in {Union, UnionType}:
        if not any(not list(_differences(one, made, sent, where)) for one in inside):
            yield f"{where}: {sent!r:.120} is none of {wanted}"
    elif origin is not None and isinstance(made, list) and isinstance(sent, list):
        for index, (one, raw) in enumerate(zip(made, sent, strict=True)):
            yield from _differences(inside[0], one, raw, f"{where}.{index}".strip("."))
    elif origin is not None:
        if not isinstance(made, origin):
            yield f"{where}: {sent!r:.120} is no {wanted}"
    elif isinstance(wanted, type):
        yield from _of_class(wanted, made, sent, where)


def _of_class(wanted: type, made: Any, sent: Any, where: str) -> Iterator[str]:
    if not _is(made, wanted):
        yield f"{where}: {sent!r:.120} is no {wanted.__name__}"
    elif issubclass(wanted, AttribAccessDict) and isinstance(sent, dict):
        for name, hint in _fields(wanted).items():
            if name in sent:
                place = f"{where}.{name}".strip(".")
                yield from _differences(hint, made[name], sent[name], place)


def _is(made: Any, wanted: type) -> bool:
    if wanted is MaybeSnowflakeIdType:
        return isinstance(made, str)
    if wanted is float:
        return isinstance(made, int | float) and not isinstance(made, bool)
    if wanted is int:
        return isinstance(made, int) and not isinstance(made, bool)
    return isinstance(made, wanted)
