"""A person's outbox: what is public to the world, paged by key."""

from aiohttp.web import StreamResponse

from activitypub.render import activities as render
from activitypub.vocabulary import POST_CONTEXT, JsonDict
from domain.audience import ANONYMOUS
from domain.errors import NotFound
from domain.node import Node
from outbox.addresses import address_of
from storage.tx import Tx
from storage.views import timelines
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.posts import PostView
from web.actors import groups
from web.actors.documents import Signer, document, for_servers, shown_actor
from web.call import Call

PAGE_SIZE = 20


def shown_outbox(
    tx: Tx, *, node: Node, actor_id: int, signer: ActorView | None, max_id: int | None
) -> JsonDict:
    """One page of public posts and shares, newest first. Others stay hidden (protocol §3).

    A community's lists what it announced, for members (`web/actors/groups.py`).
    """
    community = groups.community_here(tx, actor_id)
    if community is not None:
        return groups.shown_outbox(tx, node=node, community=community, signer=signer, max_id=max_id)
    shown_actor(tx, node=node, actor_id=actor_id, signer=signer)
    page = Page(max_id=max_id, limit=PAGE_SIZE)
    posts = timelines.account(tx, ANONYMOUS, page, author_id=actor_id)
    outbox = node.collection(actor_id, "outbox")
    shown: JsonDict = {
        "@context": POST_CONTEXT,
        "id": f"{outbox}?page=true" + (f"&max_id={max_id}" if max_id else ""),
        "type": "OrderedCollectionPage",
        "partOf": outbox,
        "orderedItems": [_item(tx, post, node) for post in posts],
    }
    if len(posts) == PAGE_SIZE:
        shown["next"] = f"{outbox}?page=true&max_id={posts[-1].id}"
    return shown


def _item(tx: Tx, post: PostView, node: Node) -> JsonDict:
    address = address_of(tx, post)
    whole = (
        render.announce(post, address)
        if post.shared_post is not None
        else render.create(f"{post.row.uri}#create", post, node, address)
    )
    return {name: value for name, value in whole.items() if name != "@context"}


@for_servers
async def show_outbox(call: Call, signer: Signer) -> StreamResponse:
    """GET /a/{id}/outbox: the collection, or with `page` one page of it."""
    services, query = call.services, call.request.query
    max_id = query.get("max_id", "")
    if max_id and not (max_id.isascii() and max_id.isdigit() and len(max_id) < 20):
        raise NotFound
    who = await signer()
    shown = await services.db.read(
        shown_outbox,
        node=services.node,
        actor_id=call.id(),
        signer=who,
        max_id=int(max_id) if max_id else None,
    )
    if "page" in query:
        return document(shown)
    outbox = services.node.collection(call.id(), "outbox")
    return document(
        {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": outbox,
            "type": "OrderedCollection",
            "totalItems": 0,
            "first": f"{outbox}?page=true",
        }
    )
