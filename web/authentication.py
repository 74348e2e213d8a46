"""Who calls: a bearer token in the API, a session cookie on pages. The one place that asks.

Federated requests are authenticated by `federation.authentication` instead.
"""

from functools import lru_cache
from typing import Final

from aiohttp import hdrs
from aiohttp.web import Request, Response

from domain.errors import NotAllowed
from domain.kinds import Role
from social import signin
from social.scopes import covers
from social.signin import Identity, Session
from web.params import Params
from web.responses import error
from web.routes import Access, Route
from web.services import Services

LEAST_ROLE: Final = {
    Access.ACCOUNT: Role.GUEST,
    Access.MEMBER: Role.MEMBER,
    Access.MODERATOR: Role.MODERATOR,
    Access.ADMIN: Role.ADMIN,
}
PAGES: Final = frozenset({Access.BROWSER, Access.SIGNED_IN})
_ASKS_NO_TOKEN: Final = PAGES | {Access.OPEN, Access.LINK, Access.SERVER}
_NEEDS_NO_PERSON: Final = frozenset({Access.ANYONE, Access.APP})
LONGEST_TOKEN: Final = 512
INVALID: Final = "The access token is invalid"


def cookie_name(services: Services) -> str:
    """The session cookie; `__Host-` binds it to this host where there is https."""
    return "__Host-session" if services.secure else "session"


def token_of(request: Request, params: Params) -> str | None:
    """The access token, wherever clients put it: header, parameter, WebSocket protocol."""
    scheme, _, value = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if (given := params.maybe("access_token")) is not None:
        return given
    if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
        return websocket_protocol(request)
    return None


def websocket_protocol(request: Request) -> str | None:
    """The first protocol that a WebSocket client offers: browsers can send a token only there."""
    offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")[0].strip()
    return offered or None


async def identify(
    request: Request, services: Services, params: Params
) -> tuple[bool, Identity | None]:
    """Whether a token was sent, and whose it is (nobody's: unknown, ended or revoked)."""
    token = token_of(request, params)
    if token is None:
        return False, None
    if not 0 < len(token) <= LONGEST_TOKEN:
        return True, None
    return True, await services.db.glance(signin.identify, token=token)


async def open_session(request: Request, services: Services) -> Session | None:
    """The browser session behind the cookie, unless it ended."""
    secret = request.cookies.get(cookie_name(services))
    return await services.db.glance(signin.open_session, secret=secret) if secret else None


def refusal(route: Route, *, sent: bool, identity: Identity | None) -> Response | None:
    """Why this caller may not use this route, or nothing. Statuses as the Mastodon API has them."""
    if route.access in _ASKS_NO_TOKEN:
        return None
    if identity is None:
        return error(401, INVALID) if sent or route.access is not Access.ANYONE else None
    needs_person = route.access not in _NEEDS_NO_PERSON
    if needs_person and identity.account_id is None:
        return error(422, "This method requires an authenticated user")
    if not holds(identity, route):
        return error(403, "This action is outside the authorized scopes")
    if needs_person and identity.role < LEAST_ROLE[route.access]:
        return error(403, "This action is not allowed")
    return None


def holds(identity: Identity, route: Route) -> bool:
    """Whether a token's scopes allow what the route needs."""
    return not route.scope or _allows(identity.scopes, route.scopes)


@lru_cache(maxsize=1024)
def _allows(granted: str, needed: tuple[str, ...]) -> bool:
    """Apps have the same few scopes, and routes need the same few."""
    return any(covers(granted, scope) for scope in needed)


def host_of(origin: str) -> str:
    """The host and port of an origin; nothing of the opaque origin `null`."""
    return origin.partition("://")[2]


def check_same_site(request: Request, services: Services) -> None:
    """Refuse a form that another site's page sent with this person's browser.

    Cookies are `SameSite=Lax` already; this holds in browsers that forget it, and for the
    sign-in form, which no session protects yet.

    Raises:
        NotAllowed: the form came from somewhere else.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise NotAllowed("This form came from another site")
    origin = request.headers.get(hdrs.ORIGIN)
    # Our own name, or the one that the browser asked for: a proxy may put another in its place.
    ours = {host_of(services.node.origin), request.host}
    if origin is not None and host_of(origin) not in ours:
        raise NotAllowed("This form came from another site")
