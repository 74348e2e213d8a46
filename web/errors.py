"""What goes wrong at the edge, and which status each refusal has in the Mastodon API."""

from typing import Final

from domain.errors import Conflict, Gone, Invalid, NoRoom, NotAllowed, NotFound, Problem, TooMany
from social.signin import SignedOut
from storage.errors import (
    Closed,
    OutcomeUnknown,
    Overloaded,
    StorageError,
    TooSlow,
    TryAgain,
    Unavailable,
)

BUSY: Final[tuple[type[StorageError], ...]] = (
    *(Closed, OutcomeUnknown, Overloaded, TooSlow, TryAgain, Unavailable),
)
"""What passes by itself: the client may try again in a moment."""

RETRY_SECONDS: Final = 5


class BadRequest(Problem):
    """The request lacks something, or says what no request can mean (400)."""

    default = "The request could not be understood"


class Unauthorized(Problem):
    """There is no valid token (401)."""

    default = "The access token is invalid"


class Elsewhere(Problem):
    """Another server did not answer (503)."""

    default = "Another server could not be reached"


class NotAcceptable(Problem):
    """The client wants another format than there is (406)."""

    default = "This API answers in JSON"


_STATUS: Final[tuple[tuple[type[Problem], int], ...]] = (
    (SignedOut, 401),  # before NotAllowed, whose kind it is
    (Unauthorized, 401),
    (BadRequest, 400),
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (TooMany, 429),
    (Gone, 410),
    (NoRoom, 507),
    (Elsewhere, 503),
    (NotAcceptable, 406),
    (Invalid, 422),
)


def status_of(problem: Problem) -> int:
    """The status that tells a client what kind of refusal this is."""
    return next((status for kind, status in _STATUS if isinstance(problem, kind)), 422)
