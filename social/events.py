"""What live channels are told, and in which streams it belongs.

An event is a hint that holds ids and no words. How it looks on the wire is the web's business.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import orjson
from msgspec import Struct

from storage.queries.streams import Entitled, StreamedPost
from storage.tx import Tx

TOPIC: Final = "stream"


class EventKind(StrEnum):
    """What happened; the values are the event names of Mastodon's streaming API."""

    UPDATE = "update"
    EDIT = "status.update"
    DELETE = "delete"
    NOTIFICATION = "notification"
    NOTIFICATIONS_MERGED = "notifications_merged"
    CONVERSATION = "conversation"
    FILTERS_CHANGED = "filters_changed"
    ANNOUNCEMENT = "announcement"
    ANNOUNCEMENT_REACTION = "announcement.reaction"
    ANNOUNCEMENT_DELETE = "announcement.delete"


OWN: Final[Mapping[EventKind, frozenset[str]]] = {
    EventKind.NOTIFICATION: frozenset({"user", "user:notification"}),
    EventKind.NOTIFICATIONS_MERGED: frozenset({"user", "user:notification"}),
    EventKind.CONVERSATION: frozenset({"direct"}),
    EventKind.FILTERS_CHANGED: frozenset({"user"}),
}
"""What concerns one person alone, and the streams that it comes by."""

FOR_ALL: Final = frozenset(
    {EventKind.ANNOUNCEMENT, EventKind.ANNOUNCEMENT_REACTION, EventKind.ANNOUNCEMENT_DELETE}
)
"""What everybody who lives here hears, by `user`."""


class Event(Struct, frozen=True):
    """A hint: `id` is a post's, a notification's, a conversation's, an announcement's.

    `account_id` is whom it concerns alone (`OWN`); `detail` is the emoji of a reaction.
    """

    kind: EventKind
    id: int
    account_id: int = 0
    detail: str = ""


class Stream(Struct, frozen=True):
    """A stream by its Mastodon name; `tag` (folded) for `hashtag` and `hashtag:local`.

    `community` is the community whose list it is, for `list`; `listed` one of the listener's own.
    """

    name: str
    tag: str = ""
    community: int = 0
    listed: int = 0


USER: Final = Stream("user")
NAMES: Final = frozenset(
    {"user", "user:notification", "public", "public:local", "public:remote"}
    | {"public:media", "public:local:media", "public:remote:media"}
    | {"hashtag", "hashtag:local", "list", "direct"}
)
"""The streams there are. `direct` tells of conversations; direct posts come with `user`."""


class Sent(Struct, frozen=True):
    """What a channel gives: the event, and those of its streams in which it belongs."""

    streams: tuple[Stream, ...]
    event: EventKind
    id: int
    detail: str = ""


def announce(tx: Tx, event: Event) -> None:
    """Tell the hubs of all processes, once the unit of work is stored."""
    tx.publish(TOPIC, orjson.dumps([event.kind, event.id, event.account_id, event.detail]))


def posted(post_id: int) -> Event:
    """A post or a share is new."""
    return Event(EventKind.UPDATE, post_id)


def edited(post_id: int) -> Event:
    """A post says something else now."""
    return Event(EventKind.EDIT, post_id)


def deleted(post_id: int) -> Event:
    """A post or a share is gone."""
    return Event(EventKind.DELETE, post_id)


def notified(account_id: int, notification_id: int) -> Event:
    """Somebody was told something."""
    return Event(EventKind.NOTIFICATION, notification_id, account_id)


def belongs(stream: Stream, post: StreamedPost, reader: Entitled, event: EventKind) -> bool:
    """Whether a post that the reader may see belongs into a stream; the rules of the timelines.

    New words in a community come as its wrapper, once; their changes and their end as they are.
    """
    new = event is EventKind.UPDATE
    match stream.name:
        case "user":
            placed = bool(post.place_id) and post.first_hand
            wrapped = placed and not (post.for_all and not reader.belongs)
            comes = reader.itself and not wrapped if new else reader.at_home
            # What is gone stands in no home any more: it is told to whom it may have come.
            might_have = reader.follows or reader.belongs or _is_come_across(post, reader)
            return might_have if event is EventKind.DELETE else comes
        case "list" if stream.listed:
            return stream.listed in reader.lists
        case "list":
            mine = post.place_id == stream.community and reader.belongs
            return mine and (post.is_wrapper or not new)
        case "public" | "public:media":
            return _is_public(post, stream) and _is_come_across(post, reader)
        case "public:local" | "public:local:media":
            return _is_public(post, stream) and post.local
        case "public:remote" | "public:remote:media":
            return _is_public(post, stream) and not post.local and reader.full
        case "hashtag":
            return _is_tagged(post, stream) and _is_come_across(post, reader)
        case "hashtag:local":
            return _is_tagged(post, stream) and post.local
        case _:
            return False


def _is_come_across(post: StreamedPost, reader: Entitled) -> bool:
    """Whoever is no full member comes across what was written here and nothing else."""
    return post.local or reader.full


def _is_tagged(post: StreamedPost, stream: Stream) -> bool:
    return post.listed and post.first_hand and stream.tag in post.tags


def _is_public(post: StreamedPost, stream: Stream) -> bool:
    shown = post.has_files or not stream.name.endswith(":media")
    return shown and post.listed and post.first_hand and not post.answers_others
