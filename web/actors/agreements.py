"""What waits for another node to agree to: shown to that node's own actor alone (protocol §3)."""

from aiohttp.web import StreamResponse

from activitypub.render import agreements as render
from domain.addresses import parse_url
from domain.errors import NotFound
from domain.ids import HERE
from domain.kinds import ActorType
from domain.node import Federation
from federation.discovery import find_application
from federation.fetcher import CannotFetch
from federation.signatures import BadSignature
from social.agreements import OFFERS, offers_for
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView
from web.actors.documents import document
from web.actors.signing import refused, signer_of
from web.call import Call


async def show_offers(call: Call) -> StreamResponse:
    """GET /a/{id}/offers of our Application actor: offers to the node that asks, sealed."""
    services, node = call.services, call.node
    if node.federation is Federation.CLOSED:
        raise NotFound
    ours = await services.db.read(_application, call.id())
    try:
        signer = await signer_of(call, services.fetcher.talk)
    except BadSignature as problem:
        return refused(problem)
    if signer is None or not await _speaks_for_its_node(call, signer):
        raise NotFound
    items = await services.db.read(offers_for, domain=parse_url(signer.uri).authority)
    return document(render.offers(f"{ours.uri}/{OFFERS}", items))


def _application(tx: Tx, actor_id: int) -> ActorView:
    ours = actors.application_of(tx, HERE)
    if ours.id != actor_id:
        raise NotFound
    return ours


async def _speaks_for_its_node(call: Call, signer: ActorView) -> bool:
    """Whether the signer's server names it as its own actor; it is asked who that is."""
    if signer.type is not ActorType.APPLICATION:
        return False
    try:
        authority = parse_url(signer.uri).authority
        return (await find_application(call.services.fetcher.talk, authority)).id == signer.id
    except CannotFetch:
        return False
