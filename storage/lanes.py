"""Lanes: bounded queues whose threads each own one connection.

There is no connection pool: a full lane refuses work at once (Overloaded) instead of letting it
pile up unseen. Units are handed to the threads once per turn of the event loop: what came in
together wakes a thread once. SQLite commits writes in groups; PostgreSQL never does, because a
group keeps row locks across closures and deadlocks with other processes.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

import structlog

from storage.errors import Closed, OutcomeUnknown, Overloaded, StorageError, Unavailable
from storage.sessions import Session
from storage.sqlite import SQLiteSession
from storage.units import Unit, run_alone

log = structlog.get_logger("storage")

GROUP: Final = 64
IDLE_SECONDS: Final = 30.0

Publish = Callable[[str, bytes], None]


class Lane:
    """A queue of at most `backlog` units and one thread per session."""

    def __init__(
        self,
        name: str,
        sessions: Sequence[Session],
        *,
        backlog: int,
        publish: Publish,
        core: int | None = None,
    ) -> None:
        self.name: Final = name
        self._queue: SimpleQueue[Unit | None] = SimpleQueue()
        self._coming: deque[Unit] = deque()
        self._backlog = backlog
        self._publish = publish
        self._core = core
        self._closing = False
        self._abandoned = False
        self._threads = [
            threading.Thread(
                target=self._serve, args=(session,), name=f"storage-{name}-{index}", daemon=True
            )
            for index, session in enumerate(sessions)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, unit: Unit) -> None:
        """Queue a unit. Raises Overloaded if the lane is full, Closed once it is closing."""
        if self._closing:
            raise Closed("the database is closing")
        if self.waiting >= self._backlog:
            raise Overloaded(f"the {self.name} lane is full")
        self._coming.append(unit)
        if unit.future is None:
            self._hand_over()
        elif len(self._coming) == 1:
            unit.future.get_loop().call_soon(self._hand_over)

    def _hand_over(self) -> None:
        """Give the threads what came since they were last given something."""
        with suppress(IndexError):
            while True:
                self._queue.put(self._coming.popleft())

    @property
    def waiting(self) -> int:
        """How many units are queued now."""
        return self._queue.qsize() + len(self._coming)

    def close(self, timeout: float) -> None:
        """Refuse new units, finish those queued, end the threads; blocks for up to `timeout` s.

        What is still queued then fails with Closed.
        """
        self._closing = True
        end = time.monotonic() + timeout
        self._hand_over()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            self._abandoned = True

    def _serve(self, session: Session) -> None:
        pin_thread(self._core)
        try:
            while True:
                group = self._next(session)
                if not group:
                    return
                self._run_safely(session, group)
                self._answer(group)
        finally:
            session.close()

    def _run_safely(self, session: Session, group: list[Unit]) -> None:
        """Whatever happens to the connection between units, the thread and its lane live on."""
        try:
            self._run(session, group)
        except Exception as error:
            log.exception("a lane failed outside its units", lane=self.name)
            for unit in group:
                if unit.error is None:
                    unit.forget()
                    unit.error = OutcomeUnknown(type(error).__name__)
            session.rollback()

    def _next(self, session: Session) -> list[Unit]:
        """Wait for work; an empty list ends the thread."""
        while True:
            try:
                unit = self._queue.get(timeout=IDLE_SECONDS)
            except Empty:
                self._rest(session)
            else:
                return [] if unit is None else [unit]

    def _rest(self, session: Session) -> None:
        try:
            session.idle()
        except StorageError as error:
            log.warning("housekeeping failed", lane=self.name, reason=str(error))

    def _run(self, session: Session, group: list[Unit]) -> None:
        for unit in group:
            if self._wanted(unit):
                run_alone(session, unit)

    def _wanted(self, unit: Unit) -> bool:
        if self._abandoned:
            unit.error = Closed("the database was closed")
            return False
        return unit.may_start()

    def _answer(self, group: list[Unit]) -> None:
        """Hand the outcomes to the event loop, in one call for the whole group."""
        loops = {unit.future.get_loop() for unit in group if unit.future is not None}
        for loop in loops:
            mine = [unit for unit in group if unit.future and unit.future.get_loop() is loop]
            try:
                loop.call_soon_threadsafe(self._deliver, mine)
            except RuntimeError:
                log.warning("event loop closed before its units were answered", units=len(mine))

    def _deliver(self, group: list[Unit]) -> None:
        # Effects of committed units first, so that a caller resumes after they were called.
        for unit in group:
            for effect in unit.effects:
                _safely(effect)
        for topic, payload in _hints(group):
            self._publish(topic, payload)
        for unit in group:
            future = unit.future
            if future is None or future.done():
                continue
            if unit.error is None:
                future.set_result(unit.result)
            else:
                future.set_exception(unit.error)


def _hints(group: list[Unit]) -> Iterable[tuple[str, bytes]]:
    """What the units of a group give, once: a hint says no more if several give it."""
    if len(group) == 1:
        return group[0].notices
    return dict.fromkeys(hint for unit in group for hint in unit.notices)


def _safely(effect: Callable[[], None]) -> None:
    try:
        effect()
    except Exception:
        log.exception("an after-commit effect failed")


class GroupLane(Lane):
    """SQLite's one writer: up to 64 units share a COMMIT, each undone alone by its savepoint."""

    def _next(self, session: Session) -> list[Unit]:
        group = super()._next(session)
        while group and len(group) < GROUP:
            try:
                unit = self._queue.get_nowait()
            except Empty:
                break
            if unit is None:
                self._queue.put(None)  # seen again once this group is done
                break
            group.append(unit)
        return group

    def _run(self, session: Session, group: list[Unit]) -> None:
        wanted = [unit for unit in group if self._wanted(unit)]
        if len(wanted) > 1 and isinstance(session, SQLiteSession):
            run_group(session, wanted)
        else:
            for unit in wanted:
                run_alone(session, unit)


def run_group(session: SQLiteSession, group: list[Unit]) -> None:
    """Run units in one transaction; if the whole of it is lost, replay them one by one."""
    try:
        session.begin()
    except StorageError:
        _replay(session, group)  # each waits for the lock until its own deadline
        return
    for index, unit in enumerate(group):
        session.mark()
        if unit.attempt(session):
            session.keep()
        elif not session.undo():
            # The transaction went with it: the culprit keeps its error, its neighbours run again.
            _replay(session, [other for other in group[:index] if other.error is None])
            _replay(session, group[index + 1 :])
            return
    done = [unit for unit in group if unit.error is None]
    try:
        session.commit()
    except Unavailable:
        for unit in done:
            unit.forget()
            unit.error = OutcomeUnknown("writing the commit failed")
    except StorageError:
        _replay(session, done)


def _replay(session: SQLiteSession, units: list[Unit]) -> None:
    for unit in units:
        unit.tries = 0
        run_alone(session, unit)


def pin_thread(core: int | None) -> None:
    """Keep the calling thread on one core (None: leave it alone); no effect outside Linux."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


_ALL_CORES: Final[set[int]] = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def free_thread() -> None:
    """Let the calling thread use every core again.

    Threads inherit the pinned loop's core: pools for keys, passwords and images call this first.
    """
    if _ALL_CORES:
        os.sched_setaffinity(0, _ALL_CORES)


def choose_core() -> int | None:
    """A core for the loop and the database threads of this process."""
    return sorted(_ALL_CORES)[os.getpid() % len(_ALL_CORES)] if _ALL_CORES else None
