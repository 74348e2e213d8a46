"""Live updates through real sockets: what is sent, to whom, and when it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from domain.kinds import Role
from social import accounts, apps
from tests.support.nodes import Person, RunningNode, until
from tests.support.strict import check

STREAMING = "/api/v1/streaming"


@asynccontextmanager
async def socket(
    person: Person, *streams: dict[str, str], query: str = "", **options: Any
) -> AsyncIterator[ClientWebSocketResponse]:
    """A socket with a token in its protocol, as browsers send it, and these subscriptions."""
    options.setdefault("protocols", [person.token])
    hub = person.node.parts.hub
    before = len(hub)
    async with (
        ClientSession() as session,
        session.ws_connect(person.node.url(f"{STREAMING}{query}"), **options) as opened,
    ):
        await until(lambda: _is(len(hub) == before + 1))
        for stream in streams:
            await opened.send_json({"type": "subscribe", **stream})
        await settled(opened)
        yield opened


async def _is(value: bool) -> bool:
    return value


async def settled(opened: ClientWebSocketResponse) -> None:
    """Wait until the server has read everything sent so far: it answers nonsense in order."""
    await opened.send_str("nonsense")
    assert "error" in orjson.loads((await opened.receive(timeout=30)).data)


async def frame(opened: ClientWebSocketResponse) -> dict[str, Any]:
    received = await opened.receive(timeout=30)
    assert received.type is WSMsgType.TEXT, received
    found: dict[str, Any] = orjson.loads(received.data)
    assert isinstance(found["stream"], list)
    assert isinstance(found["payload"], str)
    return found


async def quiet(opened: ClientWebSocketResponse) -> None:
    """Nothing more comes: whatever was under way has had its time."""
    with pytest.raises(TimeoutError):
        await opened.receive(timeout=0.3)


USER = {"stream": "user"}


async def test_home_posts_edits_and_deletions_arrive(ana: Person, bo: Person) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await ana.home()
    async with socket(ana, USER) as live:
        posted = await bo.say("Live")
        found = await frame(live)
        assert (found["stream"], found["event"]) == (["user"], "update")
        status = check("status", orjson.loads(found["payload"]))
        assert status["id"] == posted["id"]
        assert status["favourited"] is False
        await bo.put(f"/api/v1/statuses/{posted['id']}", status="Changed")
        edited = await frame(live)
        assert edited["event"] == "status.update"
        assert "Changed" in check("status", orjson.loads(edited["payload"]))["content"]
        await bo.delete(f"/api/v1/statuses/{posted['id']}")
        gone = await frame(live)
        assert (gone["event"], gone["payload"]) == ("delete", posted["id"])


async def test_notifications_arrive_with_what_they_are_about(ana: Person, bo: Person) -> None:
    posted = await ana.say("Like me")
    async with socket(ana, {"stream": "user:notification"}) as live:
        await bo.post(f"/api/v1/statuses/{posted['id']}/favourite")
        found = await frame(live)
        assert (found["stream"], found["event"]) == (["user:notification"], "notification")
        told = check("notification", orjson.loads(found["payload"]))
        assert (told["type"], told["status"]["id"]) == ("favourite", posted["id"])


async def test_one_socket_carries_many_streams(ana: Person, bo: Person) -> None:
    streams = (
        {"stream": "public"},
        {"stream": "public:local"},
        {"stream": "hashtag", "tag": "Tag"},
    )
    async with socket(ana, *streams) as live:
        await bo.say("With a #tag")
        found = [(await frame(live))["stream"] for _ in streams]
        assert sorted(found) == [["hashtag", "Tag"], ["public"], ["public:local"]]
        await live.send_json({"type": "unsubscribe", "stream": "hashtag", "tag": "TAG"})
        await live.send_json({"type": "unsubscribe", "stream": "public"})
        await settled(live)
        await bo.say("Another #tag")
        assert (await frame(live))["stream"] == ["public:local"]
        await quiet(live)


@pytest.mark.parametrize("way", ["protocol", "query", "header"])
async def test_the_token_comes_by_protocol_query_or_header(
    ana: Person, bo: Person, way: str
) -> None:
    ways: dict[str, dict[str, Any]] = {
        "protocol": {},
        "query": {"protocols": (), "query": f"?access_token={ana.token}&stream=public"},
        "header": {"protocols": (), "headers": {"Authorization": f"Bearer {ana.token}"}},
    }
    async with socket(ana, {"stream": "public"}, **ways[way]) as live:
        # Browsers close unless the protocol that they offered is chosen.
        assert live.protocol == (ana.token if way == "protocol" else None)
        await bo.say("Hello")
        assert (await frame(live))["event"] == "update"


async def test_a_stream_in_the_query_needs_no_message(ana: Person, bo: Person) -> None:
    async with socket(ana, query="?stream=hashtag&tag=Tag") as live:
        await bo.say("About #tag")
        assert (await frame(live))["stream"] == ["hashtag", "Tag"]


async def test_frames_name_a_tag_as_the_client_wrote_it(ana: Person, bo: Person) -> None:
    async with socket(ana, query="?stream=hashtag&tag=%23Knots") as live:
        await bo.say("About #knots")
        assert (await frame(live))["stream"] == ["hashtag", "#Knots"]
        await live.send_json({"type": "subscribe", "stream": "hashtag", "tag": "KNOTS"})
        await settled(live)
        await bo.say("More #Knots")
        assert (await frame(live))["stream"] == ["hashtag", "KNOTS"], "once, by its last name"
        await quiet(live)


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        (STREAMING, None, 401),
        (STREAMING, "nobody's", 401),
        (f"{STREAMING}?stream=never:heard", "ana", 400),
        (f"{STREAMING}?stream=hashtag", "ana", 400),
        (f"{STREAMING}?stream=list&list=x1", "ana", 400),
    ],
)
async def test_P08_sockets_that_may_not_be_are_refused(
    node: RunningNode, ana: Person, path: str, token: str | None, status: int
) -> None:
    offered = [] if token is None else [ana.token if token == "ana" else token]
    async with ClientSession() as session:
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect(node.url(path), protocols=offered)
    assert refused.value.status == status
    assert len(node.parts.hub) == 0


@pytest.mark.parametrize(
    "sent",
    [
        '{"type":"subscribe","stream":"never:heard"}',
        '{"type":"subscribe","stream":"hashtag"}',
        '{"type":"subscribe","stream":["user"]}',
        '{"type":"subscribe","stream":"hashtag","tag":{"a":1}}',
        '{"type":"subscribe"}',
        "[]",
        "{",
        "null",
    ],
)
async def test_messages_that_cannot_be_are_answered_and_change_nothing(
    ana: Person, bo: Person, sent: str
) -> None:
    async with socket(ana) as live:
        await live.send_str(sent)
        assert "error" in orjson.loads((await live.receive(timeout=30)).data)
        await bo.say("Nobody listens to this")
        await quiet(live)


async def test_binary_frames_end_the_socket(ana: Person) -> None:
    async with socket(ana) as live:
        await live.send_bytes(b"\0")
        assert (await live.receive(timeout=30)).type is WSMsgType.CLOSE
        assert live.close_code == 1003


async def test_A04_streams_need_their_scope(node: RunningNode, ana: Person, bo: Person) -> None:
    async def listener(scopes: str) -> Person:
        issued = await node.db.write(apps.issue, app_id=None, account_id=ana.id, granted=scopes)
        return Person(node, ana.id, "ana", issued.token)

    reader, told = await listener("read:statuses"), await listener("read:notifications")
    async with (
        socket(reader, USER) as reading,
        socket(told, query="?stream=user:notification") as telling,
    ):
        for live, stream in ((reading, "user:notification"), (telling, "user")):
            await live.send_json({"type": "subscribe", "stream": stream})
            answer = orjson.loads((await live.receive(timeout=30)).data)
            assert "scopes" in answer["error"]
        await bo.say("@ana both")
        assert (await frame(telling))["event"] == "notification"
        await quiet(telling)
        await quiet(reading)  # not followed, so not at home; and notices are not for this token
    writer = await node.person("cy", Role.MEMBER, "write")
    async with ClientSession() as session:
        with pytest.raises(WSServerHandshakeError, match="403"):
            await session.ws_connect(node.url(STREAMING), protocols=[writer.token])


async def test_G33_G34_guests_hear_nothing_of_the_main_network(
    node: RunningNode, ana: Person, gina: Person
) -> None:
    streams = (
        {"stream": "public"},
        {"stream": "public:local"},
        USER,
        {"stream": "hashtag", "tag": "tag"},
    )
    async with socket(gina, *streams) as live:
        posted = await ana.say("For colleagues #tag")
        await ana.put(f"/api/v1/statuses/{posted['id']}", status="Changed #tag")
        await ana.delete(f"/api/v1/statuses/{posted['id']}")
        await quiet(live)


async def test_direct_posts_go_live_to_nobody_else(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    cy = await node.person("cy")
    await cy.post(f"/api/v1/accounts/{ana.id}/follow")
    await cy.home()
    async with socket(cy, USER, {"stream": "public"}) as live:
        await ana.say("@bo psst", visibility="direct")
        await quiet(live)


@pytest.mark.parametrize("end", ["disabled", "revoked", "role"])
async def test_G35_rights_that_end_close_the_socket_within_seconds(
    node: RunningNode, ana: Person, bo: Person, end: str
) -> None:
    async with socket(ana, {"stream": "public"}) as live:
        if end == "role":
            await node.db.write(
                accounts.set_role, node=node.node, account_id=ana.id, role=Role.GUEST
            )
        elif end == "disabled":
            await node.db.write(accounts.disable, node=node.node, account_id=ana.id)
        else:
            await node.db.write(accounts.reset_password, account_id=ana.id, password_hash="")
        await bo.say("Not for you any more")
        received = await live.receive(timeout=30)
        assert received.type is WSMsgType.CLOSE, received.data
        assert live.close_code == 1008
    await until(lambda: _is(len(node.parts.hub) == 0))


async def test_server_sent_events_say_the_same(node: RunningNode, ana: Person, bo: Person) -> None:
    headers = {"Authorization": f"Bearer {ana.token}"}
    async with (
        ClientSession() as session,
        session.get(node.url(f"{STREAMING}/public/local"), headers=headers) as live,
    ):
        assert live.status == 200
        assert live.content_type == "text/event-stream"
        assert live.headers["Access-Control-Allow-Origin"] == "*"
        assert live.headers["Cache-Control"] == "private, no-store"
        assert await line(live) == ":)"
        posted = await bo.say("Live")
        assert await line(live) == "event: update"
        status = check("status", orjson.loads((await line(live)).removeprefix("data: ")))
        assert status["id"] == posted["id"]
        assert await line(live) == ""
        await bo.delete(f"/api/v1/statuses/{posted['id']}")
        assert await line(live) == "event: delete"
        assert await line(live) == f"data: {posted['id']}"
    await until(lambda: _is(len(node.parts.hub) == 0))


async def line(live: Any) -> str:
    async with asyncio.timeout(30):
        received: bytes = await live.content.readline()
    return received.decode().rstrip("\n")


async def test_server_sent_events_show_life_and_end_with_the_right(
    node: RunningNode, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.mastodon.streaming.THUMP_SECONDS", 0.05)
    monkeypatch.setattr("web.mastodon.streaming.LOOK_SECONDS", 0.05)
    headers = {"Authorization": f"Bearer {ana.token}"}
    async with (
        ClientSession() as session,
        session.get(node.url(f"{STREAMING}?stream=user"), headers=headers) as live,
    ):
        assert [await line(live), await line(live)] == [":)", ":thump"]
        await node.db.write(accounts.disable, node=node.node, account_id=ana.id)
        async with asyncio.timeout(30):
            rest = await live.content.read()
        assert set(rest.splitlines()) <= {b":thump"}


@pytest.mark.parametrize("path", ["hashtag", "list", "never"])
async def test_server_sent_events_that_may_not_be_are_refused(ana: Person, path: str) -> None:
    assert (await ana.ask("GET", f"{STREAMING}/{path}")).status in {400, 404}
    assert len(ana.node.parts.hub) == 0
