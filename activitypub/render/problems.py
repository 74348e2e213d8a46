"""What another server is told when something is refused (RFC 9457, FEP-c180)."""

from http import HTTPStatus
from typing import Final

import orjson

PROBLEM_JSON: Final = "application/problem+json"


def problem(status: int, reason: str) -> bytes:
    """Problem details with a fixed phrase: nothing of the request, and nothing about anybody.

    No type of FEP-c180 is given: which one it is would tell what exists. `error` says the same as
    `detail`, for servers that read Mastodon's shape.
    """
    return orjson.dumps(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": reason,
            "error": reason,
        }
    )
