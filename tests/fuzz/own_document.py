"""An OpenAPI document of our own routes, for where the published one is not at hand.

It knows methods, paths and what is answered; of parameters it knows names that apps send anywhere.
"""

import re
from typing import Any, Final

from tests.support.schemas import schema
from web.mastodon.tables import ROUTES
from web.routes import Route

Json = dict[str, Any]

_PARAMETER: Final = re.compile(r"\{([^}]*)\}")
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_NUMBERS: Final = ("limit", "offset", "expires_in", "duration", "choices[]")
_IDS: Final = ("max_id", "min_id", "since_id", "account_id", "in_reply_to_id", "id[]", "status_id")
_FLAGS: Final = ("local", "only_media", "resolve", "pinned", "sensitive", "exclusive", "reblogs")
_TEXTS: Final = (
    *("q", "type", "status", "visibility", "spoiler_text", "language", "title", "comment", "url"),
    *("scheduled_at", "poll[options][]", "context[]", "keyword", "filter_action", "domain", "acct"),
    *("media_ids[]", "types[]", "any[]", "timeline[]", "home[last_read_id]", "name", "category"),
)
_FIELDS: Final[Json] = {
    name: {"type": kind}
    for kind, names in {"integer": _NUMBERS, "string": (*_IDS, *_TEXTS), "boolean": _FLAGS}.items()
    for name in names
}


def document() -> Json:
    """The document."""
    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {"openapi": "3.1.0", "info": {"title": "ours", "version": "1"}, "paths": paths}


def _operation(route: Route) -> Json:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(route.path)
    ]
    shown: Json = {
        "operationId": f"{route.method} {route.path}",
        "parameters": parameters,
        "responses": {"200": {"description": "done"}},
    }
    if route.answers is not None:
        whole = schema(route.answers)
        shown["responses"]["200"]["content"] = {"application/json": {"schema": whole}}
    if route.method in _WITH_BODY:
        body = {"schema": {"type": "object", "properties": _FIELDS}}
        shown["requestBody"] = {"content": {"application/json": body}}
    else:
        parameters += [
            {"name": name, "in": "query", "schema": schema} for name, schema in _FIELDS.items()
        ]
    return shown
