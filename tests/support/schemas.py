"""JSON Schemas made of the types of the API's entities, as strict as the strictest client.

Every field that a type has must be there, of its type, and no other: Tusky (Moshi), Ice Cubes
(Codable), toot (dataclasses) and the official Android app drop a whole page on one field that is
missing, null or misspelt (mastodon-api.md §2). What the names in a type mean for its values
(`Id`, `Moment` …) is in `web/mastodon/entities/formats.py`.
"""

import types
import typing
from functools import cache
from typing import Annotated, Any, Final, Literal, NotRequired, Required, Union, is_typeddict

import jsonschema_rs

from web.mastodon.entities import formats

Json = dict[str, Any]

_TEXT: Final[Json] = {"type": "string"}
_FORMATS: Final[dict[str, Json]] = {
    formats.ID: _TEXT | {"pattern": "^[1-9][0-9]{0,18}$"},
    formats.NAME: _TEXT | {"minLength": 1},
    formats.MOMENT: _TEXT
    | {"pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"},
    formats.DAY: _TEXT | {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    formats.ADDRESS: _TEXT | {"pattern": r"^(https?|wss?)://[^/\s][^\s<>\"]*$"},
    formats.COUNT: {"type": "integer", "minimum": 0},
}
_PLAIN: Final[dict[object, Json]] = {
    str: _TEXT,
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    object: {},
    Any: {},
}


class Maker:
    """Makes the schema of one type, and of whatever is in it.

    `signed_in`: whether a person asks. A viewer's own fields (`formats.OWN`) are required then,
    and refused if nobody asks; if that is not known (None), they may be there.
    """

    def __init__(self, signed_in: bool | None = None) -> None:
        self.signed_in = signed_in
        self.defs: Json = {}

    def whole(self, type_: object) -> Json:
        """The schema, with the definitions that it refers to."""
        return {**self.of(type_), "$defs": self.defs}

    def of(self, type_: object) -> Json:
        """The schema of a type. Raises TypeError for what no JSON can be described by."""
        if is_typeddict(type_):
            return self._object(typing.cast("type[Any]", type_))
        origin, inside = typing.get_origin(type_), typing.get_args(type_)
        if origin is Annotated:
            named = [one for one in inside[1:] if isinstance(one, str) and one in _FORMATS]
            return _FORMATS[named[0]] if named else self.of(inside[0])
        if origin is Literal:
            return {"enum": list(inside)}
        if origin in {Union, types.UnionType}:
            return {"anyOf": [self.of(one) for one in inside]}
        if origin is list:
            return {"type": "array", "items": self.of(inside[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(inside[1])}
        if type_ in _PLAIN:
            return _PLAIN[type_]
        raise TypeError(f"no schema for {type_!r}")

    def _object(self, type_: type[Any]) -> Json:
        name = f"{type_.__module__}.{type_.__qualname__}"
        if name not in self.defs:
            self.defs[name] = {}  # it may hold itself
            fields = typing.get_type_hints(type_, include_extras=True)
            shown = {
                field: hint
                for field, hint in fields.items()
                if not (self.signed_in is False and _is_own(hint))
            }
            self.defs[name] |= {
                "type": "object",
                "properties": {field: self.of(_bare(hint)) for field, hint in shown.items()},
                "required": [field for field in shown if self._needed(type_, field, shown[field])],
                "additionalProperties": False,
            }
        return {"$ref": f"#/$defs/{name}"}

    def _needed(self, type_: type[Any], field: str, hint: object) -> bool:
        if _is_own(hint):
            return self.signed_in is True
        return field in type_.__required_keys__ and typing.get_origin(hint) is not NotRequired


def _bare(hint: object) -> object:
    while typing.get_origin(hint) in {NotRequired, Required}:
        hint = typing.get_args(hint)[0]
    return hint


def _is_own(hint: object) -> bool:
    bare = _bare(hint)
    return typing.get_origin(bare) is Annotated and formats.OWN in typing.get_args(bare)


def schema(type_: object, *, signed_in: bool | None = None) -> Json:
    """The JSON Schema (2020-12) of a type."""
    return Maker(signed_in).whole(type_)


@cache
def _validator(described: "_Type") -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        schema(described.type_, signed_in=described.signed_in)
    )


class _Type:
    """A type as a key: `list[X]` is made anew each time that it is written."""

    def __init__(self, type_: object, signed_in: bool | None) -> None:
        self.type_ = type_
        self.signed_in = signed_in
        self._key = (repr(type_), signed_in)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Type) and self._key == other._key


def problems(type_: object, value: Any, *, signed_in: bool | None = None) -> list[str]:
    """What a strict client would stumble over: where, and over what."""
    found = _validator(_Type(type_, signed_in)).iter_errors(value)
    return [described(each) for each in found]


def described(error: Any) -> str:
    """Where a value is not as its schema says, and why."""
    return f"{'.'.join(str(step) for step in error.instance_path)}: {error.message[:300]}"
