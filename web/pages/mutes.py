"""Muting people, and the list of whom one mutes and which servers one shuts out."""

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from social import domain_blocks, mutes
from storage.queries.domain_blocks import of
from storage.tx import Tx
from storage.views import people
from storage.views.blocked import muted
from web.call import Call
from web.pages import paths
from web.pages.listing import listing_of, page_of
from web.pages.rendering import page, see_other
from web.routes import Access, Route, get, post

PATH = "/mutes"


async def index(call: Call) -> StreamResponse:
    """GET /mutes."""
    asked = page_of(call)
    lines = await call.read(muted, call.viewer, asked)
    servers = await call.read(of, call.person.actor_id)
    listing = listing_of(call, asked, [], [line.cursor for line in lines])
    return await page(call, "mutes.html", lines=lines, servers=servers, listing=listing)


async def mute(call: Call) -> StreamResponse:
    """POST /people/{id}/mute."""
    await call.write(_mute, call=call)
    return see_other(paths.own_path(call.params.text("back")))


def _mute(tx: Tx, *, call: Call) -> None:
    other = people.person(tx, call.viewer, call.id())
    mutes.mute(tx, actor_id=call.person.actor_id, other_id=other.id)


async def unmute(call: Call) -> StreamResponse:
    """POST /people/{id}/unmute."""
    if not await call.write(mutes.unmute, actor_id=call.person.actor_id, other_id=call.id()):
        raise NotFound
    return see_other(paths.own_path(call.params.text("back")))


async def shut_out(call: Call) -> StreamResponse:
    """POST /mutes/servers."""
    domain = domain_blocks.domain_of(call.node, call.params.text("domain"))
    me, node = call.person.actor_id, call.node
    await call.write(domain_blocks.shut_out, node=node, actor_id=me, domain=domain)
    return see_other(PATH)


async def let_in(call: Call) -> StreamResponse:
    """POST /mutes/servers/remove."""
    domain = call.params.text("domain")
    await call.write(domain_blocks.let_in, actor_id=call.person.actor_id, domain=domain)
    return see_other(PATH)


ROUTES: list[Route] = [
    get(PATH, index, Access.SIGNED_IN),
    post("/people/{id}/mute", mute, Access.SIGNED_IN),
    post("/people/{id}/unmute", unmute, Access.SIGNED_IN),
    post(f"{PATH}/servers", shut_out, Access.SIGNED_IN),
    post(f"{PATH}/servers/remove", let_in, Access.SIGNED_IN),
]
