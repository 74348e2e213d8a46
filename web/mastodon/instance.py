"""What this node is and allows, for apps that have not signed in yet."""

from typing import Final

from aiohttp.web import Response, StreamResponse

from domain.errors import NotFound
from web.call import Call
from web.mastodon.entities import instance as entities
from web.responses import json, raw_json
from web.routes import Access, Route, get

WEEKS: Final = 12
WEEK_SECONDS: Final = 7 * 86_400


async def show(call: Call) -> StreamResponse:
    """GET /api/v2/instance."""
    return json(entities.instance(call.node, call.services.contact_email))


async def show_v1(call: Call) -> StreamResponse:
    """GET /api/v1/instance."""
    return json(entities.instance_v1(call.node, call.services.contact_email))


async def extended_description(call: Call) -> StreamResponse:
    """GET /api/v1/instance/extended_description."""
    return json(entities.extended_description(call.node))


async def activity(call: Call) -> StreamResponse:
    """GET /api/v1/instance/activity: twelve weeks of zeros, since nobody is watched (§8)."""
    this_week = call.services.clock() // 1000 // WEEK_SECONDS * WEEK_SECONDS
    weeks = [
        {
            "week": str(this_week - back * WEEK_SECONDS),
            "statuses": "0",
            "logins": "0",
            "registrations": "0",
        }
        for back in range(WEEKS)
    ]
    return json(weeks)


async def nothing(_call: Call) -> StreamResponse:
    """Rules, peers and the like: there are none to tell outsiders of."""
    return raw_json(b"[]")


async def missing(_call: Call) -> StreamResponse:
    """A text that this node does not have."""
    raise NotFound


async def health(_call: Call) -> StreamResponse:
    """GET /health: the web part answers."""
    return Response(text="OK")


async def translation_languages(_call: Call) -> StreamResponse:
    """GET /api/v1/instance/translation_languages: nothing is translated here."""
    return raw_json(b"{}")


ROUTES: list[Route] = [
    get("/health", health, Access.OPEN),
    get("/api/v1/instance", show_v1, Access.OPEN),
    get("/api/v2/instance", show, Access.OPEN),
    get("/api/v1/instance/rules", nothing, Access.OPEN),
    get("/api/v1/instance/peers", nothing, Access.OPEN),
    get("/api/v1/instance/domain_blocks", nothing, Access.OPEN),
    get("/api/v1/instance/activity", activity, Access.OPEN),
    get("/api/v1/instance/extended_description", extended_description, Access.OPEN),
    get("/api/v1/instance/privacy_policy", missing, Access.OPEN),
    get("/api/v1/instance/terms_of_service", missing, Access.OPEN),
    get("/api/v1/instance/translation_languages", translation_languages, Access.OPEN),
]
