"""Which servers hold copies of a community of this node, for those of its members (protocol §6)."""

from aiohttp.web import StreamResponse

from activitypub.render.data_flow import document as render
from activitypub.vocabulary import JsonDict
from domain.errors import NotFound
from social.data_flow import data_flow_url
from storage.queries import communities
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.data_flow import servers
from web.actors.documents import Signer, document, for_servers
from web.actors.groups import community_here
from web.call import Call


def shown_data_flow(tx: Tx, *, actor_id: int, signer: ActorView | None) -> JsonDict:
    """What every member may know of it, for a member's node; NotFound for all others."""
    community = community_here(tx, actor_id)
    if community is None or signer is None:
        raise NotFound
    if not communities.is_member_on_node(tx, actor_id, signer.id):
        raise NotFound
    return render(data_flow_url(community), servers(tx, actor_id))


@for_servers
async def show_data_flow(call: Call, signer: Signer) -> StreamResponse:
    """GET /a/{id}/data_flow."""
    who = await signer()
    shown = await call.services.db.read(shown_data_flow, actor_id=call.id(), signer=who)
    return document(shown)
