"""How often one caller may ask, and the headers that tell a client so.

Counted in memory per process: a guard against runaway clients, not a security boundary.
Sign-in attempts and app registrations are limited in the database (`social.attempts`), where
restarts do not help.
"""

from datetime import UTC, datetime
from time import time
from typing import Final

from aiohttp.web import Request, RequestKey, Response, StreamResponse

from social.signin import Identity
from web.addresses import address_of
from web.responses import error
from web.services import Services

WINDOW_SECONDS: Final = 300
PER_PERSON: Final = 1500
PER_ADDRESS: Final = 300
MOST_CALLERS: Final = 20_000

_COUNTED: Final = RequestKey("counted", tuple[int, int, int])


class Limits:
    """Counts requests in windows of five minutes (Mastodon's figures)."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._enabled = services.rate_limits
        self._window = 0
        self._seen: dict[str, int] = {}

    def count(self, request: Request, identity: Identity | None) -> Response | None:
        """Count this request; an answer means that it is one too many."""
        caller, most = self._caller(request, identity)
        window = int(time()) // WINDOW_SECONDS
        if window != self._window or len(self._seen) > MOST_CALLERS:
            self._window, self._seen = window, {}
        used = self._seen[caller] = self._seen.get(caller, 0) + 1
        request[_COUNTED] = (most, max(0, most - used), (window + 1) * WINDOW_SECONDS)
        if not self._enabled or used <= most:
            return None
        return error(429, "Too many requests. Please wait a few minutes.")

    def describe(self, request: Request, response: StreamResponse) -> None:
        """Tell the client its limit, what is left and when it starts anew (ISO 8601)."""
        if response.prepared or _COUNTED not in request:
            return
        most, left, reset = request[_COUNTED]
        moment = datetime.fromtimestamp(reset, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        response.headers["X-RateLimit-Limit"] = str(most)
        response.headers["X-RateLimit-Remaining"] = str(left if self._enabled else most)
        response.headers["X-RateLimit-Reset"] = moment
        if response.status == 429:
            response.headers.setdefault("Retry-After", str(max(1, reset - int(time()))))

    def _caller(self, request: Request, identity: Identity | None) -> tuple[str, int]:
        if identity is not None and identity.account_id is not None:
            return f"a{identity.account_id}", PER_PERSON
        if identity is not None:
            return f"t{identity.token_id}", PER_ADDRESS
        return f"i{address_of(request, self._services)}", PER_ADDRESS
