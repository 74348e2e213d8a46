"""People: their pages, following them, and answering those who ask to follow."""

from collections.abc import Callable
from urllib.parse import urlencode

import orjson
from aiohttp.web import Response, StreamResponse
from msgspec import Struct

from domain.audience import Viewer
from domain.errors import NotFound
from domain.handles import parse_acct
from domain.kinds import ActorType
from domain.node import Node
from social import follows, pins
from social.refreshing import look_again
from storage.tx import Tx
from storage.views import people, relationships, timelines
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.people import Listed
from storage.views.posts import PostView
from storage.views.relationships import Relationship
from web.actors.documents import may_look_up
from web.actors.signing import wants_document
from web.call import Call
from web.pages import communities, paths
from web.pages.listing import listing_of, page_of
from web.pages.rendering import page, see_other
from web.routes import Access, Handler, Route, get, post

Act = Callable[..., object]
MOST_REQUESTS = 40


class Profile(Struct, frozen=True):
    """A person as this viewer sees them; `outside` is whether anybody may look them up."""

    actor: ActorView
    posts: list[PostView]
    cursors: list[int]
    stands: Relationship
    outside: bool
    community: communities.Shown | None = None
    moved: ActorView | None = None
    pinned: tuple[PostView, ...] = ()


async def show(call: Call) -> StreamResponse:
    """GET /@{acct}: our own people for who may know of them, others for who is signed in."""
    acct = parse_acct(call.request.match_info["acct"])
    if acct is None:
        raise NotFound
    domain = call.node.handle_domain if acct.host is None else acct.host
    if domain != call.node.handle_domain and not call.is_signed_in:
        return see_other(f"/sign-in?{urlencode({'next': call.request.rel_url.raw_path_qs})}")
    asked = page_of(call)
    found = await call.read(
        _profile, viewer=call.viewer, handle=acct.name, domain=domain, asked=asked
    )
    if call.viewer.full:
        await look_again(call.services.db, found.actor, now=call.services.clock())
        if await call.read(pins.is_due, found.actor):
            await call.services.db.write(pins.want_featured, found.actor)
    return await _shown(call, found, asked)


async def _shown(call: Call, found: Profile, asked: Page) -> Response:
    actor = found.actor
    if wants_document(call) and actor.is_local:
        if not found.outside:
            raise NotFound
        return see_other(actor.uri)
    if found.community is not None:
        return await communities.answer(call, found.community, asked)
    return await page(
        call,
        "profile.html",
        actor=actor,
        fields=orjson.loads(actor.fields or b"[]"),
        stands=found.stands,
        listing=listing_of(call, asked, found.posts, found.cursors),
        alternate=actor.uri if actor.is_local and found.outside else "",
        moved=found.moved,
        pinned=found.pinned,
    )


def _profile(tx: Tx, *, viewer: Viewer, handle: str, domain: str, asked: Page) -> Profile:
    actor = people.by_acct(tx, viewer, handle, domain)
    if actor.type is ActorType.GROUP:
        shown = communities.load(tx, viewer=viewer, community_id=actor.id, asked=asked)
        if shown is not None:
            outside = actor.is_local and may_look_up(tx, actor)
            return Profile(actor, [], [], Relationship(actor.id), outside, shown)
    entries = timelines.account_page(tx, viewer, asked, author_id=actor.id)
    stands = relationships.load(tx, viewer, [actor.id]) if viewer.actor else []
    first = asked.max_id is None and asked.min_id is None and asked.since_id is None
    pinned = timelines.pinned_page(tx, viewer, Page(), actor_id=actor.id) if first else []
    return Profile(
        actor,
        timelines.filled(tx, entries, viewer),
        [entry.cursor for entry in entries],
        stands[0] if stands else Relationship(actor.id),
        actor.is_local and may_look_up(tx, actor),
        moved=people.moved_to(tx, viewer, actor),
        pinned=tuple(timelines.filled(tx, pinned, viewer)) if pinned else (),
    )


# Following.


def _follow(tx: Tx, *, node: Node, me: int, other: int) -> None:
    follows.follow(tx, node=node, follower_id=me, target_id=other)


def _unfollow(tx: Tx, *, node: Node, me: int, other: int) -> None:
    follows.unfollow(tx, node=node, follower_id=me, target_id=other)


def _accept(tx: Tx, *, node: Node, me: int, other: int) -> None:
    follows.accept_follow(tx, node=node, target_id=me, follower_id=other)


def _refuse(tx: Tx, *, node: Node, me: int, other: int) -> None:
    follows.reject_follow(tx, node=node, target_id=me, follower_id=other)


def _remove(tx: Tx, *, node: Node, me: int, other: int) -> None:
    follows.remove_follower(tx, node=node, target_id=me, follower_id=other)


def _acting(act: Act) -> Handler:
    async def handle(call: Call) -> StreamResponse:
        await call.write(act, node=call.node, me=call.person.actor_id, other=call.id())
        return see_other(paths.own_path(call.params.text("back")))

    return handle


async def show_requests(call: Call) -> StreamResponse:
    """GET /follow-requests: who asks to follow whoever is signed in."""
    asking = await call.read(_requests, call=call)
    return await page(call, "follow-requests.html", asking=asking)


def _requests(tx: Tx, *, call: Call) -> list[Listed]:
    return people.requests(tx, call.viewer, Page(limit=MOST_REQUESTS))


ROUTES: list[Route] = [
    get("/@{acct}", show, Access.BROWSER),
    get("/follow-requests", show_requests, Access.SIGNED_IN),
    post("/people/{id}/follow", _acting(_follow), Access.SIGNED_IN),
    post("/people/{id}/unfollow", _acting(_unfollow), Access.SIGNED_IN),
    post("/people/{id}/accept", _acting(_accept), Access.SIGNED_IN),
    post("/people/{id}/refuse", _acting(_refuse), Access.SIGNED_IN),
    post("/people/{id}/remove", _acting(_remove), Access.SIGNED_IN),
]
