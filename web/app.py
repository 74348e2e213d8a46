"""The edge: builds the router from declarations and does for every request what all need.

Order: parameters, who calls, how often, may they (the route's declaration), the handler; then
errors become answers, and headers that every answer carries are added.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from typing import Final
from urllib.parse import urlencode

from aiohttp import hdrs
from aiohttp.web import (
    AbstractResource,
    AppKey,
    Application,
    HTTPException,
    HTTPFound,
    Request,
    Response,
    StreamResponse,
    UrlDispatcher,
    WebSocketResponse,
    middleware,
)

from domain.errors import NotAllowed, NotFound, Problem, TooMany
from domain.filetypes import LARGEST_OF_ALL
from web import authentication
from web.accept import takes_json
from web.authentication import PAGES
from web.call import Call
from web.errors import BUSY, RETRY_SECONDS, NotAcceptable, status_of
from web.headers import add_headers, answers_preflight, preflight
from web.limits import Limits
from web.pages.errors import error_page
from web.params import BODY_LIMIT, Params, read_params, read_query
from web.ready import is_ready
from web.responses import error, refusal
from web.routes import Access, Body, Route
from web.services import SERVICES, Services
from web.tables import ROUTES

log = logging.getLogger("tertulia.web")

API: Final = "/api/"
NOTHING_HERE: Final = "Record not found"
LIMITS: Final = AppKey("limits", Limits)


def make_app(
    services: Services, routes: Iterable[Route] = ROUTES, *, own: Iterable[Route] = ()
) -> Application:
    """The web application over these services; nothing is reachable but the declared routes.

    `own`: routes whose handlers belong to this one application.
    """
    app = Application(middlewares=[_last_resort], client_max_size=BODY_LIMIT)
    app[SERVICES] = services
    app[LIMITS] = Limits(services)
    for resource in (*_resources(tuple(routes)), *_new_resources(own)):
        app.router.register_resource(resource)
    return app


@cache
def _resources(routes: tuple[Route, ...]) -> tuple[AbstractResource, ...]:
    """What the router holds for routes that all nodes have: made once in a process."""
    return _new_resources(routes)


def _new_resources(routes: Iterable[Route]) -> tuple[AbstractResource, ...]:
    router = UrlDispatcher()
    for route in routes:
        serve = _serving(route)
        # Clients put a slash at the end or leave it (mastodon-api.md §1, routing traps).
        for path in dict.fromkeys((route.path, f"{route.path.rstrip('/')}/")):
            router.add_route(route.method, path, serve)
            if route.method == hdrs.METH_GET:
                router.add_route(hdrs.METH_HEAD, path, serve)
    return tuple(router.resources())


def _serving(route: Route) -> Callable[[Request], Awaitable[StreamResponse]]:
    """Answers a request; a refusal becomes the answer that the kind of route has for it."""
    answer = _way_of(route)
    has_json_alone = route.path.startswith(API)

    async def serve(request: Request) -> StreamResponse:
        try:
            if "\0" in request.path:  # no name has one, and PostgreSQL has no text with one
                raise NotFound
            if has_json_alone and not takes_json(request.headers.get(hdrs.ACCEPT, "")):
                raise NotAcceptable
            return await answer(route, request)
        except Problem as problem:
            wait = problem.retry_after if isinstance(problem, TooMany) else None
            return _failed(route, request, status_of(problem), problem.message, wait)
        except BUSY as failure:
            log.warning("Not served: %s", type(failure).__name__)
            busy = "Too busy right now, please try again"
            return _failed(route, request, 503, busy, RETRY_SECONDS)

    return serve


def _way_of(route: Route) -> Callable[[Route, Request], Awaitable[StreamResponse]]:
    """What is done for this kind of route: found out once, not for each request."""
    if route.access in {Access.SERVER, Access.LINK}:
        return _hand_on
    if route.body is Body.FILES:
        return _page_with_files
    if route.access in PAGES:
        return _page_for_all
    return _open if route.access is Access.OPEN else _for_whom_it_is


async def _hand_on(route: Route, request: Request) -> StreamResponse:
    return await route.handler(Call(request, request.app[SERVICES], Params({})))


async def _page_for_all(route: Route, request: Request) -> StreamResponse:
    return await _page(route, request, request.app[SERVICES], await _params(route, request))


async def _open(route: Route, request: Request) -> StreamResponse:
    params = await _params(route, request)
    refused = request.app[LIMITS].count(route, request, None)
    return refused or await route.handler(Call(request, request.app[SERVICES], params))


async def _for_whom_it_is(route: Route, request: Request) -> StreamResponse:
    services, limits = request.app[SERVICES], request.app[LIMITS]
    params = await _params(route, request)
    sent, identity = await authentication.identify(request, services, params)
    refused = limits.count(route, request, identity)
    refused = refused or authentication.refusal(route, sent=sent, identity=identity)
    return refused or await route.handler(Call(request, services, params, identity))


async def _params(route: Route, request: Request) -> Params:
    if route.body is Body.UNREAD:
        return Params(read_query(request))
    return await read_params(request)


async def _page_with_files(route: Route, request: Request) -> StreamResponse:
    """Pictures are kept for people who are signed in, of few of them at once; words for all."""
    services = request.app[SERVICES]
    session = await authentication.open_session(request, services)
    if session is None:
        params = await read_params(request, LARGEST_OF_ALL, keep=False)
        return await _page(route, request, services, params)
    size = request.content_length
    async with services.archive.taking_in(session.identity.actor_id, size):
        params = await read_params(request, LARGEST_OF_ALL)
        return await _page(route, request, services, params)


async def _page(
    route: Route, request: Request, services: Services, params: Params
) -> StreamResponse:
    if request.method == hdrs.METH_POST:
        authentication.check_same_site(request, services)
    session = await authentication.open_session(request, services)
    if route.access is Access.SIGNED_IN and session is None:
        raise HTTPFound(f"/sign-in?{urlencode({'next': request.rel_url.raw_path_qs})}")
    identity = session.identity if session else None
    call = Call(request, services, params, identity, session)
    if request.method == hdrs.METH_POST and session is not None:
        _check_form(session.csrf, params)
    return await route.handler(call)


def _check_form(expected: str, params: Params) -> None:
    if not secrets.compare_digest(params.text("csrf").encode(), expected.encode()):
        raise NotAllowed("This form is no longer valid. Please open the page again.")


def _failed(
    route: Route, request: Request, status: int, message: str, retry_after: int | None
) -> Response:
    if route.access in PAGES:
        response = error_page(request, status, message)
    else:
        tell = refusal if route.access is Access.SERVER else error
        response = tell(status, message)
    if retry_after is not None:
        response.headers[hdrs.RETRY_AFTER] = str(retry_after)
    return response


@middleware
async def _last_resort(
    request: Request, handler: Callable[[Request], Awaitable[StreamResponse]]
) -> StreamResponse:
    """Turn whatever is left into an answer that says nothing about us, and add the headers."""
    if request.method == hdrs.METH_OPTIONS and answers_preflight(request):
        return _finished(request, preflight(request))
    try:
        response = await handler(request)
    except HTTPException as raised:
        if raised.status < 400:
            add_headers(request, raised)
            raise
        response = _plain(request, raised.status, raised.reason)
        if hdrs.ALLOW in raised.headers:
            response.headers[hdrs.ALLOW] = raised.headers[hdrs.ALLOW]
    except Exception:
        log.exception("A request failed: %s %s", request.method, _pattern(request))
        response = _plain(request, 500, "Something went wrong on our side")
    return _finished(request, response)


def _finished(request: Request, response: StreamResponse) -> StreamResponse:
    """An answer with its headers; of the API with the limits, whether or not a route counted it."""
    if is_ready(response) or isinstance(response, WebSocketResponse) or response.prepared:
        return response
    limits = request.app[LIMITS]
    if request.path.startswith(API):
        response = limits.count_stray(request) or response
    limits.describe(request, response)
    add_headers(request, response)
    return response


def _pattern(request: Request) -> str:
    """The route's pattern for the log: an address may hold names and tokens."""
    resource = request.match_info.route.resource
    return "nothing" if resource is None else resource.canonical


def _plain(request: Request, status: int, reason: str) -> Response:
    if "text/html" in request.headers.get(hdrs.ACCEPT, "") and not answers_preflight(request):
        return error_page(request, status, "There is nothing here" if status == 404 else reason)
    return error(status, NOTHING_HERE if status == 404 else reason)
