"""Whatever is sent wherever: an answer below 500, and nothing of ours in it (security.md Z06)."""

import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.nodes import Person, RunningNode
from web.mastodon.tables import ROUTES
from web.routes import Route

NAMES = (
    *("id", "id[]", "q", "acct", "limit", "offset", "max_id", "min_id", "since_id", "status"),
    *("spoiler_text", "visibility", "language", "in_reply_to_id", "sensitive", "local_only"),
    *("display_name", "note", "locked", "types[]", "exclude_types[]", "account_id", "tagged"),
    *("type", "resolve", "stream", "tag", "client_name", "redirect_uris", "scopes", "website"),
    *("grant_type", "code", "client_id", "client_secret", "token", "redirect_uri", "reblogs"),
)
NASTY: dict[str, str] = {
    "quotes": "' OR ''='\" --",
    "like": "%_\\",
    "zero": "a\0b",
    "long": "x" * 120,
    "large": "9" * 40,
    "largest": str(2**63),
    "negative": "-1",
    "unicode": "\u202e\ufdfd\U0010ffff\u0301",
    "format": "{0.__class__} %s ${7*7} {{7*7}}",
    "markup": "<script>alert(1)</script>",
    "operators": "from:ana has:media #a @b@c ../../etc/passwd",
}


def filled(route: Route, value: str) -> str:
    return re.sub(r"\{\w+\}", quote(value or "1", safe=""), route.path)


def quick(route: Route) -> str:
    """Streams would stay open: their head alone."""
    return "HEAD" if "/streaming" in route.path else route.method


@pytest.mark.parametrize("kind", NASTY)
async def test_Z06_odd_words_everywhere_are_never_our_fault(ana: Person, kind: str) -> None:
    value = NASTY[kind]
    for route in ROUTES:
        for path in (filled(route, value), filled(route, "4711")):
            for given in ({"params": dict.fromkeys(NAMES, value)}, {"json": {"id": value}}):
                answer = await ana.ask(quick(route), path, **given)
                assert answer.status < 500, (route, answer.text)
                assert b"sqlite" not in answer.body.lower()
                assert b"Traceback" not in answer.body


@pytest.mark.parametrize("value", [None, True, 1.5, -1, 2**70, [], {}, [[]], [None], {"a": {}}])
async def test_Z06_odd_json_everywhere_is_never_our_fault(ana: Person, value: Any) -> None:
    sent = {name.removesuffix("[]"): value for name in NAMES}
    sent |= {"source": value, "fields_attributes": value, "media_ids": value, "poll": value}
    for route in ROUTES:
        answer = await ana.ask(quick(route), filled(route, "4711"), json=sent)
        assert answer.status < 500, (route, answer.text)


async def test_Z08_paths_lead_nowhere_else(node: RunningNode, ana: Person) -> None:
    for path in ("/api/v1/../../etc/passwd", "/api/v1/statuses/..%2f..%2fetc", "/api//v1/instance"):
        assert (await ana.ask("GET", path)).status in {400, 404}
