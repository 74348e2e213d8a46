"""Answers: JSON with exact headers, paging links, errors in Mastodon's shape."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import orjson
from aiohttp.web import Request, Response

from activitypub.render.problems import PROBLEM_JSON, problem

NO_STORE: Final = "private, no-store"
_MARKS: Final = frozenset({"max_id", "min_id", "since_id"})
_NOT_REPEATED: Final = _MARKS | {"access_token"}


def json(payload: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON. Nothing that depends on who asks may be kept by a shared cache."""
    return raw_json(orjson.dumps(payload), status, headers)


def raw_json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose JSON is bytes already."""
    return Response(
        body=body,
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": NO_STORE, "Vary": "Authorization", **(headers or {})},
    )


def empty() -> Response:
    """Done, with nothing to tell: `{}`, since clients decode a body (mastodon-api.md §3)."""
    return raw_json(b"{}")


def error(status: int, message: str, **extra: object) -> Response:
    """An error in the shape that every Mastodon client reads: `{"error": "…"}`."""
    return json({"error": message, **extra}, status)


def refusal(status: int, message: str) -> Response:
    """An error for another server: problem details (RFC 9457, FEP-c180)."""
    response = raw_json(problem(status, message), status)
    response.headers["Content-Type"] = PROBLEM_JSON
    return response


def page_links(request: Request, origin: str, ids: Sequence[int]) -> dict[str, str]:
    """The `Link` header of a page: older by max_id, newer by min_id; none for an empty page.

    `ids` are the page's sort keys, newest first. Every other parameter is kept.
    """
    if not ids:
        return {}
    kept = [(name, value) for name, value in request.query.items() if name not in _NOT_REPEATED]
    base = f"{origin}{request.rel_url.raw_path}?{f'{urlencode(kept)}&' if kept else ''}"
    return {"Link": f'<{base}max_id={ids[-1]}>; rel="next", <{base}min_id={ids[0]}>; rel="prev"'}


def offset_links(
    request: Request, origin: str, after: int | None, before: int | None
) -> dict[str, str]:
    """The `Link` header of a page that goes by `offset`; none where there is nothing beside it."""
    kept = [
        (name, value)
        for name, value in request.query.items()
        if name not in {"offset", "access_token"}
    ]
    base = f"{origin}{request.rel_url.raw_path}"
    found = [
        f'<{base}?{urlencode([*kept, ("offset", str(offset))])}>; rel="{rel}"'
        for rel, offset in (("next", after), ("prev", before))
        if offset is not None
    ]
    return {"Link": ", ".join(found)} if found else {}
