"""People as others see them: profiles, their posts, whom they follow, finding them."""

from collections.abc import Callable
from functools import partial
from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.handles import Acct, parse_acct
from domain.text import fold_tag
from social import pins
from social.refreshing import look_again
from social.search import resolve, search, whom_one_follows
from storage.tx import Tx
from storage.views import directory, people, relationships, timelines
from storage.views.actors import ActorView
from storage.views.people import Listed
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.accounts import Account, Relation, account, relationship
from web.mastodon.entities.discovery import FamiliarFollowers, familiar
from web.mastodon.entities.statuses import Status
from web.mastodon.paging import PEOPLE, limit_of, links, page_of
from web.mastodon.rendering import timeline
from web.responses import json
from web.routes import Access, Route, get

LONGEST_QUERY: Final = 1_000


def shown(call: Call, actor: ActorView) -> Account:
    """An Account as the caller sees it."""
    return account(actor, call.node, call.viewer)


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id."""
    return json(await call.read(_with_moved, call=call, find=_by_id))


def _by_id(tx: Tx, call: Call) -> ActorView:
    return people.person(tx, call.viewer, call.id())


def _with_moved(tx: Tx, *, call: Call, find: Callable[[Tx, Call], ActorView]) -> Account:
    """Somebody, with the account that they moved to."""
    found = find(tx, call)
    there = people.moved_to(tx, call.viewer, found)
    moved = None if there is None else shown(call, there)
    return shown(call, found) | {"moved": moved}


async def several(call: Call) -> StreamResponse:
    """GET /api/v1/accounts?id[]=: those whom the caller may see."""
    found = await call.read(people.people, call.viewer, call.params.ids("id", PEOPLE))
    return json([shown(call, actor) for actor in found])


async def lookup(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/lookup: who is called so, without asking other servers."""
    acct = parse_acct(call.params.text("acct")[:LONGEST_QUERY])
    if acct is None:
        raise NotFound
    return json(await call.read(_with_moved, call=call, find=_by_acct(acct)))


def _by_acct(acct: Acct) -> Callable[[Tx, Call], ActorView]:
    def find(tx: Tx, call: Call) -> ActorView:
        domain = acct.host or call.node.handle_domain
        return people.by_acct(tx, call.viewer, acct.name, domain)

    return find


async def find(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/search; with `resolve` a full handle is asked of its server."""
    params = call.params
    if "q" not in params:
        raise BadRequest("q is missing")
    query = params.text("q")[:LONGEST_QUERY]
    limit = limit_of(params.integer("limit"), PEOPLE)
    followed = params.flag("following")
    found = await call.services.db.slow(
        search,
        call.viewer,
        query,
        limit=limit,
        offset=max(0, params.integer("offset") or 0),
        followed=followed,
    )
    if not found and params.flag("resolve"):
        services = call.services
        resolved = await resolve(services.db, services.fetcher, viewer=call.viewer, q=query)
        found = resolved.people
        if followed and found:
            found = await call.read(whom_one_follows, call.viewer, found)
    return json([shown(call, actor) for actor in found])


async def statuses(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id/statuses; with `pinned` what stands at the top of the page."""
    params = call.params
    shown_of = await call.read(people.person, call.viewer, call.id())
    if call.viewer.full:
        await look_again(call.services.db, shown_of, now=call.services.clock())
    if params.flag("pinned"):
        return await _pinned(call, shown_of)
    finder = partial(
        timelines.account_page,
        author_id=call.id(),
        with_replies=not params.flag("exclude_replies"),
        with_shares=not params.flag("exclude_reblogs"),
        only_media=params.flag("only_media"),
        tag=fold_tag(params.text("tagged")),
    )
    return await timeline(call, finder)


async def _pinned(call: Call, of: ActorView) -> StreamResponse:
    """What somebody pinned; what somebody elsewhere has is asked for when it is looked at."""
    if call.viewer.full and await call.read(pins.is_due, of):
        await call.services.db.write(pins.want_featured, of)
    return await timeline(call, partial(timelines.pinned_page, actor_id=of.id))


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
    """GET /api/v1/accounts/familiar_followers: who follows them of whom one follows."""
    ids = call.params.ids("id", PEOPLE)
    found = await call.read(directory.familiar_followers, call.viewer, ids)
    return json([familiar(one, who, call.node, call.viewer) for one, who in found.items()])


_ONE: Final = "/api/v1/accounts/{id}"

ROUTES: list[Route] = [
    get("/api/v1/accounts", several, Access.ANYONE, "read:accounts", answers=list[Account]),
    get("/api/v1/accounts/lookup", lookup, Access.ANYONE, "read:accounts", answers=Account),
    get("/api/v1/accounts/search", find, Access.ACCOUNT, "read:accounts", answers=list[Account]),
    get(
        "/api/v1/accounts/relationships",
        standings,
        Access.ACCOUNT,
        "read:follows",
        answers=list[Relation],
    ),
    get(
        "/api/v1/accounts/familiar_followers",
        familiar_followers,
        Access.ACCOUNT,
        "read:follows",
        answers=list[FamiliarFollowers],
    ),
    get(_ONE, show, Access.ANYONE, "read:accounts", answers=Account),
    get(f"{_ONE}/statuses", statuses, Access.ANYONE, "read:statuses", answers=list[Status]),
    get(f"{_ONE}/followers", followers, Access.ANYONE, "read:accounts", answers=list[Account]),
    get(f"{_ONE}/following", following, Access.ANYONE, "read:accounts", answers=list[Account]),
]
