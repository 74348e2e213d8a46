"""What a live channel's hints become on the wire: rendered for the one who listens, when sent.

A hint holds ids. The words are loaded for the listener at this moment, so that nothing is sent
that the listener may not read any more (protocol §1).
"""

import orjson
from msgspec import Struct

from domain.audience import Viewer
from domain.errors import NotFound
from domain.node import Node
from social.scopes import covers
from social.streaming import Channel, EventKind, Sent, Stream
from storage.database import Database
from storage.tx import Tx
from storage.views import notifications
from storage.views.posts import visible
from web.mastodon.entities.lists import name_of
from web.mastodon.entities.notifications import notification
from web.mastodon.entities.statuses import whole

LISTENING: dict[str, str] = {"user:notification": "read:notifications"}
"""The scope that a stream takes where it is not `read:statuses`."""


class Message(Struct, frozen=True):
    """An event as it is sent. `payload` is a JSON text, or the bare id of what was deleted."""

    streams: tuple[Stream, ...]
    event: EventKind
    payload: str


def may_listen(scopes: str, stream: Stream) -> bool:
    """Whether a token with these scopes may open a stream."""
    return covers(scopes, LISTENING.get(stream.name, "read:statuses"))


async def message(db: Database, node: Node, channel: Channel, sent: Sent) -> Message | None:
    """The event for this listener, or nothing if there is nothing to show (any more)."""
    if sent.event is EventKind.DELETE:
        return Message(sent.streams, sent.event, str(sent.id))
    is_notice = sent.event is EventKind.NOTIFICATION
    if is_notice and not covers(channel.identity.scopes, "read:notifications"):
        return None
    try:
        load = _notification if is_notice else _status
        body = await db.read(load, sent.id, node, channel.viewer)
    except NotFound:
        return None
    return Message(sent.streams, sent.event, body.decode())


def _status(tx: Tx, post_id: int, node: Node, viewer: Viewer) -> bytes:
    return whole(visible(tx, post_id, viewer), node, viewer)


def _notification(tx: Tx, notification_id: int, node: Node, viewer: Viewer) -> bytes:
    view = notifications.one(tx, viewer, notification_id)
    return orjson.dumps(notification(view, node, viewer))


def frames(sent: Message) -> list[str]:
    """One WebSocket frame per stream; the payload is JSON inside a string, as clients expect."""
    return [
        orjson.dumps(
            {
                "stream": _address(stream),
                "event": sent.event.value,
                "payload": sent.payload,
            }
        ).decode()
        for stream in sent.streams
    ]


def _address(stream: Stream) -> list[str]:
    if stream.community:
        return [stream.name, name_of(stream.community)]
    return [stream.name, stream.tag] if stream.tag else [stream.name]


def server_sent(sent: Message) -> bytes:
    """The same for Server-Sent Events (WHATWG HTML §9.2); JSON has no raw line breaks."""
    return f"event: {sent.event.value}\ndata: {sent.payload}\n\n".encode()
