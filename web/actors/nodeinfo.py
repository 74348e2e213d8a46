"""NodeInfo 2.0 and 2.1: what runs here, and which actor speaks for it (FEP-f1d5, FEP-2677)."""

from typing import Final

from aiohttp.web import Response, StreamResponse

from domain.ids import HERE
from domain.node import SOFTWARE, VERSION, Registration
from storage.queries import actors
from web.call import Call
from web.responses import json

APPLICATION_REL: Final = "https://www.w3.org/ns/activitystreams#Application"  # FEP-2677
SCHEMA: Final = "http://nodeinfo.diaspora.software/ns/schema/"


async def show_links(call: Call) -> StreamResponse:
    """GET /.well-known/nodeinfo, with our Application actor (FEP-2677)."""
    node = call.services.node
    application = await call.services.db.read(actors.application_of, HERE)
    links = [
        {"rel": f"{SCHEMA}{version}", "href": f"{node.origin}/nodeinfo/{version}"}
        for version in ("2.0", "2.1")
    ]
    return json({"links": [*links, {"rel": APPLICATION_REL, "href": application.uri}]})


def _document(version: str, *, is_open: bool) -> dict[str, object]:
    return {
        "version": version,
        "software": {"name": SOFTWARE, "version": VERSION},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": is_open,
        # No counts: how many people are here, and how much they write, is theirs (protocol §3).
        "usage": {"users": {}},
        "metadata": {},
    }


async def show_20(call: Call) -> StreamResponse:
    """GET /nodeinfo/2.0."""
    return _shown(call, "2.0")


async def show_21(call: Call) -> StreamResponse:
    """GET /nodeinfo/2.1."""
    return _shown(call, "2.1")


def _shown(call: Call, version: str) -> Response:
    is_open = call.services.node.registration is Registration.OPEN
    response = json(_document(version, is_open=is_open))
    profile = f"{SCHEMA}{version}#"
    response.headers["Content-Type"] = f'application/json; charset=utf-8; profile="{profile}"'
    return response
