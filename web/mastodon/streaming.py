"""Live updates: one WebSocket for many streams, and Server-Sent Events for one.

Rights are asked by the hub when an event is sent; a channel ends within seconds of its person's
rights (`social.streaming`).
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final

import orjson
from aiohttp import WSCloseCode, WSMsgType, hdrs
from aiohttp.web import Response, StreamResponse, WebSocketResponse

from domain.errors import NotAllowed
from domain.text import fold_tag
from social.scopes import covers
from social.streaming import NAMES, Channel, Stream
from social.timelines import home
from storage.views.paging import Page
from web.authentication import websocket_protocol
from web.call import Call
from web.errors import BUSY, BadRequest
from web.headers import add_headers
from web.mastodon.entities.lists import list_id
from web.mastodon.events import frames, may_listen, message, server_sent
from web.params import as_id
from web.routes import Access, Handler, Route, get

log = logging.getLogger("tertulia.web")

PING_SECONDS: Final = 30
THUMP_SECONDS: Final = 15
LOOK_SECONDS: Final = 1.0
"""How often a silent stream looks whether its client is still there."""

LARGEST_FRAME: Final = 4096
MOST_STREAMS: Final = 50
LONGEST_TAG: Final = 100

_UNKNOWN: Final = "Unknown stream type"


async def health(_call: Call) -> StreamResponse:
    """GET /api/v1/streaming/health."""
    return Response(text="OK")


def _stream(name: str, tag: str, listed: str) -> Stream:
    """The stream that is meant: `tag` narrows a hashtag's, `listed` is the id of a list."""
    tag = fold_tag(tag[:LONGEST_TAG].removeprefix("#")) if name.startswith("hashtag") else ""
    named = listed[:LONGEST_TAG] if name == "list" else ""
    return Stream(name, tag, list_id(named) or 0, as_id(named) or 0)


def _open(channel: Channel, name: str, tag: str, listed: str) -> None:
    """Subscribe to a stream.

    Raises:
        BadRequest: there is no such stream, or there are too many.
        NotAllowed: the token was not made for it.
    """
    stream = _stream(name, tag, listed)
    if not may_listen(channel.identity.scopes, stream):
        raise NotAllowed("This action is outside the authorized scopes")
    if len(channel.streams) >= MOST_STREAMS:
        raise BadRequest("Too many streams")
    try:
        channel.subscribe(stream, tag[:LONGEST_TAG])
    except ValueError:
        raise BadRequest(_UNKNOWN) from None


def _narrowed(call: Call) -> tuple[str, str]:
    return call.params.text("tag"), call.params.text("list")


async def _come_home(call: Call) -> None:
    """Keep the home of whoever listens written: a person may listen and never read it."""
    if covers(call.person.scopes, "read:statuses"):
        await home(call.services.db, viewer=call.viewer, page=Page(limit=1))


# WebSocket.


async def connect(call: Call) -> StreamResponse:
    """GET /api/v1/streaming: a WebSocket, or Server-Sent Events with `?stream=`."""
    if call.request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
        if "stream" not in call.params:
            raise BadRequest(_UNKNOWN)
        return await _serve_events(call, call.params.text("stream"))
    await _come_home(call)
    channel = call.services.hub.connect(call.person)
    try:
        if "stream" in call.params:
            _open(channel, call.params.text("stream"), *_narrowed(call))
        return await _serve_socket(call, channel)
    finally:
        channel.close()


async def _serve_socket(call: Call, channel: Channel) -> WebSocketResponse:
    # A browser closes unless the protocol that it offered, the token, is chosen.
    offered = websocket_protocol(call.request)
    socket = WebSocketResponse(
        heartbeat=PING_SECONDS,
        max_msg_size=LARGEST_FRAME,
        compress=False,  # what is small when it comes stays small (D21)
        protocols=[offered] if offered else (),
    )
    await socket.prepare(call.request)
    sender = asyncio.create_task(_send(call, channel, socket))
    try:
        await _listen(channel, socket)
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
    return socket


async def _send(call: Call, channel: Channel, socket: WebSocketResponse) -> None:
    """Pass on what the channel gives; when the channel ends, so does the connection."""
    code = WSCloseCode.POLICY_VIOLATION
    try:
        async for sent in channel:
            found = await message(call.services.db, call.node, channel, sent)
            if channel.closed:
                break
            for frame in frames(found, channel) if found else ():
                await socket.send_str(frame)
    except ConnectionResetError:
        return
    except Exception as failure:  # noqa: BLE001 - whatever it is, the client asks anew
        log.warning("A channel ended: %s", type(failure).__name__)
        code = WSCloseCode.TRY_AGAIN_LATER
    await socket.close(code=code)


async def _listen(channel: Channel, socket: WebSocketResponse) -> None:
    async for frame in socket:
        if frame.type is WSMsgType.TEXT:
            await _obey(channel, socket, frame.data)
        elif frame.type is WSMsgType.BINARY:
            await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)


async def _obey(channel: Channel, socket: WebSocketResponse, text: str) -> None:
    """Subscribe or unsubscribe. What cannot be understood is answered and changes nothing."""
    try:
        wish: Any = orjson.loads(text)
        kind, name = wish["type"], wish["stream"]
        tag, listed = wish.get("tag") or "", wish.get("list") or ""
        if not (isinstance(name, str) and isinstance(tag, str) and isinstance(listed, str)):
            raise BadRequest(_UNKNOWN)
        if kind == "subscribe":
            _open(channel, name, tag, listed)
        elif kind == "unsubscribe":
            channel.unsubscribe(_stream(name, tag, listed))
    except (BadRequest, NotAllowed) as problem:
        await socket.send_str(orjson.dumps({"error": problem.message}).decode())
    except (ValueError, KeyError, TypeError, AttributeError):
        await socket.send_str('{"error":"The message could not be understood"}')


# Server-Sent Events.


def _events(name: str) -> Handler:
    async def serve(call: Call) -> StreamResponse:
        pictures = f"{name}:media"
        narrowed = pictures in NAMES and call.params.flag("only_media")
        return await _serve_events(call, pictures if narrowed else name)

    return serve


async def _serve_events(call: Call, name: str) -> StreamResponse:
    await _come_home(call)
    channel = call.services.hub.connect(call.person)
    try:
        _open(channel, name, *_narrowed(call))
        response = StreamResponse(headers={"X-Accel-Buffering": "no"})
        response.content_type = "text/event-stream"
        add_headers(call.request, response)
        await response.prepare(call.request)
        if call.request.method != hdrs.METH_HEAD:
            with suppress(ConnectionResetError, *BUSY):  # the client connects anew
                await _pour(call, channel, response)
        return response
    finally:
        channel.close()


async def _pour(call: Call, channel: Channel, response: StreamResponse) -> None:
    """Send events as they come, and a sign of life in between; ends with channel or client."""
    await response.write(b":)\n")
    events = aiter(channel)
    coming = asyncio.ensure_future(anext(events, None))
    silent = 0.0
    try:
        while _is_there(call):
            await asyncio.wait({coming}, timeout=LOOK_SECONDS)
            if not coming.done():
                silent += LOOK_SECONDS
                if silent >= THUMP_SECONDS:
                    await response.write(b":thump\n")
                    silent = 0.0
                continue
            sent = coming.result()
            if sent is None:
                return
            found = await message(call.services.db, call.node, channel, sent)
            if found is not None and not channel.closed:
                await response.write(server_sent(found))
            coming = asyncio.ensure_future(anext(events, None))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def _is_there(call: Call) -> bool:
    """Whether the client is still connected: a silent stream would not notice otherwise."""
    transport = call.request.transport
    return transport is not None and not transport.is_closing()


_BASE: Final = "/api/v1/streaming"
_PATHS: Final = {
    "user": "read:statuses",
    "user/notification": "read:notifications",
    "public": "read:statuses",
    "public/local": "read:statuses",
    "public/remote": "read:statuses",
    "hashtag": "read:statuses",
    "hashtag/local": "read:statuses",
    "list": "read:statuses",
    "direct": "read:statuses",
}

ROUTES: list[Route] = [
    get(_BASE, connect, Access.ACCOUNT, "read:statuses|read:notifications"),
    get(f"{_BASE}/health", health, Access.OPEN),
    *(
        get(f"{_BASE}/{path}", _events(path.replace("/", ":")), Access.ACCOUNT, scope)
        for path, scope in _PATHS.items()
    ),
]
