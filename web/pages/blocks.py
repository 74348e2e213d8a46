"""Blocking people, and the list of whom one blocks."""

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.node import Node
from social import blocks
from storage.tx import Tx
from storage.views import people
from storage.views.blocked import blocked
from web.call import Call
from web.pages import paths
from web.pages.listing import listing_of, page_of
from web.pages.rendering import page, see_other
from web.routes import Access, Route, get, post


async def index(call: Call) -> StreamResponse:
    """GET /blocks."""
    asked = page_of(call)
    lines = await call.read(blocked, call.viewer, asked)
    listing = listing_of(call, asked, [], [line.cursor for line in lines])
    return await page(call, "blocks.html", lines=lines, listing=listing)


async def block(call: Call) -> StreamResponse:
    """POST /people/{id}/block."""
    await call.write(_block, call=call, node=call.node)
    return see_other(paths.own_path(call.params.text("back")))


def _block(tx: Tx, *, call: Call, node: Node) -> None:
    other = people.person(tx, call.viewer, call.id())
    blocks.block(tx, node=node, actor_id=call.person.actor_id, other_id=other.id)


async def unblock(call: Call) -> StreamResponse:
    """POST /people/{id}/unblock."""
    await call.write(_unblock, call=call, node=call.node)
    return see_other(paths.own_path(call.params.text("back")))


def _unblock(tx: Tx, *, call: Call, node: Node) -> None:
    me = call.person.actor_id
    if not blocks.blocks_somebody(tx, me, call.id()):
        raise NotFound
    blocks.unblock(tx, node=node, actor_id=me, other_id=call.id())


ROUTES: list[Route] = [
    get("/blocks", index, Access.SIGNED_IN),
    post("/people/{id}/block", block, Access.SIGNED_IN),
    post("/people/{id}/unblock", unblock, Access.SIGNED_IN),
]
