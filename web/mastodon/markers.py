"""How far the caller has read, for the next app."""

from aiohttp.web import StreamResponse

from domain.errors import Invalid
from social import markers as use
from storage.queries import markers as stored
from web.call import Call
from web.mastodon.entities.markers import Markers, by_timeline
from web.params import as_id
from web.responses import json
from web.routes import Access, Route, get, post


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/markers: the places in those timelines that are asked for."""
    asked = set(call.params.many("timeline")) & set(use.TIMELINES)
    kept = await call.read(stored.of, call.person.actor_id, asked) if asked else []
    return json(by_timeline(kept))


async def keep(call: Call) -> StreamResponse:
    """POST /api/v1/markers: keep places; only those that were sent are answered."""
    places = _sent(call)
    if not places:
        return json(by_timeline([]))
    kept = await call.write(use.keep, actor_id=call.person.actor_id, places=places)
    return json(by_timeline(kept))


def _sent(call: Call) -> dict[str, int]:
    """Ids by timeline, as `home[last_read_id]` or nested. Raises Invalid for what is no id."""
    places: dict[str, int] = {}
    for name in use.TIMELINES:
        sent = call.params.nested(name).maybe("last_read_id")
        if sent is None:
            continue
        identifier = as_id(sent)
        if identifier is None:
            raise Invalid("last_read_id must be an id", f"{name}[last_read_id]")
        places[name] = identifier
    return places


_MARKERS = "/api/v1/markers"

ROUTES: list[Route] = [
    get(_MARKERS, show, Access.ACCOUNT, "read:statuses", answers=Markers),
    post(_MARKERS, keep, Access.ACCOUNT, "write:statuses", answers=Markers),
]
