"""What somebody put at the top of the own page, for other servers: what the signer may read."""

from typing import Final

from aiohttp.web import StreamResponse

from activitypub.render import featured as render
from activitypub.vocabulary import JsonDict
from domain.node import Node
from social.moderating import MOST_FEATURED
from social.pins import MOST as MOST_PINNED
from storage.queries import communities
from storage.queries import pins as rows
from storage.tx import Tx
from storage.views import posts
from storage.views.actors import ActorView
from web.actors.documents import Signer, document, for_servers, shown_actor
from web.actors.signing import viewer_for
from web.call import Call

MOST: Final = max(MOST_PINNED, MOST_FEATURED)


def shown_featured(tx: Tx, *, node: Node, actor_id: int, signer: ActorView | None) -> JsonDict:
    """The collection as this signer may see it; NotFound for who may not know of the actor."""
    shown_actor(tx, node=node, actor_id=actor_id, signer=signer)
    pinned = rows.of(tx, actor_id)[:MOST]
    if not _is_told(tx, actor_id, signer):
        pinned = []
    readable = posts.load(tx, pinned, viewer_for(signer)) if pinned else []
    uris = [post.shown.row.uri for post in readable]
    return render.collection(node.collection(actor_id, "featured"), uris)


def _is_told(tx: Tx, actor_id: int, signer: ActorView | None) -> bool:
    """What a community for members has at its top is told to its members' nodes alone."""
    row = communities.by_id(tx, actor_id)
    if row is None or row.is_for_the_world:
        return True
    return signer is not None and communities.is_member_on_node(tx, actor_id, signer.id)


@for_servers
async def show_featured(call: Call, signer: Signer) -> StreamResponse:
    """GET /a/{id}/featured."""
    services, actor_id, who = call.services, call.id(), await signer()
    return document(
        await services.db.read(shown_featured, node=services.node, actor_id=actor_id, signer=who)
    )
