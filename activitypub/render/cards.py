"""Cards of members, as a community tells its members' nodes who writes there (protocol §5)."""

from collections.abc import Sequence

from activitypub.vocabulary import ACTIVITYSTREAMS, OURS, JsonDict
from storage.queries.cards import Card
from storage.views.actors import ActorView


def document(card: Card) -> JsonDict:
    """One card, ready to be put into an Announce or a collection."""
    told: JsonDict = {
        "type": "tertulia:Card",
        "tertulia:of": card.uri,
        "preferredUsername": card.handle,
        "tertulia:host": card.domain,
        "name": card.name,
        "tertulia:home": card.home,
    }
    if card.avatar:
        told["icon"] = {"type": "Image", "url": card.avatar}
    if card.key_uri and card.key:
        told["tertulia:key"] = {"id": card.key_uri, "publicKeyMultibase": card.key}
    return told


def own_key(community: ActorView, key_uri: str, key: str) -> JsonDict:
    """A key with which the community itself proved words on behalf of others, now or before."""
    return {
        "type": "tertulia:Card",
        "tertulia:of": community.uri,
        "preferredUsername": community.handle,
        "tertulia:host": community.domain,
        "name": community.name,
        "tertulia:home": "",
        "tertulia:key": {"id": key_uri, "publicKeyMultibase": key},
    }


def collection(uri: str, cards: Sequence[Card]) -> JsonDict:
    """Cards that a member's node asked for."""
    return {
        "@context": [ACTIVITYSTREAMS, OURS],
        "id": uri,
        "type": "Collection",
        "totalItems": len(cards),
        "items": [document(card) for card in cards],
    }
