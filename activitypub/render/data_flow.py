"""Which servers hold copies of a community, for the nodes of its members (protocol §6)."""

from collections.abc import Sequence

from activitypub.render.times import moment
from activitypub.vocabulary import (
    ACKNOWLEDGED,
    ACTIVITYSTREAMS,
    ASKED,
    FORGETTING,
    HAS_MEMBERS,
    IS_NODE,
    OURS,
    SERVERS,
    JsonDict,
)
from storage.views.data_flow import Request, Server


def document(uri: str, servers: Sequence[Server]) -> JsonDict:
    """All of them, without anybody's name or number."""
    return {
        "@context": [ACTIVITYSTREAMS, OURS],
        "id": uri,
        "type": "tertulia:DataFlow",
        SERVERS: [_server(server) for server in servers],
    }


def _server(server: Server) -> JsonDict:
    return {
        "id": server.origin,
        "type": "tertulia:Server",
        "name": server.software or "",
        "startTime": moment(server.since),
        HAS_MEMBERS: server.has_members,
        IS_NODE: server.is_node,
        FORGETTING: [_request(one) for one in server.requests],
    }


def _request(request: Request) -> JsonDict:
    told: JsonDict = {ASKED: moment(request.asked_at)}
    if request.acknowledged_at is not None:
        told[ACKNOWLEDGED] = moment(request.acknowledged_at)
    return told
