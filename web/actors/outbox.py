"""An actor's outbox: what the asker may read of what the actor said and shared, paged by key."""

from collections.abc import Sequence

from aiohttp.web import StreamResponse

from activitypub.render import activities as render
from activitypub.render.collections import Entries, begun, page, page_address
from activitypub.render.posts import Address
from activitypub.vocabulary import POST_CONTEXT, JsonDict
from domain.ids import LARGEST
from domain.node import Node
from outbox.addresses import addresses_of
from storage.queries import actors
from storage.tx import Tx
from storage.views import timelines
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.posts import PostView
from web.actors import groups
from web.actors.documents import Signer, document, for_servers, shown_actor
from web.actors.signing import viewer_for
from web.actors.threads import mark_of
from web.call import Call

PAGE_SIZE = 20


def shown_outbox(
    tx: Tx, *, node: Node, actor_id: int, signer: ActorView | None, max_id: int | None
) -> JsonDict:
    """One page of posts and shares that the signer may read, newest first.

    What is said in communities is listed there: a community's own outbox lists what it announced,
    for members (`web/actors/groups.py`).
    """
    community = groups.community_here(tx, actor_id)
    if community is not None:
        return groups.shown_outbox(tx, node=node, community=community, signer=signer, max_id=max_id)
    shown_actor(tx, node=node, actor_id=actor_id, signer=signer)
    asked = Page(max_id=max_id, limit=PAGE_SIZE)
    posts = timelines.account(tx, viewer_for(signer), asked, author_id=actor_id)
    outbox = node.collection(actor_id, "outbox")
    address = page_address(outbox, "max_id", max_id)
    is_full = len(posts) == PAGE_SIZE
    following = page_address(outbox, "max_id", posts[-1].id) if is_full else None
    return page(address, outbox, Entries(_items(tx, node, posts), following), context=POST_CONTEXT)


def _items(tx: Tx, node: Node, posts: Sequence[PostView]) -> list[JsonDict]:
    addresses = addresses_of(tx, posts)
    return [_item(post, node, address) for post, address in zip(posts, addresses, strict=True)]


def _item(post: PostView, node: Node, address: Address) -> JsonDict:
    whole = (
        render.announce(post, address)
        if post.shared_post is not None
        else render.create(f"{post.row.uri}#create", post, node, address)
    )
    return {name: value for name, value in whole.items() if name != "@context"}


def shown_beginning(tx: Tx, *, node: Node, actor_id: int, signer: ActorView | None) -> JsonDict:
    """The collection itself. Only what anybody may read is counted (protocol §8)."""
    shown_outbox(tx, node=node, actor_id=actor_id, signer=signer, max_id=1)
    outbox, actor = node.collection(actor_id, "outbox"), actors.by_id(tx, actor_id)
    total = actor.posts_count if actor is not None else 0
    return begun(outbox, page_address(outbox), totalItems=total)


@for_servers
async def show_outbox(call: Call, signer: Signer) -> StreamResponse:
    """GET /a/{id}/outbox: the collection, or with `page` one page of it."""
    services, mark = call.services, mark_of(call, "max_id")
    node, actor_id, who = services.node, call.id(), await signer()
    if mark is None:
        begun = await services.db.read(shown_beginning, node=node, actor_id=actor_id, signer=who)
        return document(begun)
    max_id = min(mark, LARGEST) or None
    shown = await services.db.read(
        shown_outbox, node=node, actor_id=actor_id, signer=who, max_id=max_id
    )
    return document(shown)
