"""Lists: every community of the caller's is one, with a timeline and a stream of its own.

No app knows communities; every app shows lists (mastodon-api.md §4). A list's id is `g` and the
community's id. Whoever leaves the community has no such list any more.
"""

from functools import partial
from typing import Final

from aiohttp.web import StreamResponse

from domain.audience import Viewer
from domain.errors import Invalid, NotAllowed, NotFound
from storage.tx import Tx
from storage.views import communities, people, timelines
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.timelines import Entry
from web.call import Call
from web.mastodon.entities.accounts import account
from web.mastodon.entities.lists import entity, list_id
from web.mastodon.paging import PEOPLE, links, page_of
from web.mastodon.rendering import timeline
from web.responses import json
from web.routes import Access, Route, change, delete, get, post

_LEAVE: Final = "This list is a community. To be rid of it, leave the community: unfollow it"
_FIXED: Final = "This list is a community. It keeps its name, and its members are who joined it"
_NONE: Final = "Lists of your own cannot be made here. Each of your communities is a list"


def community_of(call: Call) -> int:
    """The community that the path means. Raises NotFound."""
    found = list_id(call.request.match_info["list"])
    if found is None:
        raise NotFound
    return found


async def show_all(call: Call) -> StreamResponse:
    """GET /api/v1/lists: the caller's communities, by handle."""
    return json([entity(each) for each in await call.read(communities.mine, call.viewer)])


async def shared_with(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id/lists: the communities in which the two of them are together."""
    await call.read(people.person, call.viewer, call.id())
    found = await call.read(communities.shared_with, call.viewer, call.id())
    return json([entity(each) for each in found])


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/lists/:id."""
    return json(entity(await _mine(call)))


async def members(call: Call) -> StreamResponse:
    """GET /api/v1/lists/:id/accounts: the members, as far as they are known here.

    `limit=0` asks for all of them at once, as apps do before they show a list's members.
    """
    everybody = call.params.text("limit") == "0"
    page = Page(limit=communities.MOST_SHOWN) if everybody else page_of(call, PEOPLE)
    found = await call.read(communities.members, call.viewer, community_of(call), page)
    shown = [account(line.actor, call.node, call.viewer) for line in found]
    return json(shown, headers=links(call, [line.cursor for line in found]))


async def posts(call: Call) -> StreamResponse:
    """GET /api/v1/timelines/list/:id: all that was written in the community."""
    return await timeline(call, partial(_posts, community_id=community_of(call)))


def _posts(tx: Tx, viewer: Viewer, page: Page, *, community_id: int) -> list[Entry]:
    communities.one_of_mine(tx, viewer, community_id)
    return timelines.community_page(tx, viewer, page, community_id=community_id)


async def make(_call: Call) -> StreamResponse:
    """POST /api/v1/lists."""
    raise Invalid(_NONE)


async def rename(call: Call) -> StreamResponse:
    """PUT /api/v1/lists/:id, and adding or removing somebody."""
    await _mine(call)
    raise NotAllowed(_FIXED)


async def remove(call: Call) -> StreamResponse:
    """DELETE /api/v1/lists/:id: joining and leaving are acts of their own."""
    await _mine(call)
    raise NotAllowed(_LEAVE)


async def _mine(call: Call) -> ActorView:
    return await call.read(communities.one_of_mine, call.viewer, community_of(call))


_ONE: Final = "/api/v1/lists/{list}"

ROUTES: list[Route] = [
    get("/api/v1/lists", show_all, Access.ACCOUNT, "read:lists"),
    post("/api/v1/lists", make, Access.ACCOUNT, "write:lists"),
    get(_ONE, show, Access.ACCOUNT, "read:lists"),
    *change(_ONE, rename, Access.ACCOUNT, "write:lists"),
    delete(_ONE, remove, Access.ACCOUNT, "write:lists"),
    get(f"{_ONE}/accounts", members, Access.ACCOUNT, "read:lists"),
    post(f"{_ONE}/accounts", rename, Access.ACCOUNT, "write:lists"),
    delete(f"{_ONE}/accounts", rename, Access.ACCOUNT, "write:lists"),
    get("/api/v1/accounts/{id}/lists", shared_with, Access.ACCOUNT, "read:lists"),
    get("/api/v1/timelines/list/{list}", posts, Access.ACCOUNT, "read:lists"),
]
