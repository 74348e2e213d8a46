"""Database: where asynchronous code hands units of work to database threads.

`await db.write(create_post, author=…, text=…)` runs `create_post(tx, author=…, text=…)` as one
transaction and gives its result once it is stored.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Concatenate, Final, ParamSpec, Self, TypeVar

from storage.connect import open_session, sqlite_path
from storage.dialects import is_postgresql
from storage.errors import Closed, Misuse, StorageError
from storage.lanes import GroupLane, Lane, choose_core, pin_thread
from storage.notices import Bus, LocalBus, PostgreSQLBus, notify_once
from storage.postgresql import PostgreSQLSession
from storage.sessions import Session
from storage.sqlite import ServingLock, SQLiteSession
from storage.tx import Tx
from storage.units import Clock, Unit, now_ms, refuse_nesting, run_alone, try_alone

__all__ = ["Database", "now_ms", "rolled_back", "run_once"]

P = ParamSpec("P")
T = TypeVar("T")

READ_LIMIT: Final = 1.0
GLANCE_LIMIT: Final = 0.02
SLOW_LIMIT: Final = 30.0
START_WITHIN: Final = 10.0


class Database:
    """One database with its lanes: `write`, `read` and `slow`.

    A cancelled or timed-out `write` may still be stored: callers are idempotent, and no
    `asyncio.timeout` goes around one.
    """

    def __init__(
        self,
        url: str,
        lanes: dict[str, Lane],
        *,
        bus: Bus,
        clock: Clock,
        start_within: float,
        serving: ServingLock | None,
        glancing: Session | None,
    ) -> None:
        """Use `Database.open`."""
        self.url: Final = url
        self.bus: Final = bus
        self._lanes = lanes
        self._clock = clock
        self._start_within = start_within
        self._serving = serving
        self._glancing = glancing
        self._closed = False

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Clock = now_ms,
        serving: bool = False,
        pin: bool = False,
        backlog: int = 2048,
        start_within: float = START_WITHIN,
        prepare: int | None = 5,
    ) -> Self:
        """Connect every lane at once, so that a database without room fails here.

        `url` is a `postgresql://` URL or the path of a SQLite file (its schema is there already:
        storage/migrate.py). `clock` gives milliseconds since 1970. `serving` takes the lock of the
        one process that may serve a SQLite file. `pin` keeps the event loop and the database
        threads on one core. `backlog` bounds the read and write lanes, in units; a unit that has
        not started after `start_within` seconds is refused. `prepare` is psycopg's threshold, None
        behind a transaction pooler.
        Raises AlreadyServed, Unavailable.
        """
        postgresql = is_postgresql(url)
        lock = ServingLock(sqlite_path(url)) if serving and not postgresql else None
        core = choose_core() if pin else None
        bus: Bus = PostgreSQLBus(url) if postgresql else LocalBus()
        lanes: dict[str, Lane] = {}
        try:
            for name, threads, writable, limit in _plan(postgresql=postgresql):
                connect = partial(
                    open_session, url, writable=writable, limit=limit, prepare=prepare
                )
                sessions = await asyncio.to_thread(_connect, connect, threads)
                kind = GroupLane if writable and not postgresql else Lane
                lanes[name] = kind(
                    name,
                    sessions,
                    backlog=backlog if name != "slow" else 64,
                    publish=bus.publish,
                    core=core,
                )
            await bus.start()
            glancing = None if postgresql else await asyncio.to_thread(_open_glancing, url)
        except BaseException:
            await _close(lanes, bus, lock, timeout=5.0)
            raise
        pin_thread(core)
        return cls(
            *(url, lanes),
            bus=bus,
            clock=clock,
            start_within=start_within,
            serving=lock,
            glancing=glancing,
        )

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a unit that only reads, on one snapshot, within a second.

        Raises TooSlow, Overloaded, Unavailable, Closed, and what `fn` raises.
        """
        return await self._run("read", lambda tx: fn(tx, *args, **kwargs))

    async def glance(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a unit that reads next to nothing: a row or two by their keys. As `read`.

        On SQLite it runs on the event loop itself: handing it to a thread and back costs three
        times as much as the reading. Nothing waits there: what takes longer after all, or finds
        the file locked, is run by the lane.
        """
        if self._glancing is None or self._closed:
            return await self.read(fn, *args, **kwargs)
        refuse_nesting()
        unit = Unit(lambda tx: fn(tx, *args, **kwargs), self._clock, self._start_within)
        try_alone(self._glancing, unit)
        if isinstance(unit.error, StorageError) and not isinstance(unit.error, Misuse):
            return await self.read(fn, *args, **kwargs)
        if unit.error is not None:
            raise unit.error
        found: T = unit.result
        return found

    async def slow(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a unit that only reads but takes longer: search, export, health. As `read`."""
        return await self._run("slow", lambda tx: fn(tx, *args, **kwargs))

    async def write(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a unit that may write; resume once it is stored and its effects were called.

        `fn` may run more than once and should take under 20 ms: there is one writer.
        Raises Overloaded, OutcomeUnknown, TryAgain, Unavailable, Closed, ConstraintBroken, and
        what `fn` raises: then nothing is stored.
        """
        return await self._run("write", lambda tx: fn(tx, *args, **kwargs))

    async def _run(self, lane: str, call: Callable[[Tx], T]) -> T:
        refuse_nesting()
        if self._closed:
            raise Closed("the database is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._lanes[lane].submit(Unit(call, self._clock, self._start_within, future))
        return await future

    def waiting(self) -> dict[str, int]:
        """How many units wait in each lane, for metrics."""
        return {name: lane.waiting for name, lane in self._lanes.items()}

    async def close(self, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - time to drain
        """Refuse new units, finish those queued within `timeout` seconds, disconnect."""
        self._closed = True
        lock, self._serving = self._serving, None
        await _close(self._lanes, self.bus, lock, timeout=timeout)
        if self._glancing is not None:
            self._glancing.close()


def _plan(*, postgresql: bool) -> tuple[tuple[str, int, bool, float | None], ...]:
    """Per lane: name, threads, whether it writes, seconds that reading may take.

    One reading thread on SQLite: two are slower than one, because each step of a query hands
    Python's lock over.
    """
    return (
        ("write", 4 if postgresql else 1, True, None),
        ("read", 2 if postgresql else 1, False, READ_LIMIT),
        ("slow", 1, False, SLOW_LIMIT),
    )


def _open_glancing(url: str) -> Session:
    return SQLiteSession(sqlite_path(url), writable=False, limit=GLANCE_LIMIT, waits=False)


def _connect(connect: Callable[[], Session], count: int) -> list[Session]:
    sessions: list[Session] = []
    try:
        sessions.extend(connect() for _ in range(count))
    except BaseException:
        for session in sessions:
            session.close()
        raise
    return sessions


async def _close(
    lanes: dict[str, Lane],
    bus: Bus,
    lock: ServingLock | None,
    timeout: float,  # noqa: ASYNC109 - time to drain
) -> None:
    await asyncio.gather(*(asyncio.to_thread(lane.close, timeout) for lane in lanes.values()))
    await asyncio.sleep(0)  # the last outcomes are on their way to the loop
    await bus.close()
    if lock is not None:
        lock.release()


def run_once(
    url: str,
    fn: Callable[Concatenate[Tx, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run one writing unit without an event loop, for the command line. Raises as `write`."""
    session = open_session(url, writable=True)
    try:
        unit = Unit(lambda tx: fn(tx, *args, **kwargs), now_ms, START_WITHIN)
        run_alone(session, unit)
        if unit.error is not None:
            raise unit.error
        for effect in unit.effects:
            effect()
        if isinstance(session, PostgreSQLSession):
            notify_once(session, unit.notices)
        result: T = unit.result
        return result
    finally:
        session.close()


@contextmanager
def rolled_back(session: Session, clock: Clock = now_ms) -> Iterator[Tx]:
    """Give a Tx whose work is undone at the end: fast tests of functions that take a Tx."""
    session.begin()
    tx = Tx(session, clock())
    try:
        yield tx
    finally:
        tx.end()
        with suppress(Exception):
            session.rollback()
