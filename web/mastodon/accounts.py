"""People as others see them: profiles, their posts, whom they follow, finding them."""

from functools import partial
from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.handles import parse_acct
from domain.text import fold_tag
from social.search import resolve, search
from storage.views import people, relationships, timelines
from storage.views.actors import ActorView
from storage.views.people import Listed
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.accounts import JsonDict, account, relationship
from web.mastodon.paging import PEOPLE, limit_of, links, page_of
from web.mastodon.rendering import timeline
from web.responses import json, raw_json
from web.routes import Access, Route, get

LONGEST_QUERY: Final = 1_000


def shown(call: Call, actor: ActorView) -> JsonDict:
    """An Account as the caller sees it."""
    return account(actor, call.node, call.viewer)


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id."""
    return json(shown(call, await call.read(people.person, call.viewer, call.id())))


async def several(call: Call) -> StreamResponse:
    """GET /api/v1/accounts?id[]=: those whom the caller may see."""
    found = await call.read(people.people, call.viewer, call.params.ids("id", PEOPLE))
    return json([shown(call, actor) for actor in found])


async def lookup(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/lookup: who is called so, without asking other servers."""
    acct = parse_acct(call.params.text("acct")[:LONGEST_QUERY])
    if acct is None:
        raise NotFound
    domain = acct.host or call.node.handle_domain
    return json(shown(call, await call.read(people.by_acct, call.viewer, acct.name, domain)))


async def find(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/search; with `resolve` a full handle is asked of its server."""
    params = call.params
    if "q" not in params:
        raise BadRequest("q is missing")
    query = params.text("q")[:LONGEST_QUERY]
    limit = limit_of(params.integer("limit"), PEOPLE)
    found = await call.read(
        search,
        call.viewer,
        query,
        limit=limit,
        offset=max(0, params.integer("offset") or 0),
        followed=params.flag("following"),
    )
    if not found and params.flag("resolve"):
        services = call.services
        resolved = await resolve(services.db, services.fetcher, viewer=call.viewer, q=query)
        found = resolved.people
    return json([shown(call, actor) for actor in found])


async def statuses(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id/statuses. Nothing can be pinned, and no post has pictures yet."""
    params = call.params
    await call.read(people.person, call.viewer, call.id())
    if params.flag("pinned") or params.flag("only_media"):
        return raw_json(b"[]")
    finder = partial(
        timelines.account_page,
        author_id=call.id(),
        with_replies=not params.flag("exclude_replies"),
        with_shares=not params.flag("exclude_reblogs"),
        tag=fold_tag(params.text("tagged")),
    )
    return await timeline(call, finder)


async def followers(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id/followers."""
    page = page_of(call, PEOPLE)
    return _listed(call, await call.read(people.followers, call.viewer, call.id(), page))


async def following(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id/following."""
    page = page_of(call, PEOPLE)
    return _listed(call, await call.read(people.following, call.viewer, call.id(), page))


def _listed(call: Call, lines: list[Listed]) -> StreamResponse:
    headers = links(call, [line.cursor for line in lines])
    return json([shown(call, line.actor) for line in lines], headers=headers)


async def standings(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/relationships?id[]=."""
    ids = call.params.ids("id")
    found = await call.read(relationships.load, call.viewer, ids) if ids else []
    return json([relationship(standing) for standing in found])


async def familiar_followers(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/familiar_followers: asked for, and not worked out."""
    ids = call.params.ids("id")
    found = await call.read(people.people, call.viewer, ids) if ids else []
    return json([{"id": str(actor.id), "accounts": []} for actor in found])


async def nothing_of_theirs(call: Call) -> StreamResponse:
    """Lists, featured tags and the like of somebody: there are none, but the person must exist."""
    await call.read(people.person, call.viewer, call.id())
    return raw_json(b"[]")


_ONE: Final = "/api/v1/accounts/{id}"

ROUTES: list[Route] = [
    get("/api/v1/accounts", several, Access.ANYONE, "read:accounts"),
    get("/api/v1/accounts/lookup", lookup, Access.ANYONE, "read:accounts"),
    get("/api/v1/accounts/search", find, Access.ACCOUNT, "read:accounts"),
    get("/api/v1/accounts/relationships", standings, Access.ACCOUNT, "read:follows"),
    get("/api/v1/accounts/familiar_followers", familiar_followers, Access.ACCOUNT, "read:follows"),
    get(_ONE, show, Access.ANYONE, "read:accounts"),
    get(f"{_ONE}/statuses", statuses, Access.ANYONE, "read:statuses"),
    get(f"{_ONE}/followers", followers, Access.ANYONE, "read:accounts"),
    get(f"{_ONE}/following", following, Access.ANYONE, "read:accounts"),
    get(f"{_ONE}/featured_tags", nothing_of_theirs, Access.ANYONE, "read:accounts"),
    get(f"{_ONE}/endorsements", nothing_of_theirs, Access.ANYONE, "read:accounts"),
    get(f"{_ONE}/identity_proofs", nothing_of_theirs, Access.ACCOUNT, "read:accounts"),
]
