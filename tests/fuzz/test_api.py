"""No request makes the node fail, or answer in a shape that nobody declared (`make fuzz`).

The seed is printed, and under CI the same for every change; TERTULIA_FUZZ_SEED repeats it,
TERTULIA_FUZZ_SECONDS gives it more time. What is answered is held against every oracle, as in any
test.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from aiohttp.web import Application, Request, Response

from domain.kinds import Role
from tests.fuzz import own_document
from tests.fuzz.fuzzing import Caller, Fuzzer, Report
from tests.support import chance, openapi
from tests.support.databases import folder_beside
from tests.support.nodes import RunningNode, running_node
from tests.web.gathering import found_club

SECONDS = float(os.environ.get("TERTULIA_FUZZ_SECONDS", "15"))
SEED = chance.seed("TERTULIA_FUZZ_SEED")

VISIBILITIES = ("public", "unlisted", "private", "direct")
FINE: dict[str, Any] = {"responses": {"200": {"description": "fine"}}}

pytestmark = pytest.mark.timeout(120 + 3 * SECONDS)


@pytest.fixture
async def node(new_database_url: Callable[[], str]) -> AsyncIterator[RunningNode]:
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq", registration="open") as running:
        yield running


async def settled_world(node: RunningNode) -> tuple[list[Caller], dict[str, list[str]]]:
    """Three who ask, and ids of what is there, by the word before them in an address."""
    ana, bo = await node.person("ana"), await node.person("bo")
    gina = await node.person("gina", Role.GUEST)
    await bo.post(f"/api/v1/accounts/{ana.id}/follow")
    club = await found_club(bo, ana)
    await club.add(gina)
    said = [await bo.say(f"Number {n} #tag", visibility=v) for n, v in enumerate(VISIBILITIES)]
    said.append(await bo.say("@club inside"))
    asked = await bo.say("Which?", poll={"options": ["a", "b"], "expires_in": 3600})
    listed = await ana.post("/api/v1/lists", title="Mine")
    kept = await ana.post("/api/v2/filters", title="Mine", context=["home"])
    await bo.post(f"/api/v1/statuses/{(await ana.say('Own'))['id']}/favourite")
    noticed = await ana.notifications()
    posts = [one["id"] for one in (*said, asked)]
    callers = [Caller("nobody"), Caller("guest", gina.token), Caller("member", ana.token)]
    return callers, {
        "accounts": [str(one.id) for one in (ana, bo, gina)] + [str(club.id)],
        "statuses": posts,
        "list": [listed["id"], club.list],
        "lists": [listed["id"], club.list],
        "polls": [asked["poll"]["id"]],
        "filters": [kept["id"]],
        "notifications": [one["id"] for one in noticed],
        "tag": ["tag"],
        "tags": ["tag"],
    }


async def fuzzed(node: RunningNode, document: dict[str, Any], seconds: float) -> Report:
    callers, known = await settled_world(node)
    fuzzer = await asyncio.to_thread(Fuzzer, document, node.base, callers, known, SEED)
    report = await asyncio.to_thread(fuzzer.run, seconds)
    print(f"\nfuzz: {report}, seed {SEED}")
    assert len(report.asked) == 3 * report.operations
    return report


async def test_nothing_makes_it_fail_or_answer_in_an_undeclared_shape(node: RunningNode) -> None:
    document = openapi.document() if openapi.is_named() else own_document.document()
    report = await fuzzed(node, document, SECONDS)
    assert not report.wrong, "\n".join([f"seed {SEED}", *report.wrong[:20]])
    assert report.operations >= 200
    assert report.statuses[200] > report.requests / 20
    assert report.statuses[401]


async def test_a_server_that_misbehaves_is_noticed() -> None:
    def says(status: int, text: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_request: Request) -> Response:
            return Response(status=status, text=text, content_type=kind)

        return answer

    app = Application()
    app.router.add_get("/api/v1/broken", says(500, '{"error": "no"}', "application/json"))
    app.router.add_get("/api/v1/page", says(404, "<h1>no</h1>", "text/html"))
    app.router.add_get("/api/v1/mute", says(422, "{}", "application/json"))
    app.router.add_get("/api/v1/fine", says(503, '{"error": "busy"}', "application/json"))
    paths = {f"/api/v1/{name}": {"get": FINE} for name in ("broken", "page", "mute", "fine")}
    document = own_document.document() | {"paths": paths}
    async with TestServer(app) as server:
        fuzzer = Fuzzer(document, str(server.make_url("")).rstrip("/"), [Caller("nobody")], {}, 1)
        report = await asyncio.to_thread(fuzzer.run, 0)
    assert report.requests == 4
    found = {line.split("/v1/")[1].split()[0].split("?")[0] for line in report.wrong}
    assert found == {"broken", "page", "mute"}
