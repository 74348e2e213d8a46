"""What a community of this node shows to its members' nodes, and to nobody else (protocol §3, §5).

Whoever asks signs as a member: our nodes fetch as the person for whom they fetch. For all others
these addresses are not there.
"""

from collections.abc import Sequence
from typing import Final

import orjson
from msgspec.structs import replace

from activitypub.parse.polls import is_tally
from activitypub.render import activities as render
from activitypub.render.cards import document as card_document
from activitypub.render.cards import own_key
from activitypub.render.collections import page_address
from activitypub.render.files import copy
from activitypub.vocabulary import CARDS, COMMUNITY_CONTEXT, LIKED, TALLIES, JsonDict
from domain.audience import Viewer
from domain.errors import NotFound
from domain.kinds import MembershipState, Way
from domain.node import Node
from outbox.members import sync_url, uris_at
from storage.queries import actors, cards, communities, files, proven, relay_notes, tallies
from storage.queries.cards import Card
from storage.queries.communities import MemberRow
from storage.queries.proven import Announced
from storage.tx import Tx
from storage.views.actors import ActorView
from web.actors.open_groups import announced_to_all

#: Whose node may ask who of its own people belongs here: it asks when it lost sight of that.
_KNOWN: Final = frozenset({MembershipState.ACTIVE, MembershipState.LEFT, MembershipState.REMOVED})


def community_here(tx: Tx, actor_id: int) -> ActorView | None:
    """The community of this node with that id, if it is one."""
    actor = actors.by_id(tx, actor_id)
    community = communities.by_id(tx, actor_id)  # in any case: a clock shall tell no difference
    if actor is None or community is None or not actor.is_local or actor.gone_at is not None:
        return None
    return actor


def shown_outbox(
    tx: Tx, *, node: Node, community: ActorView, signer: ActorView | None, max_id: int | None
) -> JsonDict:
    """One page of what the community announced, as this member may read it, newest first.

    Each as it is announced now, with the newest words and the cards of those it names. NotFound
    for who is no member, and on plain servers: those get relay notes.
    """
    settings = communities.by_id(tx, community.id)
    if settings is not None and settings.is_for_the_world:
        return announced_to_all(tx, node=node, community=community, max_id=max_id)
    outbox = node.collection(community.id, "outbox")
    return shown_announces(
        tx, node=node, community=community, signer=signer, collection=outbox, max_id=max_id
    )


def shown_announces(
    tx: Tx,
    *,
    node: Node,
    community: ActorView,
    signer: ActorView | None,
    collection: str,
    max_id: int | None,
    root_id: int = 0,
) -> JsonDict:
    """One page of what a community announced: all of it, or one thread. NotFound as above."""
    if signer is None or not communities.is_member(tx, community.id, signer.id):
        raise NotFound
    if relay_notes.is_plain_member(tx, community.id, signer.id):
        raise NotFound  # such a server fetches it when somebody looks the community up
    viewer = Viewer.remote(signer.id, signer.origin_id)
    found = proven.announced(tx, community.id, viewer, before=max_id, root_id=root_id)
    shown: JsonDict = {
        "@context": COMMUNITY_CONTEXT,
        "id": page_address(collection, "max_id", max_id),
        "type": "OrderedCollectionPage",
        "partOf": collection,
        "orderedItems": _items(tx, node, community, found),
    }
    if liked := _likes(tx, community, found):
        shown[LIKED] = liked
    if told := _tallies(tx, community, found):
        shown[TALLIES] = told
    if len(found) == proven.MOST:
        shown["next"] = page_address(collection, "max_id", found[-1].id)
    return shown


def _announced_to(tx: Tx, community_id: int, signer: ActorView | None) -> MemberRow | None:
    """How the signer stands to the community, if on a node that gets Announces.

    Plain servers fetch these for whoever looks a community up; for them it has none (rule 8 of
    what real servers did).
    """
    member = communities.member(tx, community_id, signer.id) if signer is not None else None
    return member if member is not None and member.way is Way.NODE else None


def _items(tx: Tx, node: Node, community: ActorView, found: Sequence[Announced]) -> list[JsonDict]:
    people = proven.people_in(tx, found)
    known = cards.of_members(tx, community.id, sorted(set().union(*people.values())))
    told = {card.actor_id: card for card in known}
    held = files.of_posts(tx, [one.post_id for one in found])
    return [
        _item(
            node,
            community,
            one,
            [told[actor] for actor in sorted(people[one.post_id] & told.keys())],
            [
                copy(file, node)
                for file in held.get(one.post_id, ())
                if file.is_copy and file.is_here
            ],
        )
        for one in found
    ]


def _likes(tx: Tx, community: ActorView, found: Sequence[Announced]) -> list[JsonDict]:
    """Likes of these posts as they were announced: a newcomer's node shows the same figures."""
    liked = proven.announced_likes(tx, community.id, found)
    people = sorted({one.actor_id for one in liked})
    told = {card.actor_id: card for card in cards.of_members(tx, community.id, people)}
    return [_like(one.body, told.get(one.actor_id)) for one in liked]


def _tallies(tx: Tx, community: ActorView, found: Sequence[Announced]) -> list[JsonDict]:
    """How polls among these posts stand, as it was announced last."""
    newest: dict[int, JsonDict] = {}
    for post_id, body in tallies.announced(tx, community.id, [one.post_id for one in found]):
        document = orjson.loads(body)
        inner = document["object"]
        told = inner.get("object") if isinstance(inner, dict) else None
        if isinstance(told, dict) and is_tally(told):
            newest[post_id] = document
    return [
        {name: value for name, value in one.items() if name != "@context"}
        for one in newest.values()
    ]


def _like(body: bytes, card: Card | None) -> JsonDict:
    whole = {name: value for name, value in orjson.loads(body).items() if name != "@context"}
    return whole if card is None else whole | {CARDS: [card_document(card)]}


def _as_then(community: ActorView, one: Announced, told: list[Card]) -> list[JsonDict]:
    """The cards, with the key that the proof was made with: its owner may have changed it since."""
    shown = [
        replace(card, key_uri=one.key_uri, key=one.key)
        if card.actor_id == one.author_id and card.key_uri is not None and one.key_uri is not None
        else card
        for card in told
    ]
    documents = [card_document(card) for card in shown]
    if one.key and one.key_uri and one.key_uri.startswith(f"{community.uri}#"):
        documents.append(own_key(community, one.key_uri, one.key))
    return documents


def _item(
    node: Node, community: ActorView, one: Announced, told: list[Card], copies: list[JsonDict]
) -> JsonDict:
    inner, shown = orjson.loads(one.body), _as_then(community, one, told)
    whole = render.passed_on(
        *(one.uri, community, inner, one.announced_at, shown),
        copies=copies,
        thread=node.thread(one.root_id),
    )
    return {name: value for name, value in whole.items() if name != "@context"}


def shown_members(tx: Tx, *, actor_id: int, signer: ActorView | None) -> JsonDict:
    """The members who live on the signer's server (FEP-8fcf, partial collection); NotFound."""
    community = community_here(tx, actor_id)
    if community is None or signer is None:
        raise NotFound
    member = _announced_to(tx, actor_id, signer)
    if member is None or member.state not in _KNOWN:
        raise NotFound
    members = uris_at(tx, actor_id, signer.origin_id)
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": sync_url(community),
        "type": "OrderedCollection",
        "totalItems": len(members),
        "orderedItems": members,
    }
