"""Live channels: what happened, and who of the connected people may hear of it now.

An event on the bus is a hint that holds ids and no words. For each event the hub asks the database
which of the connected accounts may read the post at that moment, and compares their epochs; every
two seconds it closes the channels of accounts whose rights changed and of tokens that ended
(protocol §6). How an event looks on the wire is the web's business.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Final

import orjson
import structlog
from msgspec.structs import replace

from domain.audience import Viewer
from domain.errors import TooMany
from social.events import (
    FOR_ALL,
    NAMES,
    OWN,
    TOPIC,
    USER,
    Event,
    EventKind,
    Sent,
    Stream,
    announce,
    belongs,
    deleted,
    edited,
    notified,
    posted,
)
from social.signin import Identity, viewer_of
from storage.database import Database
from storage.errors import StorageError
from storage.notices import Bus
from storage.queries import streams as stored
from storage.queries.streams import Entitled, StreamedPost
from storage.tx import Tx
from storage.views import notifications

__all__ = [
    "NAMES",
    "TOPIC",
    "USER",
    "Channel",
    "Event",
    "EventKind",
    "Hub",
    "Sent",
    "Stream",
    "announce",
    "deleted",
    "edited",
    "notified",
    "posted",
]

log = structlog.get_logger("streaming")

RECHECK_SECONDS: Final = 2.0
LONGEST_QUEUE: Final = 500
"""Events that wait for one slow channel; then it is closed, and the client reads the list."""

MOST_WAITING: Final = 5_000
MOST_CHANNELS: Final = 100
"""Connections of one person: many apps and tabs, and an end."""


class Channel:
    """One connected client: iterate over what it is sent. The iteration ends when it is closed."""

    def __init__(self, identity: Identity, streams: Iterable[Stream]) -> None:
        self.identity: Final = identity
        self.viewer: Final[Viewer] = viewer_of(identity)
        self._streams: dict[Stream, str] = dict.fromkeys(streams, "")
        self._queue: asyncio.Queue[Sent | None] = asyncio.Queue(LONGEST_QUEUE)
        self._closed = False
        self.on_close: Callable[[], None] | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What the client subscribed to."""
        return tuple(self._streams)

    def spelled(self, stream: Stream) -> str:
        """The tag of a stream, as the client wrote it last."""
        return self._streams.get(stream) or stream.tag

    def subscribe(self, stream: Stream, spelled: str = "") -> None:
        """Listen to one more stream; unknown names raise ValueError.

        `spelled`: its tag as the client wrote it, and knows it again.

        A list may be anybody's: whether it is the listener's is asked when something is sent.
        """
        nameless = stream.name.startswith("hashtag") and not stream.tag
        listless = stream.name == "list" and not (stream.community or stream.listed)
        if stream.name not in NAMES or nameless or listless:
            raise ValueError("there is no such stream")
        self._streams[stream] = spelled

    def unsubscribe(self, stream: Stream) -> None:
        """Stop listening to a stream."""
        self._streams.pop(stream, None)

    def send(self, sent: Sent) -> None:
        """Queue something for the client; a client that does not read is let go."""
        try:
            self._queue.put_nowait(sent)
        except asyncio.QueueFull:
            self.close()

    def close(self) -> None:
        """End the channel: what still waits is not given any more."""
        if self._closed:
            return
        self._closed = True
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)
        if self.on_close is not None:
            self.on_close()

    async def __aiter__(self) -> AsyncIterator[Sent]:
        while not self._closed:
            sent = await self._queue.get()
            if sent is None or self._closed:
                return
            yield sent


class Hub:
    """All channels of one process. `start` before the first event, `close` at the end."""

    def __init__(self, db: Database, bus: Bus | None = None) -> None:
        self._db = db
        self._bus = bus or db.bus
        self._channels: set[Channel] = set()
        self._open: Counter[int] = Counter()  # by account
        self._waiting: dict[Event, None] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] | None = None

    def __len__(self) -> int:
        return len(self._channels)

    async def start(self) -> None:
        """Listen to the bus, send events, and look after the rights of those connected."""
        self._unsubscribe = self._bus.subscribe(self._hear, TOPIC)
        self._tasks = [
            asyncio.create_task(self._send_events()),
            asyncio.create_task(self._recheck_for_ever()),
        ]

    async def close(self) -> None:
        """Close every channel and stop."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for channel in tuple(self._channels):
            channel.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def connect(self, identity: Identity, streams: Iterable[Stream] = ()) -> Channel:
        """A channel for a person who is signed in. Unknown streams raise ValueError.

        An app's own token has nobody's rights: ValueError too. The caller closes the channel.
        TooMany: somebody has that many open already.
        """
        if identity.account_id is None:
            raise ValueError("only people have streams")
        if self._open[identity.account_id] >= MOST_CHANNELS:
            raise TooMany("You have too many open connections. Please close some.", 60)
        channel = Channel(identity, ())
        for stream in streams:
            channel.subscribe(stream)
        channel.on_close = partial(self._forget, channel, identity.account_id)
        self._channels.add(channel)
        self._open[identity.account_id] += 1
        return channel

    def _forget(self, channel: Channel, account_id: int) -> None:
        if channel not in self._channels:
            return
        self._channels.discard(channel)
        self._open[account_id] -= 1
        if not self._open[account_id]:
            del self._open[account_id]

    def _hear(self, topic: str, payload: bytes) -> None:
        if topic != TOPIC or not self._channels or len(self._waiting) >= MOST_WAITING:
            return
        with suppress(ValueError, TypeError):
            kind, identifier, account_id, detail = orjson.loads(payload)
            event = Event(EventKind(kind), int(identifier), int(account_id), str(detail))
            self._waiting[event] = None
            self._wake.set()

    async def _send_events(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            events, self._waiting = self._waiting, {}
            for event in events:
                await self._send(event)

    async def _send(self, event: Event) -> None:
        channels = tuple(self._channels)
        try:
            found = await self._db.read(_entitled, event, channels)
        except StorageError as error:
            log.warning("an event was not sent", error=type(error).__name__)
            return
        except Exception:
            log.exception("an event was not sent")
            return
        for channel, streams in found:
            if not channel.closed:
                channel.send(Sent(streams, event.kind, event.id, event.detail))

    async def _recheck_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                await self.recheck()
            except StorageError as error:
                log.warning("rights were not read again", error=type(error).__name__)
            except Exception:
                log.exception("rights were not read again")

    async def recheck(self) -> None:
        """Close the channels of people whose rights changed since they connected."""
        channels = tuple(self._channels)
        if not channels:
            return
        standing = await self._db.read(_standing, channels)
        for channel in channels:
            if channel not in standing:
                channel.close()


Found = list[tuple[Channel, tuple[Stream, ...]]]


def _standing(tx: Tx, channels: tuple[Channel, ...]) -> set[Channel]:
    """Those channels whose account has the same epoch, and whose token was not revoked."""
    epochs = stored.epochs(tx, {channel.identity.actor_id for channel in channels})
    tokens = {channel.identity.token_id for channel in channels} - {0}
    live = stored.live_tokens(tx, tokens) | {0}
    return {
        channel
        for channel in channels
        if epochs.get(channel.identity.actor_id) == channel.identity.epoch
        and channel.identity.token_id in live
    }


def _entitled(tx: Tx, event: Event, channels: tuple[Channel, ...]) -> Found:
    if event.kind in OWN:
        return _owners(tx, event, channels)
    standing = _standing(tx, channels)
    if event.kind in FOR_ALL:
        return [(channel, (USER,)) for channel in standing if USER in channel.streams]
    post = stored.streamed_post(tx, event.id)
    if post is None:
        return []
    gone = event.kind is EventKind.DELETE
    people = {channel.identity.actor_id for channel in standing}
    readers = stored.readers(tx, event.id, people, deleted=gone)
    _find_lists(tx, event, standing, readers)
    found = (
        (channel, _streams_of(channel, post, readers.get(channel.identity.actor_id), event.kind))
        for channel in standing
    )
    return [(channel, streams) for channel, streams in found if streams]


def _find_lists(tx: Tx, event: Event, standing: set[Channel], readers: dict[int, Entitled]) -> None:
    """In which of the lists that somebody listens to the post belongs; asked if there are any."""
    heard = {stream.listed for channel in standing for stream in channel.streams} - {0}
    if not heard:
        return
    new = event.kind is EventKind.UPDATE
    for actor_id, ids in stored.lists_with(tx, event.id, heard, new=new).items():
        if actor_id in readers:
            readers[actor_id] = replace(readers[actor_id], lists=ids)


def _owners(tx: Tx, event: Event, channels: tuple[Channel, ...]) -> Found:
    """The channels of whom it concerns; of a notification, if what it tells may still be shown."""
    found: Found = []
    theirs = tuple(one for one in channels if one.identity.actor_id == event.account_id)
    for channel in _standing(tx, theirs) if theirs else ():
        streams = [s for s in channel.streams if s.name in OWN[event.kind]]
        if streams and _is_told(tx, event, channel.viewer):
            found.append((channel, tuple(streams)))
    return found


def _is_told(tx: Tx, event: Event, viewer: Viewer) -> bool:
    if event.kind is not EventKind.NOTIFICATION:
        return True  # what it is about is loaded for this person when it is sent
    return notifications.is_visible(tx, viewer, event.id)


def _streams_of(
    channel: Channel, post: StreamedPost, reader: Entitled | None, event: EventKind
) -> tuple[Stream, ...]:
    if reader is None or reader.epoch != channel.identity.epoch:
        return ()
    return tuple(s for s in channel.streams if belongs(s, post, reader, event))
