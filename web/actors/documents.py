"""Actors, posts and activities for other servers.

What is shown to whom is decided by stored disclosure (protocol §3) and by the one audience
predicate; "not found" and "not allowed" are the same answer.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final, TypeVar

import orjson
from aiohttp.web import HTTPFound, Response, StreamResponse

from activitypub.render import actors as render_actors
from activitypub.render import groups as render_groups
from activitypub.render import posts as render_posts
from activitypub.vocabulary import ACTIVITY_JSON, JsonDict
from domain.audience import ANONYMOUS, Kind, Viewer
from domain.errors import Gone, NotFound
from domain.ids import HERE
from domain.kinds import ActorType
from domain.node import Federation, Node
from federation.signatures import BadSignature
from outbox.addresses import address_of
from social.communities import is_known_to, is_known_to_all, terms_of
from storage.queries import actors, communities
from storage.queries.activities import activity, meant_for
from storage.queries.disclosures import is_disclosed_to_plain
from storage.queries.keys import public_keys
from storage.queries.origins import is_sister
from storage.tx import Tx
from storage.views import posts
from storage.views.actors import ActorView
from storage.views.tombstones import tombstone
from web.actors.signing import refused, signer_of, viewer_for, wants_document
from web.call import Call

T = TypeVar("T")
SERVICES: Final = frozenset({ActorType.APPLICATION, ActorType.SERVICE})
Signer = Callable[[], Awaitable[ActorView | None]]
Shown = Callable[[Call, Signer], Awaitable[StreamResponse]]


def for_servers(show: Shown) -> Callable[[Call], Awaitable[StreamResponse]]:
    """Let a handler ask who signed, and answer a signature that does not hold.

    A handler asks only where the answer depends on it: verifying takes the signer's key, and two
    servers that both ask for it before they show their own would wait for each other for ever.
    The mode `closed` shows nothing to anybody.
    """

    @wraps(show)
    async def serve(call: Call) -> StreamResponse:
        if call.services.node.federation is Federation.CLOSED:
            raise NotFound
        try:
            return await show(call, lambda: signer_of(call))
        except BadSignature as problem:
            return refused(problem)

    return serve


def document(payload: JsonDict | bytes, status: int = 200) -> Response:
    """An ActivityStreams document; never kept by a shared cache."""
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    headers = {"Cache-Control": "private, no-store", "Vary": "Accept, Signature"}
    return Response(body=body, status=status, content_type=ACTIVITY_JSON, headers=headers)


def may_look_up(tx: Tx, actor: ActorView | None) -> bool:
    """Whether anybody may learn that this actor of ours exists (protocol §3).

    For nobody as much is asked as for somebody hidden: a clock shall tell no difference (P06).
    """
    row = communities.by_id(tx, actor.id if actor is not None else 0)
    if actor is None:
        return is_disclosed_to_plain(tx, 0)
    return (
        (row is not None and is_known_to_all(row))
        or actor.type in SERVICES
        or actor.public
        or actor.posts_count > 0
        or is_disclosed_to_plain(tx, actor.id)
    )


def shown_service(tx: Tx, *, node: Node, actor_id: int) -> JsonDict | None:
    """The node's own actors, whole and for everybody: signatures are checked with their keys."""
    actor = actors.by_id(tx, actor_id)
    if actor is None or actor.origin_id != HERE or actor.type not in SERVICES:
        return None
    return render_actors.actor(actor, public_keys(tx, actor_id), node)


def shown_actor(tx: Tx, *, node: Node, actor_id: int, signer: ActorView | None) -> JsonDict:
    """An actor as this signer may see it: whole, a stub, or NotFound."""
    actor = actors.by_id(tx, actor_id)
    if actor is not None and actor.gone_at is not None and actor.is_local:
        raise Gone
    keys = public_keys(tx, actor_id)
    known = may_look_up(tx, actor)
    told = signer is not None and is_known_to(tx, actor, actor_id, signer.origin_id)
    if actor is None or not actor.is_local or not (known or told):
        raise NotFound
    if actor.type is ActorType.GROUP:
        row = communities.by_id(tx, actor_id)
        if row is not None and is_known_to_all(row):
            return render_groups.open_group(actor, keys, node, terms_of(row))
        if row is not None and told:
            return render_groups.group(actor, keys, node, terms_of(row))
        return render_actors.stub(actor, keys)  # whole only for those who have to do with it
    if signer is None:
        return render_actors.stub(actor, keys)
    bio = actor.public or actor.posts_count > 0 or is_sister(tx, signer.origin_id)
    return render_actors.actor(actor, keys, node, bio=bio)


@for_servers
async def show_actor(call: Call, signer: Signer) -> StreamResponse:
    """GET /a/{id}."""
    db, node, actor_id = call.services.db, call.services.node, call.id()
    shown = await db.read(shown_service, node=node, actor_id=actor_id)
    if shown is None:
        who = await signer()
        shown = await db.read(shown_actor, node=node, actor_id=actor_id, signer=who)
    if not wants_document(call) and "url" in shown:
        raise HTTPFound(str(shown["url"]))
    return document(shown)


def shown_post(tx: Tx, *, node: Node, post_id: int, viewer: Viewer) -> JsonDict:
    """A post of ours as this viewer may read it, or NotFound.

    In a community, for its members' nodes: members on plain servers have their relay notes.
    """
    post = posts.visible(tx, post_id, viewer)
    if not post.row.is_local or post.shared_post is not None:
        raise NotFound
    place = post.row.place_id if post.row.kind is Kind.COMMUNITY else None
    if place is not None and not communities.is_member_on_node(tx, place, viewer.actor):
        raise NotFound
    return render_posts.document(post, node, address_of(tx, post))


@for_servers
async def show_post(call: Call, signer: Signer) -> StreamResponse:
    """GET /o/{id}."""
    node, post_id = call.services.node, call.id()
    gone = await call.services.db.read(tombstone, post_id)
    if gone is not None:
        return document(render_posts.gone(gone), 410)
    shown = await for_anybody_or_signer(
        call, signer, lambda tx, viewer: shown_post(tx, node=node, post_id=post_id, viewer=viewer)
    )
    if not wants_document(call):
        raise HTTPFound(str(shown["url"]))
    return document(shown)


async def for_anybody_or_signer(call: Call, signer: Signer, show: Callable[[Tx, Viewer], T]) -> T:
    """What anybody may read is shown at once; otherwise it depends on who asks. Raises NotFound."""
    db = call.services.db
    try:
        return await db.read(show, ANONYMOUS)
    except NotFound:
        who = await signer()
        if who is None:
            raise
    return await db.read(show, viewer_for(who))


def shown_activity(tx: Tx, *, activity_id: int, viewer: Viewer) -> bytes:
    """An activity as it was sent, to whoever may read its post; NotFound otherwise.

    A relay note is for one member: others who may read the post shall not learn that member's id
    of it, nor who the member is. What goes through a community is for its members' nodes: plain
    servers fetch it for whoever looks it up (rule 8 of what real servers did), and who has left
    reads the own words elsewhere.
    """
    meant = meant_for(tx, activity_id)
    inside = communities.is_member_on_node(tx, meant.community_id or 0, viewer.actor)
    is_apart = meant.recipient_id is not None or (meant.community_id is not None and not inside)
    found = None if is_apart else activity(tx, activity_id)
    post_id = found[1] if found is not None else None
    posts.visible(tx, post_id or 0, viewer)  # asked in any case: a clock shall tell no difference
    if found is None or post_id is None:
        raise NotFound
    return found[2]


@for_servers
async def show_activity(call: Call, signer: Signer) -> StreamResponse:
    """GET /act/{id}."""
    activity_id = call.id()
    body = await for_anybody_or_signer(
        call,
        signer,
        lambda tx, viewer: shown_activity(tx, activity_id=activity_id, viewer=viewer),
    )
    return document(body)


def shown_collection(
    tx: Tx, *, node: Node, actor_id: int, name: str, signer: ActorView | None
) -> JsonDict:
    """Followers and following exist, and list nobody: who knows whom is not shown (P02).

    How many follow a community that is open to the world is told (FEP-1b12).
    """
    shown_actor(tx, node=node, actor_id=actor_id, signer=signer)
    row = communities.by_id(tx, actor_id) if name == "followers" else None
    is_open = row is not None and row.is_for_the_world
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": node.collection(actor_id, name),
        "type": "OrderedCollection",
        "totalItems": communities.how_many(tx, actor_id) if is_open else 0,
        "orderedItems": [],
    }


def _collection(name: str) -> Callable[[Call], Awaitable[StreamResponse]]:
    @for_servers
    async def show(call: Call, signer: Signer) -> StreamResponse:
        services, actor_id, who = call.services, call.id(), await signer()
        shown = await services.db.read(
            shown_collection, node=services.node, actor_id=actor_id, name=name, signer=who
        )
        return document(shown)

    return show


show_followers = _collection("followers")
show_following = _collection("following")
