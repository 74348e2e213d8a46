"""What a live channel's hints become on the wire: rendered for the one who listens, when sent.

A hint holds ids. The words are loaded for the listener at this moment, so that nothing is sent
that the listener may not read any more (protocol §1).
"""

from collections.abc import Callable, Mapping
from typing import Final

import orjson
from msgspec import Struct

from domain.audience import Viewer
from domain.errors import NotFound
from domain.node import Node
from social.scopes import covers
from social.streaming import Channel, EventKind, Sent, Stream
from storage.database import Database
from storage.tx import Tx
from storage.views import direct, notifications
from storage.views.posts import visible
from web.mastodon import announcements
from web.mastodon.entities.accounts import account
from web.mastodon.entities.conversations import conversation
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
    scope = _NEEDS.get(sent.event)
    if scope is not None and not covers(channel.identity.scopes, scope):
        return None
    if sent.event in _BARE:
        return Message(sent.streams, sent.event, _BARE[sent.event](sent))
    try:
        body = await db.read(_LOADED[sent.event], sent, node, channel.viewer)
    except NotFound:
        return None
    return Message(sent.streams, sent.event, body.decode())


def _status(tx: Tx, sent: Sent, node: Node, viewer: Viewer) -> bytes:
    return whole(visible(tx, sent.id, viewer), node, viewer)


def _notification(tx: Tx, sent: Sent, node: Node, viewer: Viewer) -> bytes:
    view = notifications.one(tx, viewer, sent.id)
    status = None if view.post is None else whole(view.post.shown, node, viewer)
    sender = account(view.sender, node, viewer)
    return orjson.dumps(notification(view, sender, node, viewer, status))


def _conversation(tx: Tx, sent: Sent, node: Node, viewer: Viewer) -> bytes:
    return orjson.dumps(conversation(direct.one(tx, viewer, sent.id), node, viewer))


def _bare_id(sent: Sent) -> str:
    return str(sent.id)


def _nothing(_sent: Sent) -> str:
    return ""  # some clients want a text, and there is nothing to say (mastodon-api.md §3)


_BARE: Final[Mapping[EventKind, Callable[[Sent], str]]] = {
    EventKind.DELETE: _bare_id,
    EventKind.FILTERS_CHANGED: _nothing,
    EventKind.NOTIFICATIONS_MERGED: _nothing,
}
"""What is said without asking the database: ids of what is gone, and that something changed."""

_LOADED: Final[Mapping[EventKind, Callable[[Tx, Sent, Node, Viewer], bytes]]] = {
    EventKind.UPDATE: _status,
    EventKind.EDIT: _status,
    EventKind.NOTIFICATION: _notification,
    EventKind.CONVERSATION: _conversation,
    EventKind.ANNOUNCEMENT: announcements.told,
    EventKind.ANNOUNCEMENT_REACTION: announcements.told_reaction,
    EventKind.ANNOUNCEMENT_DELETE: announcements.told_end,
}
"""What is loaded for the listener when it is sent. NotFound: there is nothing to show any more."""

_NEEDS: Final[Mapping[EventKind, str]] = {
    EventKind.NOTIFICATION: "read:notifications",
    EventKind.NOTIFICATIONS_MERGED: "read:notifications",
    EventKind.FILTERS_CHANGED: "read:filters",
}
"""The scope that an event takes besides its stream's."""


def frames(sent: Message, channel: Channel) -> list[str]:
    """One WebSocket frame per stream; the payload is JSON inside a string, as clients expect.

    A tag is named as the client wrote it: apps drop what names no stream that they asked for.
    """
    return [
        orjson.dumps(
            {
                "stream": _address(stream, channel.spelled(stream)),
                "event": sent.event.value,
                "payload": sent.payload,
            }
        ).decode()
        for stream in sent.streams
    ]


def _address(stream: Stream, spelled: str) -> list[str]:
    if stream.community:
        return [stream.name, name_of(stream.community)]
    if stream.listed:
        return [stream.name, str(stream.listed)]
    return [stream.name, spelled] if stream.tag else [stream.name]


def server_sent(sent: Message) -> bytes:
    """The same for Server-Sent Events (WHATWG HTML §9.2); JSON has no raw line breaks."""
    return f"event: {sent.event.value}\ndata: {sent.payload}\n\n".encode()
