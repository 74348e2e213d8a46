"""What a lane and a Tx need of one database connection, whichever database it is.

A session belongs to one thread at a time. The driver runs in autocommit; BEGIN, SAVEPOINT and
COMMIT are sent by whoever owns the session. Its methods raise only StorageError.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, ParamSpec, TypeVar

from storage.errors import StorageError
from storage.plans import PlanCache

P = ParamSpec("P")
T = TypeVar("T")
Values = Sequence[Any]
Rows = list[tuple[Any, ...]]


class Session(ABC):
    """One connection. `writable` sessions start their units as writers."""

    name: ClassVar[str]
    driver_errors: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, plans: PlanCache, *, writable: bool) -> None:
        self.plans = plans
        self.writable = writable

    @abstractmethod
    def begin(self) -> None:
        """Start a unit of work."""

    @abstractmethod
    def commit(self) -> None:
        """Store the unit. Raises Unavailable with `connected=False` if the outcome is unknown."""

    @abstractmethod
    def rollback(self) -> None:
        """Forget the unit. Never raises."""

    @abstractmethod
    def lock(self, name: str) -> None:
        """Wait for, and hold until the unit ends, a lock that only this name shares."""

    @abstractmethod
    def wait_for_writers(self, table: str) -> None:
        """Wait until nobody writes rows of a table; hold up who begins to, until the unit ends."""

    @abstractmethod
    def reopen(self) -> None:
        """Replace a broken connection. Raises Unavailable."""

    @abstractmethod
    def idle(self) -> None:
        """Housekeeping between units."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    @abstractmethod
    def translated(self, error: Exception) -> StorageError:
        """Our error for the driver's, without its text: that holds parameters."""

    @abstractmethod
    def _all(self, text: str, values: Values) -> Rows: ...

    @abstractmethod
    def _first(self, text: str, values: Values) -> Rows: ...

    @abstractmethod
    def _execute(self, text: str, values: Values) -> int: ...

    @abstractmethod
    def _execute_many(self, text: str, values: Sequence[Values]) -> None: ...

    def all(self, text: str, values: Values) -> Rows:
        """Run a statement and fetch all its rows."""
        try:  # written out, as in `first`: the two that are called most
            return self._all(text, values)
        except self.driver_errors as error:
            failure = self.translated(error)
        raise failure

    def first(self, text: str, values: Values) -> Rows:
        """Run a statement and fetch its first row, if there is one."""
        try:
            return self._first(text, values)
        except self.driver_errors as error:
            failure = self.translated(error)
        raise failure

    def execute(self, text: str, values: Values) -> int:
        """Run a statement; its number of changed rows."""
        return self.guarded(self._execute, text, values)

    def execute_many(self, text: str, values: Sequence[Values]) -> None:
        """Run a statement once for each set of values."""
        self.guarded(self._execute_many, text, values)

    def guarded(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the driver; raise our error in place of its own.

        Raised outside the `except`, so that not even `__context__` keeps the parameters.
        """
        try:
            return call(*args, **kwargs)
        except self.driver_errors as error:
            failure = self.translated(error)
        raise failure
