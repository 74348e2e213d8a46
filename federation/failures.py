"""What kept an answer from coming: errors of the library, the system and our checks, as ours."""

from collections.abc import Iterable
from typing import Final

from aiohttp import ClientConnectorError, ClientError, ClientOSError, ServerDisconnectedError

from domain.addresses import BadUrl
from federation.answers import HungUp, Refused, TimedOut, Unreachable
from federation.resolver import AddressRefused

#: uvloop has its own ways to say that a connection broke (RuntimeError).
PROBLEMS: Final = (BadUrl, ClientError, OSError, RuntimeError)
_BROKEN: Final = (ServerDisconnectedError, ClientOSError, ConnectionError, RuntimeError)


def failure(problem: Exception) -> Unreachable:
    """One of ours for one of PROBLEMS."""
    if isinstance(problem, BadUrl):
        return Refused(problem.reason)
    if any(isinstance(cause, AddressRefused) for cause in _causes(problem)):
        return Refused("the address is not one that may be reached")
    if isinstance(problem, TimeoutError):
        return TimedOut("the deadline passed")
    if isinstance(problem, _BROKEN) and not isinstance(problem, ClientConnectorError):
        return HungUp(type(problem).__name__)
    return Unreachable(type(problem).__name__)


def _causes(problem: BaseException | None) -> Iterable[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__
