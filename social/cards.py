"""Member cards: made where a community lives, believed inside that community alone (protocol §5).

A card lets a node show words, and check their proof, of somebody whose server it never contacts. So
it must not say anything of our own people, nor of anybody whose key their own server told us.
"""

from collections.abc import Iterable
from typing import Final

from activitypub.parse.cards import CardDocument
from activitypub.parse.fields import origin_of
from activitypub.render.cards import document
from domain.addresses import parse_url
from domain.kinds import KeyType, Way
from domain.node import Node
from federation.policy import may_exchange
from storage.queries import actors, cards, communities, keys, origins
from storage.queries.cards import Card, by_member, held, missing, of_members
from storage.tx import Tx
from storage.views.actors import ActorView

__all__ = [
    "Card",
    "believed",
    "by_member",
    "document",
    "held",
    "keep",
    "make",
    "missing",
    "of_members",
    "refresh",
]

_SIGNING: Final = frozenset({Way.HERE, Way.NODE})


def make(tx: Tx, node: Node, community_id: int, actor_id: int) -> bool:
    """Write down who a member is, for the nodes of the others; False if nothing is new.

    A member on a plain server has no key there: the community speaks on that member's behalf.
    """
    member, actor = communities.member(tx, community_id, actor_id), actors.by_id(tx, actor_id)
    if member is None or actor is None or actor.is_hearsay:
        return False
    key = _proof_key(tx, actor_id) if member.way in _SIGNING else None
    return cards.put(
        tx,
        community_id=community_id,
        actor_id=actor_id,
        handle=actor.handle,
        domain=actor.domain,
        name=actor.name or actor.handle,
        home=_home_of(tx, node, actor),
        avatar=_avatar(node, actor),
        key_uri=key[0] if key else None,
        key=key[1] if key else None,
        made_at=tx.now,
    )


def refresh(tx: Tx, node: Node, actor_id: int) -> int:
    """Somebody has another name, picture or key now: new cards; in how many communities."""
    found = cards.communities_of(tx, actor_id)
    here = [community_id for community_id in found if _lives_here(tx, community_id)]
    return sum(make(tx, node, community_id, actor_id) for community_id in here)


def _lives_here(tx: Tx, community_id: int) -> bool:
    actor = actors.by_id(tx, community_id)
    return actor is not None and actor.is_local


def _proof_key(tx: Tx, actor_id: int) -> tuple[str, str] | None:
    """The id and the public half of the key with which somebody signs words now."""
    for key in keys.public_keys(tx, actor_id):
        if key.type is KeyType.ED25519:
            return key.uri, key.public
    return None


def _home_of(tx: Tx, node: Node, actor: ActorView) -> str:
    """The organisation's name: our node's own, or the domain of another."""
    if actor.is_local:
        return node.name
    found = origins.by_id(tx, actor.origin_id)
    return parse_url(found.origin).authority if found is not None else actor.domain


def _avatar(node: Node, actor: ActorView) -> str | None:
    """Only what this node serves: members' nodes never ask each other for anything."""
    own = actor.avatar is not None and origin_of(actor.avatar) == node.origin
    return actor.avatar if own else None


# The receiving side.


def believed(tx: Tx, node: Node, community: ActorView, card: CardDocument) -> bool:
    """Whether a card of this community's may tell us anything of whom it is of.

    Never of our own people or of the community itself, never under our own names or somebody's
    whom we know from a server that we can ask, and never of somebody whose own server tells us the
    key for their words.
    """
    if card.of == community.uri or origin_of(card.of) == node.origin:
        return False
    if card.host in {node.handle_domain, parse_url(node.origin).authority}:
        return False
    if _is_somebody_elses(tx, node, card):
        return False
    actor = actors.by_uri(tx, card.of)
    return actor is None or not tells_its_own_key(tx, node, actor)


def _is_somebody_elses(tx: Tx, node: Node, card: CardDocument) -> bool:
    """Whether a server that we can ask told us that the handle is another one's."""
    namesake = actors.by_acct(tx, card.handle, card.host)
    if namesake is None or namesake.uri == card.of or namesake.gone_at is not None:
        return False
    return may_exchange(tx, node, parse_url(namesake.uri).authority)


def tells_its_own_key(tx: Tx, node: Node, actor: ActorView) -> bool:
    """Whether somebody elsewhere told us the key for their words, on a server that we can ask.

    With a server that we exchange nothing with any more we could not notice a new key; its people
    are then like all others of whom only the community tells.
    """
    if actor.is_local or actor.is_hearsay or not cards.states_a_key(tx, actor.id):
        return False
    return may_exchange(tx, node, parse_url(actor.uri).authority)


def keep(
    tx: Tx, node: Node, community: ActorView, told: Iterable[CardDocument], *, made_at: int
) -> None:
    """Keep the cards that a community told us, for use inside it. An older one changes nothing."""
    for card in told:
        if not believed(tx, node, community, card):
            continue
        actor_id = known_by(tx, card)
        own = card.avatar is not None and origin_of(card.avatar) == origin_of(community.uri)
        changed = cards.put(
            tx,
            community_id=community.id,
            actor_id=actor_id,
            handle=card.handle,
            domain=card.host,
            name=card.name,
            home=card.home,
            avatar=card.avatar if own else None,
            key_uri=card.key_uri,
            key=card.key,
            made_at=made_at,
        )
        if changed:
            actors.touch(tx, actor_id)


def known_by(tx: Tx, card: CardDocument) -> int:
    """The id of whom a card is of; a row without any right is made if there is none."""
    actors.insert_hearsay(
        tx,
        origin_id=origins.origin_id(tx, origin_of(card.of)),
        uri=card.of,
        handle=card.handle,
        domain=card.host,
    )
    found = actors.by_uri(tx, card.of)
    if found is None:
        raise LookupError("the actor was just stored")
    return found.id
