"""Which servers hold copies of a community: known where it lives, asked there by the others."""

from activitypub.json import MalformedDocument
from activitypub.parse.data_flow import parse_servers
from federation.fetcher import CannotFetch, Fetcher
from storage.views.actors import ActorView
from storage.views.data_flow import Server, servers


async def of(fetcher: Fetcher, community: ActorView, *, actor_id: int) -> list[Server] | None:
    """The servers, for one of its members, who lives here; None if its node cannot be asked now."""
    if community.is_local:
        return await fetcher.db.read(servers, community.id)
    try:
        found = await fetcher.document(data_flow_url(community), as_actor_id=actor_id)
        return parse_servers(found.body)
    except (CannotFetch, MalformedDocument):
        return None


def data_flow_url(community: ActorView) -> str:
    """Where a community tells its members' nodes of it."""
    return f"{community.uri}/data_flow"
