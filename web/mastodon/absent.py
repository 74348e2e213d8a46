"""What clients ask for when they start, and this node does not have yet: honest empty answers.

A client that finds one of these missing shows an error instead of its home timeline. Each moves
to a file of its own once there is something to tell.
"""

from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.text import fold_tag
from web.call import Call
from web.mastodon.entities.tags import tag as entity
from web.responses import empty, json, raw_json
from web.routes import Access, Route, change, delete, get, post

LONGEST_TAG: Final = 100


async def none(_call: Call) -> StreamResponse:
    """A list with nothing in it."""
    return raw_json(b"[]")


async def nothing(_call: Call) -> StreamResponse:
    """An object with nothing in it, or an act that changes nothing."""
    return empty()


async def missing(_call: Call) -> StreamResponse:
    """A thing that nobody has here."""
    raise NotFound


async def tag(call: Call) -> StreamResponse:
    """GET /api/v1/tags/:name: which nobody here can follow yet."""
    folded = fold_tag(call.request.match_info["name"][:LONGEST_TAG])
    return json(entity(folded, call.node))


def _lists(access: Access, scopes: dict[str, str]) -> list[Route]:
    return [get(path, none, access, scope) for path, scope in scopes.items()]


_EMPTY_FOR_ALL: Final = {
    "/api/v1/trends": "",
    "/api/v1/trends/tags": "",
    "/api/v1/trends/statuses": "",
    "/api/v1/trends/links": "",
}
_EMPTY_FOR_PEOPLE: Final = {
    "/api/v1/announcements": "",
    "/api/v1/bookmarks": "read:bookmarks",
    "/api/v1/conversations": "read:statuses",
    "/api/v1/domain_blocks": "read:blocks",
    "/api/v1/endorsements": "read:accounts",
    "/api/v1/featured_tags": "read:accounts",
    "/api/v1/featured_tags/suggestions": "read:accounts",
    "/api/v1/filters": "read:filters",
    "/api/v2/filters": "read:filters",
    "/api/v1/followed_tags": "read:follows",
    "/api/v1/mutes": "read:mutes",
    "/api/v1/scheduled_statuses": "read:statuses",
    "/api/v1/suggestions": "read:accounts",
    "/api/v2/suggestions": "read:accounts",
}
_SUBSCRIPTION: Final = "/api/v1/push/subscription"

ROUTES: list[Route] = [
    *_lists(Access.ANYONE, _EMPTY_FOR_ALL),
    *_lists(Access.ACCOUNT, _EMPTY_FOR_PEOPLE),
    get("/api/v1/markers", nothing, Access.ACCOUNT, "read:statuses"),
    post("/api/v1/markers", nothing, Access.ACCOUNT, "write:statuses"),
    get("/api/v1/tags/{name}", tag, Access.ANYONE, "read:statuses"),
    get(_SUBSCRIPTION, missing, Access.ACCOUNT, "push"),
    post(_SUBSCRIPTION, missing, Access.ACCOUNT, "push"),
    *change(_SUBSCRIPTION, missing, Access.ACCOUNT, "push"),
    delete(_SUBSCRIPTION, nothing, Access.ACCOUNT, "push"),
]
