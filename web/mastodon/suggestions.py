"""The directory, and whom somebody may want to follow."""

from aiohttp.web import StreamResponse

from social import suggestions as use
from storage.views import directory as views
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.accounts import Account, account
from web.mastodon.entities.discovery import Suggestion, suggestion
from web.mastodon.entities.formats import Nothing
from web.mastodon.offsets import neighbours, offset_of
from web.mastodon.paging import PEOPLE, limit_of
from web.responses import empty, json
from web.routes import Access, Route, delete, get

ORDERS = frozenset({"", "active", "new"})


async def directory(call: Call) -> StreamResponse:
    """GET /api/v1/directory; `order=active` goes by name, since nobody's activity is shown (§8)."""
    params = call.params
    order = params.text("order")
    if order not in ORDERS:
        raise BadRequest("order must be active or new")
    page = offset_of(call, PEOPLE)
    found = await call.services.db.slow(
        views.directory,
        call.viewer,
        newest=order == "new",
        local=params.flag("local"),
        limit=page.limit,
        offset=page.offset,
    )
    shown = [account(actor, call.node, call.viewer) for actor in found]
    return json(shown, headers=neighbours(call, page, len(found)))


async def _suggested(call: Call) -> list[use.Suggestion]:
    limit = limit_of(call.params.integer("limit"), PEOPLE)
    return await call.services.db.slow(use.suggest, viewer=call.viewer, limit=limit)


async def suggested(call: Call) -> StreamResponse:
    """GET /api/v2/suggestions: people, with the reason for each."""
    found = await _suggested(call)
    return json([suggestion(each, call.node, call.viewer) for each in found])


async def suggested_people(call: Call) -> StreamResponse:
    """GET /api/v1/suggestions: the same people, without a reason."""
    found = await _suggested(call)
    return json([account(each.actor, call.node, call.viewer) for each in found])


async def dismiss(call: Call) -> StreamResponse:
    """DELETE /api/v1/suggestions/:id: not this one again."""
    await call.write(use.dismiss, viewer=call.viewer, other_id=call.id())
    return empty()


ROUTES: list[Route] = [
    get("/api/v1/directory", directory, Access.ANYONE, answers=list[Account]),
    get(
        "/api/v2/suggestions", suggested, Access.ACCOUNT, "read:accounts", answers=list[Suggestion]
    ),
    get(
        "/api/v1/suggestions",
        suggested_people,
        Access.ACCOUNT,
        "read:accounts",
        answers=list[Account],
    ),
    delete("/api/v1/suggestions/{id}", dismiss, Access.ACCOUNT, "write:accounts", answers=Nothing),
]
