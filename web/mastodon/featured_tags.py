"""Tags on people's own pages."""

from aiohttp.web import StreamResponse

from domain.audience import Viewer
from domain.text import fold_tag
from social import featured_tags as use
from storage.queries import featured_tags as stored
from storage.queries.featured_tags import FeaturedTag as Row
from storage.tx import Tx
from storage.views import people, trends
from storage.views import tags as tag_views
from storage.views.tags import TagView
from storage.views.trends import Used
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.discovery import FeaturedTag, featured_tag, whole_tag
from web.mastodon.entities.formats import Nothing
from web.mastodon.entities.tags import Tag
from web.responses import empty, json
from web.routes import Access, Route, delete, get, post

Shown = tuple[Row, Used]


async def theirs(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id/featured_tags."""
    return await _listed(call, call.id())


async def mine(call: Call) -> StreamResponse:
    """GET /api/v1/featured_tags."""
    return await _listed(call, call.person.actor_id)


async def _listed(call: Call, actor_id: int) -> StreamResponse:
    found = await call.read(_of, call.viewer, actor_id)
    return json([featured_tag(row, used, call.node) for row, used in found])


def _of(tx: Tx, viewer: Viewer, actor_id: int) -> list[Shown]:
    shown = people.person(tx, viewer, actor_id)
    return _with_figures(tx, viewer, shown.id, stored.of(tx, shown.id))


def _with_figures(tx: Tx, viewer: Viewer, actor_id: int, rows: list[Row]) -> list[Shown]:
    figures = trends.figures(tx, viewer, actor_id, [row.tag for row in rows])
    return [(row, figures[row.tag]) for row in rows]


async def add(call: Call) -> StreamResponse:
    """POST /api/v1/featured_tags."""
    if "name" not in call.params:
        raise BadRequest("name is missing")
    row, used = await call.write(_add, viewer=call.viewer, name=call.params.text("name"))
    return json(featured_tag(row, used, call.node))


def _add(tx: Tx, *, viewer: Viewer, name: str) -> Shown:
    row = use.feature(tx, actor_id=viewer.actor, name=name)
    return _with_figures(tx, viewer, viewer.actor, [row])[0]


async def remove(call: Call) -> StreamResponse:
    """DELETE /api/v1/featured_tags/:id."""
    me = call.person.actor_id
    await call.write(use.unfeature_by_id, actor_id=me, featured_id=call.id())
    return empty()


async def suggestions(call: Call) -> StreamResponse:
    """GET /api/v1/featured_tags/suggestions: what the caller uses most, for the caller alone."""
    found = await call.read(_suggested, call.viewer)
    return json([whole_tag(each, call.node) for each in found])


def _suggested(tx: Tx, viewer: Viewer) -> list[TagView]:
    return tag_views.load(tx, viewer, use.suggested(tx, actor_id=viewer.actor))


async def feature(call: Call) -> StreamResponse:
    """POST /api/v1/tags/:name/feature."""
    return json(whole_tag(await call.write(_feature, call=call, on=True), call.node))


async def unfeature(call: Call) -> StreamResponse:
    """POST /api/v1/tags/:name/unfeature."""
    return json(whole_tag(await call.write(_feature, call=call, on=False), call.node))


def _feature(tx: Tx, *, call: Call, on: bool) -> TagView:
    name = call.request.match_info["name"].strip().removeprefix("#")
    me = call.person.actor_id
    if on:
        use.feature(tx, actor_id=me, name=name)
    else:
        use.unfeature(tx, actor_id=me, name=name)
    return tag_views.load(tx, call.viewer, [fold_tag(name)])[0]


_MINE = "/api/v1/featured_tags"

ROUTES: list[Route] = [
    get(
        *("/api/v1/accounts/{id}/featured_tags", theirs, Access.ANYONE, "read:accounts"),
        answers=list[FeaturedTag],
    ),
    get(_MINE, mine, Access.ACCOUNT, "read:accounts", answers=list[FeaturedTag]),
    post(_MINE, add, Access.ACCOUNT, "write:accounts", answers=FeaturedTag),
    get(f"{_MINE}/suggestions", suggestions, Access.ACCOUNT, "read:accounts", answers=list[Tag]),
    delete(f"{_MINE}/{{id}}", remove, Access.ACCOUNT, "write:accounts", answers=Nothing),
    post("/api/v1/tags/{name}/feature", feature, Access.ACCOUNT, "write:accounts", answers=Tag),
    post("/api/v1/tags/{name}/unfeature", unfeature, Access.ACCOUNT, "write:accounts", answers=Tag),
]
