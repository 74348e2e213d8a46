"""Headers that every answer carries: cross-origin rules for clients, fences for pages."""

from typing import Final

from aiohttp import hdrs
from aiohttp.web import Request, Response, StreamResponse

# Web clients live on other origins and send tokens, never cookies, so any origin may ask.
# NodeInfo is left out: federation needs no browser there (mastodon-api.md, version sniffing).
OPEN_TO_WEB_CLIENTS: Final = (
    *("/api/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/.well-known/"),
)
EXPOSED: Final = (
    "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, "
    "Mastodon-Async-Refresh"
)
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data: https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PREFLIGHT_SECONDS: Final = 86_400
ALWAYS: Final = {
    hdrs.SERVER: "Tertulia",
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers would then send our own forms with the origin "null".
    "Referrer-Policy": "same-origin",
    hdrs.CACHE_CONTROL: "private, no-store",
}
"""What every answer says, unless its handler chose otherwise."""


def answers_preflight(request: Request) -> bool:
    """Whether scripts of other origins may use this path."""
    return request.path.startswith(OPEN_TO_WEB_CLIENTS)


def preflight(request: Request) -> Response:
    """The answer to a browser that asks before it sends; the same for every path and person."""
    response = Response(status=204)
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = "GET, POST, PUT, PATCH, DELETE"
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = request.headers.get(
        hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "Authorization, Content-Type, Idempotency-Key"
    )
    response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(PREFLIGHT_SECONDS)
    add_headers(request, response)
    return response


def add_headers(request: Request, response: StreamResponse) -> None:
    """Add what is missing; a handler's own choice stays."""
    headers = response.headers
    if answers_preflight(request):
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
        headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    if response.content_type == "text/html":
        # The consent page has one of its own: browsers apply form-action to redirects, too.
        headers.setdefault("Content-Security-Policy", POLICY)
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
