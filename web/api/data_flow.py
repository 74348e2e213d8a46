"""GET /api/tertulia/v1/communities/:id/data_flow: which servers hold copies of a community.

Every member may ask: what other servers were asked to forget, which of them acknowledged, and what
nobody can take back (protocol §5–7). Not for whoever does not belong: 404.
"""

from typing import Any, Final

from aiohttp.web import StreamResponse

from domain.addresses import parse_url
from domain.node import SOFTWARE
from social import data_flow
from storage.views import communities
from storage.views.data_flow import Request, Server
from web.call import Call
from web.mastodon.entities.times import day, moment
from web.responses import json
from web.routes import Access, Route, get

NODE: Final = "Tertulia node"
UNKNOWN: Final = "unknown"
#: Servers that show a private note to its recipient alone; the others show it, or fetch it, for
#: more people than that, or nobody has tried (private-groups-observed.md §4).
DISCREET: Final = frozenset({"gotosocial", "mastodon", "misskey", "pleroma"})

REMAIN: Final = (
    "This server does not forget when a membership ends: copies of what it got may remain there."
)
OTHERS_READ: Final = "Other people on this server may be able to read what it got."
SIGNED: Final = (
    "What members of other organisations are sent carries its author's signature, which outsiders"
    " could check if a copy got about."
)
LINKS: Final = (
    "A link to a picture that somebody copies works for whoever has it until that member's right"
    " to see the picture ends."
)


def server_entity(server: Server) -> dict[str, Any]:
    """A server for a member to read."""
    return {
        "domain": parse_url(server.origin).authority,
        "software": software(server),
        "since": day(server.since),
        "has_members": server.has_members,
        "forgetting": [_request(one) for one in server.requests],
        "notices": notices(server),
    }


def _request(request: Request) -> dict[str, Any]:
    done = request.acknowledged_at
    return {
        "asked_at": moment(request.asked_at),
        "acknowledged_at": None if done is None else moment(done),
    }


def software(server: Server) -> str:
    """What kind of server it is, as people say it."""
    return NODE if server.is_node else server.software or UNKNOWN


def notices(server: Server) -> list[str]:
    """What members should know of such a server."""
    if server.is_node or server.software == SOFTWARE:
        return []
    return [REMAIN] if server.software in DISCREET else [REMAIN, OTHERS_READ]


async def show(call: Call) -> StreamResponse:
    """GET /api/tertulia/v1/communities/:id/data_flow."""
    community = await call.read(communities.one_of_mine, call.viewer, call.id())
    found = await data_flow.of(call.services.fetcher, community, actor_id=call.person.actor_id)
    return json(
        {
            "community": str(community.id),
            "host": parse_url(community.uri).authority,
            "complete": found is not None,
            "servers": [server_entity(server) for server in found or ()],
            "notices": [SIGNED, LINKS],
        }
    )


ROUTES: list[Route] = [
    get(
        "/api/tertulia/v1/communities/{id}/data_flow",
        show,
        Access.ACCOUNT,
        "read:lists",
    ),
]
