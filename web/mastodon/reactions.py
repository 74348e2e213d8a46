"""Liking and sharing posts, and who did."""

from collections.abc import Callable

from aiohttp.web import StreamResponse

from domain.node import Node
from social import reactions
from storage.queries import likes
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.paging import Page
from storage.views.people import people
from storage.views.posts import PostView, visible
from web.call import Call
from web.mastodon.entities.accounts import Account, account
from web.mastodon.entities.statuses import Status
from web.mastodon.paging import PEOPLE, links, page_of
from web.mastodon.rendering import one
from web.responses import json
from web.routes import Access, Route, get, post

Act = Callable[..., object]
Listing = Callable[..., list[tuple[int, ActorView]]]


async def favourite(call: Call) -> StreamResponse:
    """POST /api/v1/statuses/:id/favourite."""
    return one(call, await call.write(_react, reactions.like, call=call, node=call.node))


async def unfavourite(call: Call) -> StreamResponse:
    """POST /api/v1/statuses/:id/unfavourite."""
    return one(call, await call.write(_react, reactions.unlike, call=call, node=call.node))


async def reblog(call: Call) -> StreamResponse:
    """POST /api/v1/statuses/:id/reblog: answers with the share, which holds the post."""
    return one(call, await call.write(_share, call=call, node=call.node))


async def unreblog(call: Call) -> StreamResponse:
    """POST /api/v1/statuses/:id/unreblog: answers with the post itself."""
    return one(call, await call.write(_react, reactions.unshare, call=call, node=call.node))


def _meant(tx: Tx, call: Call) -> PostView:
    """The post that is meant: whoever reacts to a share reacts to what is shared.

    Raises NotFound where the caller may not read it.
    """
    return visible(tx, call.id(), call.viewer).shown


def _react(tx: Tx, act: Act, *, call: Call, node: Node) -> PostView:
    post_id = _meant(tx, call).id
    act(tx, node=node, actor_id=call.person.actor_id, post_id=post_id)
    return visible(tx, post_id, call.viewer)


def _share(tx: Tx, *, call: Call, node: Node) -> PostView:
    post_id = _meant(tx, call).id
    share_id = reactions.share(tx, node=node, actor_id=call.person.actor_id, post_id=post_id)
    return visible(tx, share_id, call.viewer)


async def favourited_by(call: Call) -> StreamResponse:
    """GET /api/v1/statuses/:id/favourited_by."""
    return await _listed(call, likes.likers)


async def reblogged_by(call: Call) -> StreamResponse:
    """GET /api/v1/statuses/:id/reblogged_by."""
    return await _listed(call, likes.sharers)


async def _listed(call: Call, listing: Listing) -> StreamResponse:
    page = page_of(call, PEOPLE)
    cursors, found = await call.read(_people, listing, call=call, page=page)
    shown = [account(actor, call.node, call.viewer) for actor in found]
    return json(shown, headers=links(call, cursors))


def _people(
    tx: Tx, listing: Listing, *, call: Call, page: Page
) -> tuple[list[int], list[ActorView]]:
    """Those of a post's people whom the caller may see (security.md G20)."""
    post_id = _meant(tx, call).id
    lines = listing(tx, post_id, call.viewer, page)
    seen = by_id(people(tx, call.viewer, [actor.id for _, actor in lines]))
    shown = [(cursor, seen[actor.id]) for cursor, actor in lines if actor.id in seen]
    return [cursor for cursor, _ in shown], [actor for _, actor in shown]


_ONE = "/api/v1/statuses/{id}"

ROUTES: list[Route] = [
    post(f"{_ONE}/favourite", favourite, Access.ACCOUNT, "write:favourites", answers=Status),
    post(f"{_ONE}/unfavourite", unfavourite, Access.ACCOUNT, "write:favourites", answers=Status),
    post(f"{_ONE}/reblog", reblog, Access.ACCOUNT, "write:statuses", answers=Status),
    post(f"{_ONE}/unreblog", unreblog, Access.ACCOUNT, "write:statuses", answers=Status),
    get(
        f"{_ONE}/favourited_by",
        favourited_by,
        Access.ANYONE,
        "read:statuses",
        answers=list[Account],
    ),
    get(
        f"{_ONE}/reblogged_by", reblogged_by, Access.ANYONE, "read:statuses", answers=list[Account]
    ),
]
