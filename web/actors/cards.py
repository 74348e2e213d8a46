"""Who a member of a community is, for the nodes of its other members (protocol §5).

Our nodes ask where a card got lost or does not fit. They sign as a member for whom they ask; for
everybody else the address is not there.
"""

from aiohttp.web import StreamResponse

from activitypub.json import MalformedDocument
from activitypub.parse.fields import checked_id
from activitypub.render.cards import collection
from activitypub.vocabulary import JsonDict
from domain.errors import NotFound
from domain.node import Node
from social import cards
from social.vouching import cards_url
from storage.queries import actors, communities
from storage.tx import Tx
from storage.views.actors import ActorView
from web.actors.documents import Signer, document, for_servers
from web.call import Call


def shown_cards(
    tx: Tx, *, node: Node, actor_id: int, signer: ActorView | None, of: str
) -> JsonDict:
    """The card of the member `of`, as of now, for an active member's node; NotFound otherwise.

    Plain servers check no proofs, and so need no cards.
    """
    community = actors.by_id(tx, actor_id)
    if community is None or not community.is_local or signer is None:
        raise NotFound
    if not communities.is_member_on_node(tx, community.id, signer.id):
        raise NotFound
    found = []
    if (member := actors.by_uri(tx, of)) is not None:
        if communities.is_member(tx, community.id, member.id):
            cards.make(tx, node, community.id, member.id)
        found = cards.of_members(tx, community.id, [member.id])
    return collection(cards_url(community, of), found)


@for_servers
async def show_cards(call: Call, signer: Signer) -> StreamResponse:
    """GET /a/{id}/cards?of=URI."""
    services = call.services
    try:
        of = checked_id(call.request.query.get("of"), "the member")
    except MalformedDocument:
        raise NotFound from None
    who = await signer()
    shown = await services.db.write(
        shown_cards, node=services.node, actor_id=call.id(), signer=who, of=of
    )
    return document(shown)
