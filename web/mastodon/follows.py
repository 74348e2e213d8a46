"""Following and being followed, and requests to follow."""

from collections.abc import Callable

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.node import Node
from social import follows
from social.wishes import Wishes
from storage.tx import Tx
from storage.views import people, relationships
from storage.views.relationships import Relationship
from web.call import Call
from web.mastodon.entities.accounts import Account, Relation, account, relationship
from web.mastodon.paging import PEOPLE, links, page_of
from web.responses import json
from web.routes import Access, Route, get, post

Act = Callable[[Tx], object]


async def follow(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/follow: following, or asking to."""
    params = call.params
    wishes = Wishes(
        shares=params.maybe_flag("reblogs"),
        notify=params.maybe_flag("notify"),
        languages=tuple(params.many("languages")) if "languages" in params else None,
    )
    me, other, node = _pair(call)

    def act(tx: Tx) -> None:
        follows.follow(tx, node=node, follower_id=me, target_id=other, wishes=wishes)

    return await _acted(call, act)


async def unfollow(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/unfollow, which also takes a request back."""
    me, other, node = _pair(call)

    def act(tx: Tx) -> None:
        follows.unfollow(tx, node=node, follower_id=me, target_id=other)

    return await _acted(call, act)


async def remove_from_followers(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/remove_from_followers."""
    me, other, node = _pair(call)

    def act(tx: Tx) -> None:
        follows.remove_follower(tx, node=node, target_id=me, follower_id=other)

    return await _acted(call, act)


async def authorize(call: Call) -> StreamResponse:
    """POST /api/v1/follow_requests/:id/authorize."""
    me, other, node = _pair(call)

    def act(tx: Tx) -> None:
        follows.accept_follow(tx, node=node, target_id=me, follower_id=other)

    return await _acted(call, act)


async def reject(call: Call) -> StreamResponse:
    """POST /api/v1/follow_requests/:id/reject."""
    me, other, node = _pair(call)

    def act(tx: Tx) -> None:
        follows.reject_follow(tx, node=node, target_id=me, follower_id=other)

    return await _acted(call, act)


def _pair(call: Call) -> tuple[int, int, Node]:
    return call.person.actor_id, call.id(), call.node


async def _acted(call: Call, act: Act) -> StreamResponse:
    """Do it, and answer with how the two stand to each other now."""
    other = call.id()

    def unit(tx: Tx) -> Relationship:
        before = relationships.load(tx, call.viewer, [other])
        if not before:
            raise NotFound
        act(tx)
        after = relationships.load(tx, call.viewer, [other])
        return after[0] if after else Relationship(other)

    return json(relationship(await call.write(unit)))


async def requests(call: Call) -> StreamResponse:
    """GET /api/v1/follow_requests."""
    lines = await call.read(people.requests, call.viewer, page_of(call, PEOPLE))
    # Whoever asks shows who they are, figures aside.
    shown = [account(line.actor, call.node, call.viewer) for line in lines]
    return json(shown, headers=links(call, [line.cursor for line in lines]))


ROUTES: list[Route] = [
    post("/api/v1/accounts/{id}/follow", follow, Access.ACCOUNT, "write:follows", answers=Relation),
    post(
        "/api/v1/accounts/{id}/unfollow",
        unfollow,
        Access.ACCOUNT,
        "write:follows",
        answers=Relation,
    ),
    post(
        *("/api/v1/accounts/{id}/remove_from_followers", remove_from_followers),
        *(Access.ACCOUNT, "write:follows"),
        answers=Relation,
    ),
    get("/api/v1/follow_requests", requests, Access.ACCOUNT, "read:follows", answers=list[Account]),
    post(
        "/api/v1/follow_requests/{id}/authorize",
        authorize,
        Access.ACCOUNT,
        "write:follows",
        answers=Relation,
    ),
    post(
        "/api/v1/follow_requests/{id}/reject",
        reject,
        Access.ACCOUNT,
        "write:follows",
        answers=Relation,
    ),
]
