"""Who of a server's people follows somebody here, or belongs to a community, for that server alone.

The partial collection of FEP-8fcf. Everybody else finds nothing: who knows whom is not shown (P02).
"""

from aiohttp.web import StreamResponse

from activitypub.vocabulary import ACTIVITYSTREAMS, JsonDict
from domain.errors import NotFound
from domain.node import Node
from outbox.members import sync_url
from storage.queries import actors, follows
from storage.tx import Tx
from storage.views.actors import ActorView
from web.actors.documents import Signer, document, for_servers, shown_actor
from web.actors.groups import community_here, shown_members
from web.call import Call


def shown_followers(tx: Tx, *, node: Node, actor_id: int, signer: ActorView | None) -> JsonDict:
    """The accepted followers who live on the signer's server; NotFound unless it knows the actor.

    Of a community, its members there.
    """
    if community_here(tx, actor_id) is not None:
        return shown_members(tx, actor_id=actor_id, signer=signer)
    shown_actor(tx, node=node, actor_id=actor_id, signer=signer)  # first: the same for nobody (P06)
    actor = actors.by_id(tx, actor_id)
    if signer is None or actor is None or actor.followers is None:
        raise NotFound
    there = follows.followers_from(tx, actor_id, signer.origin_id)
    return {
        "@context": ACTIVITYSTREAMS,
        "id": sync_url(actor),
        "type": "OrderedCollection",
        "totalItems": len(there),
        "orderedItems": there,
    }


@for_servers
async def show_followers(call: Call, signer: Signer) -> StreamResponse:
    """GET /a/{id}/followers_sync."""
    node, who = call.services.node, await signer()
    shown = await call.services.db.read(shown_followers, node=node, actor_id=call.id(), signer=who)
    return document(shown)
