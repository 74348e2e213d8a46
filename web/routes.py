"""Routes as declarations: a route says who may call it, or it does not exist.

The edge (`web/app.py`) builds the router from these tables alone, so a handler cannot be
reached without its declaration being checked first.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from aiohttp.web import StreamResponse

from web.call import Call

Handler = Callable[[Call], Awaitable[StreamResponse]]


class Access(Enum):
    """Who may call a route."""

    OPEN = "open"  # nobody asks who calls; tokens are not looked at
    ANYONE = "anyone"  # a token is honoured when there is one
    APP = "app"  # a token of an app or of a person
    ACCOUNT = "account"  # a token of a person
    MEMBER = "member"  # a person who is no guest
    MODERATOR = "moderator"
    ADMIN = "admin"
    LINK = "link"  # the address has a part that cannot be guessed; the handler checks it
    SERVER = "server"  # another server; the handler asks federation.authentication
    BROWSER = "browser"  # a page; a session is honoured when there is one
    SIGNED_IN = "signed in"  # a page for people who signed in

    # Each is there once; an Enum's own hash is that of its name, worked out in Python each time.
    __hash__ = object.__hash__


class Body(Enum):
    """What the edge does with a request's body."""

    PARAMETERS = "parameters"  # read and handed on as `Call.params`
    UNREAD = "unread"  # left alone: the handler reads it, once the right is known
    FILES = "files"  # as PARAMETERS, with pictures for those who are signed in


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path, with the handler and the right that it takes."""

    method: str
    path: str
    handler: Handler
    access: Access
    # An OAuth scope such as "read:statuses"; "|" separates alternatives; empty where no token
    # is asked for.
    scope: str = ""
    body: Body = Body.PARAMETERS
    # The type of the JSON that a success answers with, such as `list[Status]`: every answer of
    # every test run is held against it. None: no JSON, or no type has been written yet.
    answers: object = None

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of which a token needs one."""
        return tuple(self.scope.split("|")) if self.scope else ()


def get(
    path: str, handler: Handler, access: Access, scope: str = "", *, answers: object = None
) -> Route:
    """Declare a GET route (HEAD comes with it)."""
    return Route("GET", path, handler, access, scope, answers=answers)


def post(
    path: str,
    handler: Handler,
    access: Access,
    scope: str = "",
    body: Body = Body.PARAMETERS,
    *,
    answers: object = None,
) -> Route:
    """Declare a POST route."""
    return Route("POST", path, handler, access, scope, body, answers)


def delete(
    path: str, handler: Handler, access: Access, scope: str = "", *, answers: object = None
) -> Route:
    """Declare a DELETE route."""
    return Route("DELETE", path, handler, access, scope, answers=answers)


def change(
    path: str,
    handler: Handler,
    access: Access,
    scope: str = "",
    body: Body = Body.PARAMETERS,
    *,
    answers: object = None,
) -> list[Route]:
    """Declare PUT and PATCH alike: clients use either (Mastodon API)."""
    return [
        Route(method, path, handler, access, scope, body, answers) for method in ("PUT", "PATCH")
    ]
