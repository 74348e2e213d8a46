"""The published OpenAPI document as a second oracle for what the API answers.

`MASTODON_OPENAPI` names the file; it is no part of this project. What is wrong in the document
itself is put right here, on the copy in memory (mastodon-api.md §5).
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import orjson

from tests.support.schemas import described

VARIABLE: Final = "MASTODON_OPENAPI"
Json = dict[str, Any]

_PARAMETER: Final = re.compile(r"\{[^}]*\}")
_ALIKE: Final = {"PUT": "PATCH", "PATCH": "PUT"}
_DATE: Final = {"type": ["string", "null"], "format": "date"}


def is_named() -> bool:
    """Whether there is a document to hold answers against."""
    return bool(os.environ.get(VARIABLE))


@cache
def document() -> Json:
    """The document, with its mistakes put right. Raises OSError if the file cannot be read."""
    # Kinds of quotes, and of answers to a post, overlap: one of them suffices.
    text = Path(os.environ[VARIABLE]).read_bytes().replace(b'"oneOf"', b'"anyOf"')
    found: Json = orjson.loads(text)
    _put_right(found)
    return found


def forget() -> None:
    """Read the document anew when it is asked next."""
    for kept in (document, _answers, _validator):
        kept.cache_clear()


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _put_right(found: Json) -> None:
    schemas = found["components"]["schemas"]
    # One filter is documented where all of them are listed.
    listed = found["paths"]["/api/v1/filters"]["get"]["responses"]["200"]["content"]
    listed["application/json"]["schema"] = {"type": "array", "items": _reference("V1Filter")}
    # Documented as text, shown as a number in the examples; clients take both.
    schemas["FeaturedTag"]["properties"]["statuses_count"] = {"type": ["string", "integer"]}
    # A day, although the text says that it is a moment.
    schemas["Account"]["properties"]["last_status_at"] = _DATE
    # A node without a contact has an empty address.
    del schemas["Instance"]["properties"]["contact"]["properties"]["email"]["format"]
    del schemas["V1Instance"]["properties"]["email"]["format"]
    # Mastodon itself has empty addresses here where there is none.
    for card in ("PreviewCard", "TrendsLink", "PreviewCardAuthor"):
        for name in ("author_url", "provider_url", "embed_url", "url"):
            schemas[card]["properties"].get(name, {}).pop("format", None)
    # That somebody moved is told as Pleroma does; apps pass over types that they do not know.
    for name in ("NotificationTypeEnum", "NotificationGroupTypeEnum"):
        schemas[name]["enum"].append("move")
    # An error in an error, in the text alone.
    schemas["CustomError422"] = _reference("Error")
    # Only the form of an account is refused field by field.
    schemas["ValidationError"]["required"] = ["error"]


@cache
def _answers() -> dict[tuple[str, str], Json]:
    """What each operation may answer, by method and the form of its path."""
    return {
        (method.upper(), formed(path)): operation["responses"]
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
    }


def formed(path: str) -> str:
    """A path without the names of its parameters and a slash at the end."""
    return _PARAMETER.sub("{}", path).rstrip("/") or "/"


@cache
def _validator(method: str, path: str, status: int) -> jsonschema_rs.Validator | None:
    found = _answers().get((method, path)) or _answers().get((_ALIKE.get(method, ""), path))
    content = (found or {}).get(str(status), {}).get("content", {}).get("application/json")
    if content is None:
        return None
    whole = {**content["schema"], "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def problems(method: str, path: str, status: int, value: Any) -> list[str] | None:
    """Where an answer differs from the document; nothing if the document does not say."""
    validator = _validator(method, formed(path), status)
    return None if validator is None else [described(one) for one in validator.iter_errors(value)]
