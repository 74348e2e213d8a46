"""What other nodes say of agreements: offered, accepted, ended, forgotten (protocol §3, §6).

The caller made sure that the Application actor of the other node says it. What it may do is little:
narrow an agreement that stands, end it, or accept what an admin here offered, with the code.
"""

from typing import Any, Final, Literal

import orjson
from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.activities import Activity
from activitypub.parse.agreements import SEAL, fits, is_agreement, parse_offer
from domain.addresses import parse_url
from domain.kinds import OfferState
from domain.node import Node
from social import agreed
from storage.queries import agreements, offers, purges
from storage.queries.offers import OfferRow
from storage.tx import Tx

Kind = Literal["offer", "accept", "undo", "forgotten"]


class Talk(Struct, frozen=True):
    """One activity of the talk. `about`: the Offer's id, or for `forgotten` that of the Undo."""

    uri: str
    kind: Kind
    about: str
    seal: str = ""
    document: bytes = b""


def is_about(activity: Activity) -> bool:
    """Whether an activity speaks of an agreement between nodes."""
    return _kind(activity) is not None


def read(activity: Activity) -> Talk:
    """What it says. Raises MalformedDocument."""
    kind, inside = _kind(activity), activity.embedded
    if kind is None or inside is None:
        raise MalformedDocument("it is not about an agreement")
    if kind == "offer":
        document: JsonObject = {
            "id": activity.id,
            "type": "Offer",
            "actor": activity.actor,
            "object": inside,
        }
        parse_offer(document)
        return Talk(activity.id, kind, activity.id, document=orjson.dumps(document))
    if activity.object_id is None:
        raise MalformedDocument("it does not say which agreement is meant")
    seal = inside.get(SEAL)
    return Talk(activity.id, kind, activity.object_id, seal if isinstance(seal, str) else "")


def _kind(activity: Activity) -> Kind | None:
    inside = activity.embedded
    if activity.type == "Offer" and is_agreement(inside):
        return "offer"
    if inside is None:
        return None
    if _is_offer(inside):
        return _OF_OFFERS.get(activity.type)
    is_undo = inside.get("type") == "Undo" and _is_offer(inside.get("object"))
    return "forgotten" if is_undo and activity.type == "Accept" else None


_OF_OFFERS: Final[dict[str, Kind]] = {"Accept": "accept", "Undo": "undo"}


def _is_offer(inside: Any) -> bool:
    return isinstance(inside, dict) and inside.get("type") == "Offer"


def receive(tx: Tx, *, node: Node, origin_id: int, talk: Talk) -> str | None:
    """Do what the node at `origin_id` may do; the reason if it had no effect."""
    match talk.kind:
        case "offer":
            return _offered(tx, node, origin_id, talk)
        case "accept":
            return _accepted(tx, node, origin_id, talk)
        case "undo":
            return _undone(tx, node, origin_id, talk)
        case "forgotten":
            known = purges.acknowledge(tx, talk.about, origin_id=origin_id)
            return None if known else "it was not asked to forget that"


def _offered(tx: Tx, node: Node, origin_id: int, talk: Talk) -> str | None:
    """Other terms for an agreement that stands; the stricter ones hold until an admin accepts."""
    row, offer = agreements.find(tx, origin_id), parse_offer(orjson.loads(talk.document))
    if row is None or not row.stands(tx.now):
        return "no agreement stands that it could change"
    if offer.domain != parse_url(node.origin).authority or offer.lapses_at <= tx.now:
        return "the offer is not for this node, or has lapsed"
    kept = OfferRow(
        uri=offer.uri,
        domain=agreed.authority_of(tx, origin_id),
        ours=False,
        code_hash="",
        body=talk.document,
        state=OfferState.WAITING,
        made_at=tx.now,
        lapses_at=offer.lapses_at,
    )
    if offers.find(tx, offer.uri) is not None:
        return "the offer is known"
    offers.withdraw(tx, kept.domain, ours=False)
    offers.put(tx, kept)
    agreed.narrow(tx, row, offer.terms)
    agreed.tell_admins(
        tx,
        node,
        f"{kept.domain} asks for other terms of the agreement. The stricter of the old and the new"
        " ones hold already; `tertulia partner list` shows them, and `partner accept` agrees to"
        " all of them, with the code that its admin can tell you.",
    )
    return None


def _accepted(tx: Tx, node: Node, origin_id: int, talk: Talk) -> str | None:
    """The second signature, by whoever was named in the offer and has its code, in time, once."""
    row = offers.find(tx, talk.about)
    if row is None or not row.ours or row.domain != agreed.authority_of(tx, origin_id):
        return "nothing of that id was offered to this node"
    if not fits(row.code_hash.partition(":")[2], talk.seal):
        return "the code does not fit"
    offer = parse_offer(orjson.loads(row.body))
    if row.state is OfferState.ACCEPTED:
        return "the offer was accepted before"
    if row.lapses_at <= tx.now or not offers.decide(tx, row.uri, OfferState.ACCEPTED):
        agreed.too_late(tx, node=node, origin_id=origin_id, offer=offer)
        return None
    agreed.conclude(tx, origin_id=origin_id, uri=row.uri, terms=offer.terms)
    agreed.tell_admins(tx, node, f"{row.domain} has accepted the agreement.")
    return None


def _undone(tx: Tx, node: Node, origin_id: int, talk: Talk) -> str | None:
    """They take an offer back, or end the agreement: then what came by it is forgotten here."""
    offer, row = offers.find(tx, talk.about), agreements.find(tx, origin_id)
    domain = agreed.authority_of(tx, origin_id)
    is_theirs = offer is not None and not offer.ours and offer.domain == domain
    if is_theirs and offers.decide(tx, talk.about, OfferState.WITHDRAWN):
        return None  # it was waiting; an agreement that stands goes on
    if row is None:
        return "there is no agreement to end"
    if agreed.close(tx, row=row, at=tx.now):
        agreed.tell_admins(tx, node, f"{domain} has ended the agreement with this node.")
    agreed.forget_later(tx, row, undo_uri=talk.uri)
    return None
