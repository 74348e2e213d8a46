"""Which servers hold copies of a community, as its own node says (protocol §6)."""

from typing import Any, Final

from activitypub.json import JsonObject
from activitypub.parse.fields import listed, moment
from activitypub.vocabulary import ACKNOWLEDGED, ASKED, FORGETTING, HAS_MEMBERS, IS_NODE, SERVERS
from domain.addresses import BadUrl, parse_url
from storage.views.data_flow import Request, Server

_LONGEST: Final = 100
"""Characters of a software's name that are kept."""


def parse_servers(document: JsonObject) -> list[Server]:
    """The servers; what is none is left out. Raises MalformedDocument for endless lists."""
    found = (_server(item) for item in listed(document.get(SERVERS)))
    return [server for server in found if server is not None]


def _server(item: Any) -> Server | None:
    if not isinstance(item, dict):
        return None
    origin, since, software = (
        _origin(item.get("id")),
        moment(item.get("startTime")),
        item.get("name"),
    )
    if origin is None or since is None:
        return None
    requests = (_request(one) for one in listed(item.get(FORGETTING)))
    return Server(
        origin=origin,
        software=software[:_LONGEST] if isinstance(software, str) and software else None,
        since=since,
        has_members=item.get(HAS_MEMBERS) is True,
        is_node=item.get(IS_NODE) is True,
        requests=tuple(one for one in requests if one is not None),
    )


def _origin(raw: Any) -> str | None:
    try:
        return parse_url(raw).origin if isinstance(raw, str) else None
    except BadUrl:
        return None


def _request(item: Any) -> Request | None:
    asked_at = moment(item.get(ASKED)) if isinstance(item, dict) else None
    return None if asked_at is None else Request(asked_at, moment(item.get(ACKNOWLEDGED)))
