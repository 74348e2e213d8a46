"""What an open community of this node shows to everybody: what it announced, and its stewards."""

import orjson
from aiohttp.web import StreamResponse

from activitypub.render import groups as render
from activitypub.render.collections import Entries, page, page_address
from activitypub.vocabulary import ACTIVITYSTREAMS, POST_CONTEXT, JsonDict
from domain.audience import ANONYMOUS
from domain.errors import NotFound
from domain.node import Node
from social.communities import is_known_to_all
from social.deeds import may_be_named
from storage.queries import actors, communities, proven
from storage.tx import Tx
from storage.views.actors import ActorView
from web.actors.documents import Signer, document, for_servers
from web.call import Call


def announced_to_all(tx: Tx, *, node: Node, community: ActorView, max_id: int | None) -> JsonDict:
    """One page of what an open community announced, newest first, as it was said (FEP-1b12)."""
    found = proven.announced(tx, community.id, ANONYMOUS, before=max_id)
    shown = [
        render.announced(one.uri, community, orjson.loads(one.body), one.announced_at)
        for one in found
    ]
    items = [{name: each[name] for name in each if name != "@context"} for each in shown]
    outbox, full = node.collection(community.id, "outbox"), len(found) == proven.MOST
    following = page_address(outbox, "max_id", found[-1].id) if full else None
    address = page_address(outbox, "max_id", max_id)
    return page(address, outbox, Entries(items, following), context=POST_CONTEXT)


def shown_moderators(tx: Tx, *, actor_id: int) -> JsonDict:
    """The stewards of an open community, as far as the world may know of them (FEP-1b12)."""
    community, settings = actors.by_id(tx, actor_id), communities.by_id(tx, actor_id)
    if community is None or settings is None or not community.is_local or community.is_hidden:
        raise NotFound
    if not is_known_to_all(settings):
        raise NotFound
    stewards = actors.views(tx, [one.actor_id for one in communities.stewards(tx, actor_id)])
    known = [one.uri for one in stewards if may_be_named(tx, one)]
    return {
        "@context": ACTIVITYSTREAMS,
        "id": render.moderators_url(community),
        "type": "OrderedCollection",
        "totalItems": len(known),
        "orderedItems": known,
    }


@for_servers
async def show_moderators(call: Call, _signer: Signer) -> StreamResponse:
    """GET /a/{id}/moderators."""
    return document(await call.services.db.read(shown_moderators, actor_id=call.id()))
