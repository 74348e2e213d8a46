"""The way past the router: whoever comes that way gets what the route would have said."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import product
from typing import NamedTuple

import pytest
from aiohttp.web import AppRunner, BaseRequest, HTTPNotFound, Request, Response, StreamResponse

from domain.errors import Invalid, TooMany
from server.wiring import web_app
from storage.errors import Overloaded
from tests.support.nodes import RunningNode
from web.app import make_app
from web.door import Door, Serves
from web.ready import Ready
from web.routes import Access, post
from web.services import SERVICES

Wrap = Callable[[Serves], Serves]

READY = Ready(202, {"X-Taken": "yes"})
PATH = "/inbox"


async def answer(request: Request) -> StreamResponse:
    """Whatever the body asks for."""
    body = await request.read()
    match body:
        case b"ready":
            return READY(request)
        case b"made":
            return Response(status=202, headers={"X-Taken": "yes"})
        case b"refused":
            return Response(status=401, body=b"{}", headers={"Cache-Control": "no-cache"})
        case b"problem":
            raise Invalid("no")
        case b"wait":
            raise TooMany("later", retry_after=7)
        case b"busy":
            raise Overloaded("full")
        case b"closed":
            raise HTTPNotFound
        case b"broken":
            raise RuntimeError("a secret")
    return Response(status=200, body=body[:20])


OUTCOMES = ["ready", "made", "refused", "problem", "wait", "busy", "closed", "broken", "", "x" * 99]
TARGETS = [
    *(PATH, "/inbox/", "/inbox?a=1", "/Inbox", "//inbox", "/a/1/inbox", "/%69nbox", "/inbox%00"),
    *("http://localhost/inbox", "/nothing", "/inbox#x"),
]
HEADS = [
    *("HTTP/1.1", "HTTP/1.0", "HTTP/1.1\r\nConnection: close", "HTTP/1.1\r\nAccept: text/html"),
    *("HTTP/1.1\r\nExpect: 100-continue", "HTTP/1.1\r\nExpect: other"),
    "HTTP/1.0\r\nConnection: keep-alive",
]


class Serving(NamedTuple):
    """Ports of the same application without and with the door, and what its router was asked."""

    plain: int
    short: int
    routed: list[str]


@asynccontextmanager
async def served(node: RunningNode, door: Door, wrap: Wrap | None) -> AsyncIterator[int]:
    """An application with these two routes; `wrap`: what goes before its router."""
    own = [post(path, door.by_route, Access.SERVER) for path in (PATH, "/a/{id}/inbox")]
    runner = AppRunner(make_app(web_app(node.parts)[SERVICES], own=own), access_log=None)
    await runner.setup()
    assert runner.server is not None
    if wrap is not None:
        runner.server.request_handler = wrap(runner.server.request_handler)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(runner.server, "127.0.0.1", 0)
    yield int(listening.sockets[0].getsockname()[1])
    listening.close()
    await runner.cleanup()


@pytest.fixture
async def serving(node: RunningNode) -> AsyncIterator[Serving]:
    routed: list[str] = []
    door = Door(PATH, answer)

    def wrap(router: Serves) -> Serves:
        async def counted(request: BaseRequest) -> StreamResponse:
            routed.append(request.path)
            return await router(request)

        return door.before(counted)

    async with served(node, door, None) as plain, served(node, door, wrap) as short:
        yield Serving(plain, short, routed)


async def said(port: int, method: str, target: str, head: str, body: str) -> list[str]:
    """All that the server sends before it ends or waits, sorted, without the Date."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    line, _, fields = head.partition("\r\n")
    more = f"{fields}\r\n" if fields else ""
    text = f"{method} {target} {line}\r\nHost: x\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}"
    if "close" not in head:  # a second request shows whether the connection stays, and ends it
        text += "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    writer.write(text.encode())
    got = (await reader.read()).decode()
    writer.close()
    return sorted(line for line in got.split("\r\n") if not line.startswith("Date: "))


async def test_everybody_is_told_what_the_route_says(serving: Serving) -> None:
    for method, target, head in product(["POST", "GET", "OPTIONS"], TARGETS, HEADS):
        outcomes = OUTCOMES if target == PATH and method == "POST" else ["ready"]
        for body in outcomes:
            how = (method, target, head, body)
            assert await said(serving.short, *how) == await said(serving.plain, *how), how


async def test_what_is_taken_goes_past_the_router(serving: Serving) -> None:
    await said(serving.short, "POST", PATH, "HTTP/1.1", "ready")
    assert serving.routed == ["/health"]
    serving.routed.clear()
    for target, head, body in (
        (PATH, "HTTP/1.1", "refused"),
        (PATH, "HTTP/1.1\r\nExpect: 100-continue", "ready"),
        ("/a/1/inbox", "HTTP/1.1", "ready"),
    ):
        await said(serving.short, "POST", target, head, body)
        assert serving.routed == [target, "/health"]
        serving.routed.clear()


async def test_the_handler_is_asked_once_for_each_request(node: RunningNode) -> None:
    asked: list[bytes] = []

    async def counted(request: Request) -> StreamResponse:
        asked.append(await request.read())
        return await answer(request)

    door = Door(PATH, counted)
    async with served(node, door, door.before) as port:
        for body in OUTCOMES:
            await said(port, "POST", PATH, "HTTP/1.1", body)
    assert asked == [body.encode() for body in OUTCOMES]


async def test_a_running_node_has_one(node: RunningNode, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    is_meant = Door._is_meant

    def counted(self: Door, request: Request) -> bool:
        asked.append(request.path)
        return is_meant(self, request)

    monkeypatch.setattr(Door, "_is_meant", counted)
    refused = await node.ask("POST", PATH, json={})
    assert (refused.status, refused.headers["Content-Type"]) == (415, "application/problem+json")
    assert refused.headers["Server"] == "Tertulia"
    assert (await node.ask("GET", "/health")).status == 200
    assert asked == [PATH, "/health"]


async def test_what_is_refused_leaves_nothing_to_the_collector(node: RunningNode) -> None:
    """It looks seldom: requests with their bodies would gather."""
    came: list[weakref.ref[Request]] = []

    async def noted(request: Request) -> StreamResponse:
        came.append(weakref.ref(request))
        return await answer(request)

    door = Door(PATH, noted)
    gc.collect()
    gc.disable()
    try:
        async with served(node, door, door.before) as port:
            for body in OUTCOMES:
                await said(port, "POST", PATH, "HTTP/1.1", body)
        await asyncio.sleep(0.1)
        left = {body for body, request in zip(OUTCOMES, came, strict=True) if request() is not None}
        assert left <= {"broken"}  # what is logged with its traceback is kept by the test's own log
    finally:
        gc.enable()
