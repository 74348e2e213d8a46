"""Every stream by its own address (Server-Sent Events): what somebody else does comes by it."""

from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession

from domain.audience import Audience
from social.streaming import announce, posted
from storage.tx import Tx
from tests.support import factories
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import upload
from tests.web.test_streaming import STREAMING, USER, frame, line, quiet, socket


def _from_afar(tx: Tx) -> int:
    """A public post of another server, as it is announced when it is stored."""
    author = factories.add_remote(tx, "fern")
    post = factories.add_post(
        tx, author, Audience.public(), tags=("tag",), origin_id=factories.origin_of(tx, FAR)
    )
    announce(tx, posted(post))
    return post


FAR = "https://far.example"
LOCAL = ("user", "public", "public/local", "hashtag?tag=Tag", "hashtag/local?tag=TAG", "list?list=")
REMOTE = ("public/remote",)


async def _event(live: Any) -> tuple[str, Any]:
    """The next event by Server-Sent Events and its payload."""
    while not (said := await line(live)).startswith("event: "):
        assert said in {"", ":)", ":thump"}
    return said.removeprefix("event: "), orjson.loads((await line(live)).removeprefix("data: "))


@pytest.mark.operation(
    "GET /api/v1/streaming/user",
    "GET /api/v1/streaming/user/notification",
    "GET /api/v1/streaming/public",
    "GET /api/v1/streaming/public/local",
    "GET /api/v1/streaming/public/remote",
    "GET /api/v1/streaming/hashtag",
    "GET /api/v1/streaming/hashtag/local",
    "GET /api/v1/streaming/list",
    "GET /api/v1/streaming/direct",
)
async def test_what_others_do_comes_by_each_stream(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    made = await ana.post("/api/v1/lists", title="Bo alone")
    await ana.post(f"/api/v1/lists/{made['id']}/accounts", account_ids=[str(bo.id)])
    await ana.home()
    headers = {"Authorization": f"Bearer {ana.token}"}
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession(headers=headers))
        live = {}
        for path in (*LOCAL, *REMOTE, "user/notification", "direct"):
            named = f"{path}{made['id']}" if path.endswith("list=") else path
            opened = session.get(node.url(f"{STREAMING}/{named}"))
            live[path] = await stack.enter_async_context(opened)
        said = await bo.say("Seen by all #tag")
        for path in LOCAL:
            event, payload = await _event(live[path])
            assert (path, event, payload["id"]) == (path, "update", said["id"])
        afar = await node.db.write(_from_afar)
        for path in ("public", "public/remote", "hashtag?tag=Tag"):
            event, payload = await _event(live[path])
            assert (path, event, payload["id"]) == (path, "update", str(afar))
        private = await bo.say("@ana psst", visibility="direct")
        event, told = await _event(live["user/notification"])
        assert (event, told["type"], told["status"]["id"]) == (
            *("notification", "mention"),
            private["id"],
        )
        event, talk = await _event(live["direct"])
        assert (event, talk["last_status"]["id"]) == ("conversation", private["id"])


@pytest.mark.operation("GET /api/v1/streaming/health")
async def test_health_is_told_to_everybody(node: RunningNode) -> None:
    answer = await node.ask("GET", f"{STREAMING}/health")
    assert (answer.status, answer.text) == (200, "OK")


async def test_streams_of_pictures_leave_out_words(ana: Person, bo: Person) -> None:
    names = [{"stream": name} for name in ("public:media", "public:local:media")]
    async with socket(ana, *names, {"stream": "public:remote:media"}) as live:
        await bo.say("Words alone")
        shown = await bo.say("Look", media_ids=[(await upload(bo))["id"]])
        found = [await frame(live) for _ in names]
        assert sorted(each["stream"] for each in found) == [
            ["public:local:media"],
            ["public:media"],
        ]
        assert {orjson.loads(each["payload"])["id"] for each in found} == {shown["id"]}
        await quiet(live)


@pytest.mark.parametrize("path", ["public", "public/local"])
async def test_only_media_leaves_out_words(
    node: RunningNode, ana: Person, bo: Person, path: str
) -> None:
    headers = {"Authorization": f"Bearer {ana.token}"}
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession(headers=headers))
        asked = [node.url(f"{STREAMING}/{path}?only_media={wish}") for wish in ("true", "false")]
        media, both = [await stack.enter_async_context(session.get(url)) for url in asked]
        words = await bo.say("Words alone")
        shown = await bo.say("Look", media_ids=[(await upload(bo))["id"]])
        assert (await _event(media))[1]["id"] == shown["id"]
        assert [(await _event(both))[1]["id"] for _ in range(2)] == [words["id"], shown["id"]]


async def test_only_media_means_nothing_elsewhere(ana: Person) -> None:
    answer = await ana.ask("HEAD", f"{STREAMING}/user?only_media=true")
    assert answer.status == 200


@pytest.mark.parametrize("kind", ["user", "user:notification"])
async def test_events_of_one_person_come_to_nobody_else(ana: Person, bo: Person, kind: str) -> None:
    async with socket(bo, {"stream": kind}, USER) as theirs, socket(ana, USER) as live:
        await ana.post("/api/v2/filters", title="Rungs", context=["home"], filter_action="warn")
        assert (await frame(live))["event"] == "filters_changed"
        await quiet(theirs)
