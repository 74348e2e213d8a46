"""Recommending people on one's own page."""

from collections.abc import Callable

from aiohttp.web import StreamResponse

from domain.audience import Viewer
from domain.errors import NotFound
from social import endorsements as use
from storage.tx import Tx
from storage.views import directory, relationships
from storage.views.relationships import Relationship
from web.call import Call
from web.mastodon.entities.accounts import Account, Relation, account, relationship
from web.mastodon.paging import PEOPLE, links, page_of
from web.responses import json
from web.routes import Access, Route, get, post

Act = Callable[..., None]


async def endorse(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/endorse, and /pin as it was called before."""
    return await _acted(call, use.endorse)


async def unendorse(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/unendorse, and /unpin as it was called before."""
    return await _acted(call, use.unendorse)


async def _acted(call: Call, act: Act) -> StreamResponse:
    standing = await call.write(_act, act, viewer=call.viewer, target_id=call.id())
    return json(relationship(standing))


def _act(tx: Tx, act: Act, *, viewer: Viewer, target_id: int) -> Relationship:
    act(tx, viewer=viewer, target_id=target_id)
    found = relationships.load(tx, viewer, [target_id])
    if not found:
        raise NotFound
    return found[0]


async def theirs(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id/endorsements."""
    return await _listed(call, call.id())


async def mine(call: Call) -> StreamResponse:
    """GET /api/v1/endorsements."""
    return await _listed(call, call.person.actor_id)


async def _listed(call: Call, actor_id: int) -> StreamResponse:
    found = await call.read(directory.endorsed, call.viewer, actor_id, page_of(call, PEOPLE))
    shown = [account(line.actor, call.node, call.viewer) for line in found]
    return json(shown, headers=links(call, [line.cursor for line in found]))


_ONE = "/api/v1/accounts/{id}"

ROUTES: list[Route] = [
    get(f"{_ONE}/endorsements", theirs, Access.ANYONE, "read:accounts", answers=list[Account]),
    get("/api/v1/endorsements", mine, Access.ACCOUNT, "read:accounts", answers=list[Account]),
    post(f"{_ONE}/endorse", endorse, Access.ACCOUNT, "write:accounts", answers=Relation),
    post(f"{_ONE}/pin", endorse, Access.ACCOUNT, "write:accounts", answers=Relation),
    post(f"{_ONE}/unendorse", unendorse, Access.ACCOUNT, "write:accounts", answers=Relation),
    post(f"{_ONE}/unpin", unendorse, Access.ACCOUNT, "write:accounts", answers=Relation),
]
