"""Blocking people, and whom one blocks."""

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.node import Node
from social import blocks
from storage.tx import Tx
from storage.views import relationships
from storage.views.blocked import blocked
from storage.views.relationships import Relationship
from web.call import Call
from web.mastodon.entities.accounts import account, relationship
from web.mastodon.paging import PEOPLE, links, page_of
from web.responses import json
from web.routes import Access, Route, get, post


async def block(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/block."""
    stands = await call.write(_block, call=call, node=call.node)
    return json(relationship(stands))


def _block(tx: Tx, *, call: Call, node: Node) -> Relationship:
    me, other = call.person.actor_id, call.id()
    if not relationships.load(tx, call.viewer, [other]):
        raise NotFound
    blocks.block(tx, node=node, actor_id=me, other_id=other)
    return _standing(tx, call)


async def unblock(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/unblock."""
    stands = await call.write(_unblock, call=call, node=call.node)
    return json(relationship(stands))


def _unblock(tx: Tx, *, call: Call, node: Node) -> Relationship:
    """Whoever was blocked may be let back, even by who may not know of them otherwise any more."""
    me, other = call.person.actor_id, call.id()
    before = relationships.load(tx, call.viewer, [other])
    if not before and not blocks.blocks_somebody(tx, me, other):
        raise NotFound
    blocks.unblock(tx, node=node, actor_id=me, other_id=other)
    return _standing(tx, call)


def _standing(tx: Tx, call: Call) -> Relationship:
    after = relationships.load(tx, call.viewer, [call.id()])
    return after[0] if after else Relationship(call.id())


async def index(call: Call) -> StreamResponse:
    """GET /api/v1/blocks."""
    lines = await call.read(blocked, call.viewer, page_of(call, PEOPLE))
    shown = [account(line.actor, call.node, call.viewer) for line in lines]
    return json(shown, headers=links(call, [line.cursor for line in lines]))


ROUTES: list[Route] = [
    get("/api/v1/blocks", index, Access.ACCOUNT, "read:blocks"),
    post("/api/v1/accounts/{id}/block", block, Access.ACCOUNT, "write:blocks"),
    post("/api/v1/accounts/{id}/unblock", unblock, Access.ACCOUNT, "write:blocks"),
]
