"""How often one caller may ask, and the headers that tell a client so.

Counted in memory per process: a guard against runaway clients, not a security boundary. Sign-in
attempts, app registrations and sign-ups are limited in the database (`social.attempts`), where
restarts do not help. How much it is, `domain.rates` says, and the operator.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import Final, NamedTuple

from aiohttp import hdrs
from aiohttp.web import Request, RequestKey, Response, StreamResponse

from domain.rates import Rate
from social.signin import Identity
from web.addresses import address_of
from web.responses import error
from web.routes import Route
from web.services import Services

MOST_CALLERS: Final = 50_000
"""Callers and kinds of request that are counted at once."""

_STATUS: Final = "/api/v1/statuses"
KINDS: Final = {
    (hdrs.METH_POST, "/api/v1/media"): "media",
    (hdrs.METH_POST, "/api/v2/media"): "media",
    (hdrs.METH_DELETE, f"{_STATUS}/{{id}}"): "deletes",
    (hdrs.METH_POST, f"{_STATUS}/{{id}}/unreblog"): "deletes",
    (hdrs.METH_POST, _STATUS): "posts",
    (hdrs.METH_POST, "/api/v1/accounts/{id}/follow"): "follows",
}
"""What people do that is counted by itself, besides whatever they ask."""

UNCOUNTED: Final = frozenset({"/health", "/api/v1/streaming/health"})
"""What balancers ask again and again."""

PAGING: Final = frozenset({"max_id", "min_id", "since_id", "offset", "page"})


class _Counted(NamedTuple):
    """How a caller stands in one window; `reset` is its end, in seconds since 1970."""

    most: int
    left: int
    reset: int


_COUNTED: Final = RequestKey("counted", _Counted)


class Limits:
    """Counts requests in windows, one for each caller and kind."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._enabled = services.rate_limits
        self._rates = services.rates
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}  # by caller and kind: window, count

    def count(self, route: Route, request: Request, identity: Identity | None) -> Response | None:
        """Count this request; an answer means that it is one too many."""
        if route.path in UNCOUNTED:
            return None
        now = int(time())
        standing = [
            self._one(caller, kind, self._rates[kind], now)
            for caller, kind in self._counted(route, request, identity)
        ]
        tightest = min(standing, key=lambda one: one.left)
        request[_COUNTED] = tightest
        return self._refusal(tightest)

    def count_stray(self, request: Request) -> Response | None:
        """Count what no route counted, by its address; an answer means that it is one too many.

        Preflights are told the limits and cost nothing: no script chooses to send them.
        """
        if _COUNTED in request or request.path.rstrip("/") in UNCOUNTED:
            return None
        address = f"i{address_of(request, self._services)}"
        cost = 0 if request.method == hdrs.METH_OPTIONS else 1
        standing = self._one(address, "address", self._rates["address"], int(time()), cost)
        request[_COUNTED] = standing
        return self._refusal(standing) if cost else None

    def _refusal(self, standing: _Counted) -> Response | None:
        if not self._enabled or standing.left >= 0:
            return None
        return error(429, "Too many requests. Please wait a few minutes.")

    def _counted(
        self, route: Route, request: Request, identity: Identity | None
    ) -> Iterator[tuple[str, str]]:
        """By whom and as what the request counts; an app's own token counts with its address."""
        if identity is None or identity.account_id is None:
            address = f"i{address_of(request, self._services)}"
            yield address, "address"
            if identity is not None:
                yield f"t{identity.token_id}", "address"
            if not PAGING.isdisjoint(request.query):
                yield address, "paging"
            return
        person = f"a{identity.account_id}"
        yield person, "person"
        if (kind := KINDS.get((route.method, route.path))) is not None:
            yield person, kind

    def _one(self, caller: str, kind: str, rate: Rate, now: int, cost: int = 1) -> _Counted:
        window = now // rate.seconds
        before, used = self._seen.get((caller, kind), (window, 0))
        used = used + cost if before == window else cost
        if len(self._seen) >= MOST_CALLERS:
            self._forget(now)
        self._seen[caller, kind] = (window, used)
        return _Counted(rate.most, rate.most - used, (window + 1) * rate.seconds)

    def _forget(self, now: int) -> None:
        """Make room: windows that are over; all, if that is none."""
        over = [
            (caller, kind)
            for (caller, kind), (window, _) in self._seen.items()
            if window < now // self._rates[kind].seconds
        ]
        for key in over:
            del self._seen[key]
        if not over:
            self._seen.clear()

    def describe(self, request: Request, response: StreamResponse) -> None:
        """Tell the client its limit, what is left and when it starts anew (ISO 8601)."""
        if response.prepared or _COUNTED not in request:
            return
        most, left, reset = request[_COUNTED]
        response.headers["X-RateLimit-Limit"] = str(most)
        response.headers["X-RateLimit-Remaining"] = str(max(0, left) if self._enabled else most)
        response.headers["X-RateLimit-Reset"] = _moment(reset)
        if response.status == 429:
            response.headers.setdefault("Retry-After", str(max(1, reset - int(time()))))


@lru_cache(maxsize=256)
def _moment(seconds: int) -> str:
    """ISO 8601; many are told the same moment."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
