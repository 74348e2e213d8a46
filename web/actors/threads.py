"""What is said beside a post of ours, for other servers: its answers, its thread, its figures.

Each asker gets what that asker may read, by the signature; so nothing here is the same for all,
and nothing but the figures that a post shows anyway is counted.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp.web import StreamResponse

from activitypub.render.collections import (
    Entries,
    begun,
    collection,
    counted,
    page,
    page_address,
)
from activitypub.vocabulary import JsonDict
from domain.audience import Kind, Viewer
from domain.errors import NotFound
from domain.ids import LARGEST
from domain.node import Node
from storage.queries import communities
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.conversations import MOST, Line, answers_page, root_of_ours, thread_page
from storage.views.posts import PostView, visible
from web.actors.documents import Signer, document, for_servers
from web.actors.groups import shown_announces
from web.actors.signing import viewer_for
from web.call import Call

ABOVE: Final = "min_id"
HISTORY: Final = "contextHistory"
Shown = Callable[..., JsonDict]


def shown_thread(
    tx: Tx, *, node: Node, about: int, viewer: Viewer, above: int | None = None
) -> JsonDict:
    """The thread that begins with a post (FEP-7888, FEP-f228), or one page of it; NotFound.

    It belongs to the community in which it is held, else to who began it (FEP-11dd).
    """
    root = root_of_ours(tx, about, viewer)
    _check_place(tx, root, viewer)
    lines = thread_page(tx, root.id, viewer, above=above or 0)
    owner = root.place if root.place is not None and root.place.is_local else root.author
    more: JsonDict = {"attributedTo": owner.uri}
    if root.row.kind is Kind.COMMUNITY:
        more |= {"audience": owner.uri, HISTORY: node.announces(root.id)}
    return _shown(node.thread(root.id), lines, above, more)


def shown_history(
    tx: Tx, *, node: Node, about: int, signer: ActorView | None, max_id: int | None
) -> JsonDict:
    """One page of what a community announced in a thread, for members' nodes; NotFound.

    From it a node fills the gaps of a thread: members' nodes ask nobody else (protocol §5).
    """
    root = root_of_ours(tx, about, viewer_for(signer))
    place = root.place
    if root.row.kind is not Kind.COMMUNITY or place is None:
        raise NotFound
    return shown_announces(
        tx,
        node=node,
        community=place,
        signer=signer,
        collection=node.announces(root.id),
        max_id=max_id,
        root_id=root.id,
    )


def shown_answers(
    tx: Tx, *, node: Node, about: int, viewer: Viewer, above: int | None = None
) -> JsonDict:
    """What answers a post of ours (FEP-7458), or one page of it; NotFound."""
    post = _post_of_ours(tx, about, viewer)
    lines = answers_page(tx, post.id, viewer, above=above or 0)
    uri = node.beside_post(post.id, "replies")
    return _shown(uri, lines, above, {"attributedTo": post.author.uri})


def shown_likes(tx: Tx, *, node: Node, about: int, viewer: Viewer) -> JsonDict:
    """How many like a post of ours; who they are is told to nobody (P02)."""
    post = _post_of_ours(tx, about, viewer)
    return counted(node.beside_post(post.id, "likes"), post.row.likes_count)


def shown_shares(tx: Tx, *, node: Node, about: int, viewer: Viewer) -> JsonDict:
    """How many share a post of ours."""
    post = _post_of_ours(tx, about, viewer)
    return counted(node.beside_post(post.id, "shares"), post.row.shares_count)


def _post_of_ours(tx: Tx, post_id: int, viewer: Viewer) -> PostView:
    """A post whose collections lie here. What is said in a community is listed by that alone."""
    post = visible(tx, post_id, viewer)
    if not post.row.is_local or post.shared_post is not None or post.row.kind is Kind.COMMUNITY:
        raise NotFound
    return post


def _check_place(tx: Tx, root: PostView, viewer: Viewer) -> None:
    """In a community: for its members' nodes. Members on plain servers have their notes."""
    place = root.row.place_id if root.row.kind is Kind.COMMUNITY else None
    if place is not None and not communities.is_member_on_node(tx, place, viewer.actor):
        raise NotFound


def _shown(uri: str, lines: list[Line], above: int | None, more: JsonDict) -> JsonDict:
    following = page_address(uri, ABOVE, lines[-1].id) if len(lines) == MOST else None
    entries = Entries([line.uri for line in lines], following)
    if above is None:
        return collection(uri, entries, **more)
    return page(page_address(uri, ABOVE, above or None), uri, entries)


def mark_of(call: Call, name: str) -> int | None:
    """The page that is asked for: None for the collection itself, else what the mark says."""
    query = call.request.query
    if "page" not in query:
        return None
    mark = query.get(name, "0")
    if not (mark.isascii() and mark.isdigit() and len(mark) < 20):
        raise NotFound
    return min(int(mark), LARGEST)


def _paged(show: Shown) -> Callable[[Call], Awaitable[StreamResponse]]:
    @for_servers
    async def serve(call: Call, signer: Signer) -> StreamResponse:
        above, viewer = mark_of(call, ABOVE), viewer_for(await signer())
        asked = {"node": call.services.node, "about": call.id(), "viewer": viewer, "above": above}
        return document(await call.services.db.read(show, **asked))

    return serve


def _figure(show: Shown) -> Callable[[Call], Awaitable[StreamResponse]]:
    @for_servers
    async def serve(call: Call, signer: Signer) -> StreamResponse:
        viewer = viewer_for(await signer())
        asked = {"node": call.services.node, "about": call.id(), "viewer": viewer}
        return document(await call.services.db.read(show, **asked))

    return serve


@for_servers
async def show_history(call: Call, signer: Signer) -> StreamResponse:
    """GET /t/{id}/history: with `page` one page of it, else where the first one is."""
    services, mark = call.services, mark_of(call, "max_id")
    node, about, who = services.node, call.id(), await signer()
    shown = await services.db.read(
        shown_history, node=node, about=about, signer=who, max_id=mark or None
    )
    if mark is None:
        history = node.announces(about)
        shown = begun(history, page_address(history))
    return document(shown)


show_thread = _paged(shown_thread)
show_answers = _paged(shown_answers)
show_likes = _figure(shown_likes)
show_shares = _figure(shown_shares)
