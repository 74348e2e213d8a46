"""Units of work: how one closure is run on a session, retried, and answered for."""

import asyncio
import contextvars
import random
import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from storage.errors import (
    Misuse,
    OutcomeUnknown,
    Overloaded,
    StorageError,
    TryAgain,
    Unavailable,
    UnitFailed,
)
from storage.sessions import Session
from storage.tx import Tx

log = structlog.get_logger("storage")

Clock = Callable[[], int]

TRIES: Final = 4
"""The first run and three more, for deadlocks and lost connections."""

_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("inside_unit", default=False)


def now_ms() -> int:
    """The system's time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def refuse_nesting() -> None:
    """Raise Misuse inside a unit: waiting there for another one would wait for ever."""
    if _inside.get():
        raise Misuse("read() or write() inside a unit of work: pass the Tx on instead")


class Unit:
    """One closure on its way through a lane, and later its outcome."""

    __slots__ = (
        "call",
        "clock",
        "context",
        "deadline",
        "effects",
        "error",
        "future",
        "notices",
        "result",
        "tries",
    )

    def __init__(
        self,
        call: Callable[[Tx], Any],
        clock: Clock,
        start_within: float,
        future: "asyncio.Future[Any] | None" = None,
    ) -> None:
        self.call = call
        self.clock = clock
        self.future = future
        self.context = contextvars.copy_context()
        self.deadline = time.monotonic() + start_within
        self.tries = 0
        self.forget()

    def forget(self) -> None:
        """Drop the outcome of an attempt that was undone."""
        self.result: Any = None
        self.error: BaseException | None = None
        self.effects: tuple[Callable[[], None], ...] = ()
        self.notices: tuple[tuple[str, bytes], ...] = ()

    def may_start(self) -> bool:
        """Whether anybody still wants it; a unit that waited too long becomes Overloaded."""
        if self.future is not None and self.future.cancelled():
            return False
        if time.monotonic() <= self.deadline:
            return True
        self.error = Overloaded("waited too long to start")
        return False

    def attempt(self, session: Session) -> bool:
        """Run the closure inside the session's open transaction; True if it wants a commit."""
        self.forget()
        self.tries += 1
        tx = Tx(session, self.clock())
        try:
            self.result = self.context.run(_marked, self.call, tx)
        except Exception as error:  # noqa: BLE001 - handed to the caller, whatever it is
            self.error = _settable(error)
        except BaseException as error:  # noqa: BLE001 - SystemExit must not end a lane's thread
            self.error = UnitFailed(type(error).__name__)
            self.error.__cause__ = error
        broken = tx.end()
        if broken is not None and (self.error is None or isinstance(broken, _RETRIED)):
            self.error = broken
        if self.error is None:
            self.effects, self.notices = tx.effects, tx.notices
        return self.error is None


_RETRIED: Final = (TryAgain, Unavailable)


def _marked(call: Callable[[Tx], Any], tx: Tx) -> Any:
    _inside.set(True)
    try:
        return call(tx)
    finally:
        _inside.set(False)


def _settable(error: Exception) -> Exception:
    """A future cannot carry StopIteration: its waiter would hang."""
    if not isinstance(error, StopIteration):
        return error
    wrapped = UnitFailed("StopIteration")
    wrapped.__cause__ = error
    return wrapped


def try_alone(session: Session, unit: Unit) -> None:
    """Run a unit in its own transaction, once, and leave its outcome in it."""
    unit.tries = 0
    _once(session, unit)


def run_alone(session: Session, unit: Unit) -> None:
    """Run a unit in its own transaction, as often as it takes, and leave its outcome in it."""
    while True:
        _once(session, unit)
        if unit.error is None or not _again(session, unit, unit.error):
            return


def _once(session: Session, unit: Unit) -> None:
    unit.forget()
    try:
        session.begin()
    except StorageError as error:
        unit.error = error
        return
    if not unit.attempt(session):
        session.rollback()
        return
    try:
        session.commit()
    except StorageError as error:
        unit.forget()
        unit.error = _commit_error(session, error)


def _commit_error(session: Session, error: StorageError) -> StorageError:
    """Lost during COMMIT means unknown; an answer from the database means not stored."""
    if session.writable and isinstance(error, Unavailable):
        return OutcomeUnknown("the connection broke during COMMIT")
    return error


def _again(session: Session, unit: Unit, error: BaseException) -> bool:
    if isinstance(error, OutcomeUnknown):
        _reconnect(session, unit)
        return False
    if isinstance(error, TryAgain) and unit.tries < TRIES:
        # Each of these is a mistake in the order in which rows are locked.
        log.warning("unit retried", reason=str(error), tries=unit.tries)
        time.sleep(random.uniform(0.005, 0.05) * unit.tries)  # noqa: S311 - jitter
        return True
    if isinstance(error, Unavailable):
        if not error.connected:
            early = unit.tries < TRIES and time.monotonic() < unit.deadline
            return _reconnect(session, unit) and early
        # Locked by another process before anything was done: wait for it.
        return unit.tries == 0 and time.monotonic() < unit.deadline
    return False


def _reconnect(session: Session, unit: Unit) -> bool:
    """Open a new connection, trying until the unit's deadline."""
    pause = 0.05
    while True:
        try:
            session.reopen()
        except Unavailable as error:
            if time.monotonic() + pause > unit.deadline:
                unit.error = unit.error or error
                return False
            time.sleep(pause)
            pause = min(1.0, pause * 2)
        else:
            return True
