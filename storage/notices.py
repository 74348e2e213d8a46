"""Hints between processes: "something about this topic changed, look".

A hint may be lost or come twice; what must happen is a row. On PostgreSQL one connection listens
and one notifies, both outside the lanes: NOTIFY inside a transaction takes a database-wide lock
at its commit. Messages are collected for 20 ms and sent together.
"""

import asyncio
import base64
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import orjson
import psycopg
import structlog

from storage.dialects import libpq_url
from storage.errors import Unavailable
from storage.postgresql import PostgreSQLSession

log = structlog.get_logger("storage")

Subscriber = Callable[[str, bytes], None]
Message = tuple[str, bytes]

EVERY: Final = ""
"""No topic: who subscribes to it hears of all."""

RESYNC: Final = "resync"
"""Published locally after the listening connection was lost: hints may have been missed."""

CHANNEL: Final = "tertulia"
COALESCE_SECONDS: Final = 0.02
LARGEST_MESSAGE: Final = 5_000
_LARGEST_NOTICE: Final = 7_900  # PostgreSQL refuses 8,000 bytes and more
_KEPT: Final = 10_000


class Bus(ABC):
    """Carries hints to every subscriber in every process of this database."""

    def __init__(self) -> None:
        self._subscribers: dict[str, tuple[Subscriber, ...]] = {}

    def subscribe(self, callback: Subscriber, *topics: str) -> Callable[[], None]:
        """Call `callback(topic, payload)` on the event loop for every hint; returns the way out.

        `topics`: only for these, if any are given. The topic RESYNC says that hints may have been
        lost.
        """
        meant = topics or (EVERY,)
        for topic in meant:
            self._subscribers[topic] = (*self._subscribers.get(topic, ()), callback)

        def unsubscribe() -> None:
            for topic in meant:
                left = list(self._subscribers.get(topic, ()))
                with suppress(ValueError):
                    left.remove(callback)
                self._subscribers[topic] = tuple(left)

        return unsubscribe

    def publish(self, topic: str, payload: bytes | str = b"") -> None:
        """Send a hint, from the event loop's thread. Raises ValueError above 5,000 bytes."""
        data = payload.encode() if isinstance(payload, str) else payload
        if len(topic) + len(data) > LARGEST_MESSAGE:
            raise ValueError("a hint is small: send an id, not the thing")
        self._deliver(topic, data)
        self._send(topic, data)

    def _deliver(self, topic: str, payload: bytes) -> None:
        every, meant = self._subscribers.get(EVERY, ()), self._subscribers.get(topic, ())
        for subscriber in (*every, *meant):
            try:
                subscriber(topic, payload)
            except Exception:
                log.exception("a bus subscriber failed", topic=topic)

    @abstractmethod
    def _send(self, topic: str, payload: bytes) -> None:
        """Pass the hint on to other processes."""

    @abstractmethod
    async def start(self) -> None:
        """Connect."""

    @abstractmethod
    async def close(self) -> None:
        """Send what is still waiting and disconnect."""


class LocalBus(Bus):
    """Within one process: SQLite has one serving process per file."""

    def _send(self, topic: str, payload: bytes) -> None:
        """There is nobody else."""

    async def start(self) -> None:
        """Nothing to connect."""

    async def close(self) -> None:
        """Nothing to disconnect."""


class PostgreSQLBus(Bus):
    """Between processes by LISTEN and NOTIFY; local subscribers are told at once."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = libpq_url(url)
        self._me = secrets.token_hex(4)
        self._waiting: dict[Message, None] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def _send(self, topic: str, payload: bytes) -> None:
        if len(self._waiting) < _KEPT:  # no connection for long: only hints are lost
            self._waiting[topic, payload] = None
        self._wake.set()

    async def start(self) -> None:
        """Connect both connections. Raises Unavailable."""
        try:
            listening = await self._connect()
            await listening.execute(f"LISTEN {CHANNEL}")
            notifying = await self._connect()
        except psycopg.Error as error:
            raise Unavailable(error.sqlstate or "connect", connected=False) from None
        self._tasks = [
            asyncio.create_task(self._listen(listening)),
            asyncio.create_task(self._notify(notifying)),
        ]

    async def close(self) -> None:
        """Send what is still waiting and disconnect."""
        if self._tasks:
            listen, notify = self._tasks
            self._tasks = []
            if self._waiting:
                await asyncio.wait([notify], timeout=3 * COALESCE_SECONDS)
            for task in (listen, notify):
                task.cancel()
            await asyncio.gather(listen, notify, return_exceptions=True)

    async def _connect(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        return await psycopg.AsyncConnection.connect(self._url, autocommit=True, connect_timeout=10)

    async def _reconnect(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        pause = 0.1
        while True:
            with suppress(psycopg.Error):
                return await self._connect()
            await asyncio.sleep(pause)
            pause = min(5.0, pause * 2)

    async def _listen(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
        while True:
            try:
                async with connection:
                    async for notice in connection.notifies():
                        self._receive(notice.payload)
            except psycopg.Error:
                log.warning("listening connection lost")
            connection = await self._reconnect()
            with suppress(psycopg.Error):
                await connection.execute(f"LISTEN {CHANNEL}")
            self._deliver(RESYNC, b"")

    async def _notify(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
        while True:
            try:
                async with connection:
                    while True:
                        await self._wake.wait()
                        await asyncio.sleep(COALESCE_SECONDS)
                        await self._flush(connection)
            except psycopg.Error:
                log.warning("notifying connection lost")
            connection = await self._reconnect()

    async def _flush(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
        self._wake.clear()
        messages, self._waiting = self._waiting, {}
        for notice in pack(self._me, messages):
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, notice))

    def _receive(self, notice: str) -> None:
        sender, messages = unpack(notice)
        if sender == self._me:
            return
        for topic, payload in messages:
            self._deliver(topic, payload)


def pack(sender: str, messages: Iterable[Message]) -> Iterator[str]:
    """Put messages into as few notices as PostgreSQL's limit of 8,000 bytes allows."""
    batch: list[str] = []
    size = 0
    for topic, payload in messages:
        item = orjson.dumps([topic, base64.b64encode(payload).decode()]).decode()
        if batch and size + len(item.encode()) > _LARGEST_NOTICE - 40:
            yield f'["{sender}",{",".join(batch)}]'
            batch, size = [], 0
        batch.append(item)
        size += len(item.encode()) + 1
    if batch:
        yield f'["{sender}",{",".join(batch)}]'


def unpack(notice: str) -> tuple[str, list[Message]]:
    """The sender and the messages of a notice; nothing for one that is not ours."""
    try:
        sender, *items = orjson.loads(notice)
        return sender, [(topic, base64.b64decode(data)) for topic, data in items]
    except (ValueError, TypeError):
        return "", []


def notify_once(session: PostgreSQLSession, messages: Iterable[Message]) -> None:
    """Send hints from a process without an event loop."""
    for notice in pack("once", messages):
        session.notify(CHANNEL, notice)
