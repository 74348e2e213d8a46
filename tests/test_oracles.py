"""The oracles that read every answer notice what is wrong, each for itself."""

import copy
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.web import Response

from domain.audience import Viewer
from domain.node import Node
from social.streaming import EventKind, Sent, Stream
from storage.tx import Tx
from tests.support import openapi, typed_client, watched
from tests.support.databases import folder_beside
from tests.support.nodes import running_node
from tests.support.oracle_hooks import is_whole
from tests.support.oracles import (
    DOCUMENT,
    ENOUGH,
    LIBRARY,
    NAMES,
    ORACLES,
    OURS,
    Oracles,
    too_few,
)
from tests.web.test_streaming import USER, frame, socket
from web.mastodon import absent, events, tables
from web.mastodon.entities.accounts import Account
from web.mastodon.entities.apps import Token
from web.mastodon.entities.statuses import Status
from web.mastodon.events import Message
from web.mastodon.streaming import ROUTES as STREAMS
from web.responses import error
from web.responses import json as answered
from web.routes import Access, Route, get

TOKEN = {"access_token": "x", "token_type": "Bearer", "scope": "read", "created_at": 1}
# Pictures, words that are no JSON, and what is refused whoever asks.
NO_JSON_OF_SUCCESS = {
    "/health",
    "/emoji/{name}",
    "/api/v1/statuses/{id}/translate",
    "/api/v1/emails/confirmations",
}
DOCUMENTED: dict[str, Any] = {
    "paths": {
        "/api/v1/thing/{thing_id}": {
            "patch": {
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        }
                    }
                }
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "string"}},
            }
        }
    },
}


async def _never(_call: object) -> Response:
    raise AssertionError("nobody calls it")


def route(answers: object = Token) -> Route:
    return get("/api/v1/token", _never, Access.ACCOUNT, "read", answers=answers)


def judged(answer: Response, of: Route | None = None, signed_in: bool | None = True) -> Oracles:
    oracles = Oracles()
    oracles.judge(of or route(), "GET", "/api/v1/token", answer, signed_in)
    return oracles


def refuses_or_streams(each: Route) -> bool:
    return each in STREAMS or each in absent.ROUTES


def test_every_route_of_the_api_says_what_it_answers() -> None:
    silent = {
        f"{each.method} {each.path}"
        for each in tables.ROUTES
        if each.answers is None
        and each.path not in NO_JSON_OF_SUCCESS
        and not refuses_or_streams(each)
    }
    assert not silent


def test_a_good_answer_is_read_and_nothing_is_found() -> None:
    oracles = judged(answered(TOKEN))
    assert oracles.take() == []
    assert oracles.read[OURS] == 1


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (answered({**TOKEN, "scope": None}), "scope: null"),
        (answered({**TOKEN, "more": 1}), "'more' was unexpected"),
        (answered({}), "required"),
        (answered({"message": "no"}, 404), '"error" is a required property'),
        (Response(text="<h1>no</h1>", status=404, content_type="text/html"), "is text/html"),
    ],
    ids=["null", "unknown", "missing", "an error without words", "an error in HTML"],
)
def test_our_schemas_refuse(answer: Response, wrong: str) -> None:
    oracles = judged(answer)
    [found, *others] = oracles.take()
    assert "GET /api/v1/token" in found
    assert wrong in " ".join([found, *others])
    assert oracles.take() == []


def test_a_refusal_is_read_as_a_refusal() -> None:
    assert judged(error(404, "Record not found")).take() == []
    assert judged(error(422, "No", error_description="none")).take() == []


def test_what_is_no_part_of_the_api_is_left_alone() -> None:
    oracles = Oracles()
    oracles.judge(None, "GET", "/about", Response(text="<h1>", content_type="text/html"), None)
    assert (oracles.take(), +oracles.read) == ([], Counter())


@pytest.fixture
async def own_home(new_database_url: Callable[[], str]) -> AsyncIterator[Any]:
    """Somebody's home with a post in it."""
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq") as node:
        ana = await node.person("ana")
        await ana.say("Something #new")
        yield await ana.home()


async def test_mastodon_py_reads_what_is_right_and_tells_what_it_cannot(own_home: Any) -> None:
    assert typed_client.problems(list[Status], own_home) == []
    broken = copy.deepcopy(own_home)
    broken[0]["created_at"] = "soon"
    broken[0]["account"]["followers_count"] = "many"
    found = typed_client.problems(list[Status], broken)
    assert found is not None
    assert [line.split(":")[0] for line in found] == [
        "0.account.followers_count",
        "0.created_at",
    ]
    assert typed_client.problems(Account, own_home[0]["account"]) == []
    assert typed_client.problems(Token, TOKEN) is None  # it has no type of this name


def heard(event: EventKind, payload: str) -> Oracles:
    oracles = Oracles()
    oracles.judge_event(Message(streams=(Stream("user"),), event=event, payload=payload))
    return oracles


async def test_what_an_event_carries_is_read(own_home: Any) -> None:
    good = heard(EventKind.UPDATE, json.dumps(own_home[0]))
    assert (good.take(), good.read[OURS], good.read[LIBRARY]) == ([], 1, 1)
    broken = {**own_home[0], "created_at": "soon"}
    found = heard(EventKind.EDIT, json.dumps(broken)).take()
    assert [line.partition(":")[0] for line in found] == [
        f"the event status.update, {name}" for name in (OURS, LIBRARY)
    ]
    for event, right, wrong in (
        (EventKind.DELETE, "42", '"42"'),
        (EventKind.ANNOUNCEMENT_DELETE, "42", ""),
        (EventKind.FILTERS_CHANGED, "", "null"),
    ):
        assert heard(event, right).take() == []
        assert len(heard(event, wrong).take()) == 1


async def test_events_of_running_nodes_are_read(
    new_database_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq") as node:
        ana = await node.person("ana")
        async with socket(ana, USER) as live:
            await ana.say("Good")
            await frame(live)
            assert ORACLES.take() == []

            def broken(_tx: Tx, _sent: Sent, _node: Node, _viewer: Viewer) -> bytes:
                return b"{}"

            monkeypatch.setitem(events._LOADED, EventKind.UPDATE, broken)
            await ana.say("Broken")
            await frame(live)
        assert any("the event update" in line for line in ORACLES.take())


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small document in place of the published one."""
    monkeypatch.setattr(openapi, "_put_right", lambda _found: None)
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(DOCUMENTED))
    monkeypatch.setenv(openapi.VARIABLE, str(file))
    openapi.forget()
    yield
    openapi.forget()


def test_the_document_is_asked_by_the_form_of_a_path(document: None) -> None:
    fits, path = {"id": "1"}, "/api/v1/thing/{id}/"
    assert openapi.problems("PATCH", path, 200, fits) == []
    assert openapi.problems("PUT", path, 200, fits) == []  # documented as the other alone
    assert openapi.problems("PATCH", path, 200, {"id": 1}) == ['id: 1 is not of type "string"']
    assert openapi.problems("PATCH", path, 404, {}) is None
    assert openapi.problems("GET", "/api/v1/else", 200, {}) is None


def test_a_whole_run_that_shows_too_little_fails(document: None) -> None:
    assert too_few(Counter(dict.fromkeys(NAMES, ENOUGH))) == []
    assert too_few(Counter({OURS: ENOUGH, LIBRARY: ENOUGH - 1})) == [DOCUMENT, LIBRARY]


def test_without_a_document_nothing_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(openapi.VARIABLE, raising=False)
    assert too_few(Counter({OURS: ENOUGH, LIBRARY: ENOUGH})) == []


def test_what_a_node_elsewhere_read_is_counted_here_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, report = Oracles(), judged(answered({})), tmp_path / "report"
    monkeypatch.setattr(watched, "ORACLES", there)
    watched.write(report)
    monkeypatch.setattr(watched, "ORACLES", here)
    watched.take_over(report)
    watched.take_over(report)  # it is gone, as if the process had died before it could write
    assert here.read[OURS] == 1
    assert any("required" in line for line in here.take())


@pytest.mark.parametrize(
    ("arguments", "whole"),
    [([], True), (["-k", "x"], False), (["-m", "both"], False), (["tests/web"], False)],
    ids=["all", "by name", "by mark", "by file"],
)
def test_only_a_run_of_everything_has_to_show_enough(
    pytestconfig: pytest.Config, arguments: list[str], whole: bool
) -> None:
    asked = pytest.Config.fromdictargs(
        {}, ["-c", str(pytestconfig.inipath), "--noconftest", *arguments]
    )
    assert is_whole(asked) is whole
