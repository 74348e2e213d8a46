"""Agreements between nodes, as admins make them (protocol §3).

Two keys: one admin offers, which gives a one-time code; the other, told the code by the first,
fetches the offer, sees what it says, and accepts. Nobody but the node that was named can fetch it.
"""

import secrets
from typing import Final

import orjson
from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse import agreements as parse
from activitypub.parse.agreements import SEAL, OfferDocument, parse_offer
from activitypub.parse.fields import listed
from activitypub.render import agreements as render
from activitypub.vocabulary import JsonDict
from domain.addresses import parse_url
from domain.agreements import OFFER_MS, Terms
from domain.errors import Invalid, NotAllowed, NotFound
from domain.ids import HERE
from domain.kinds import OfferState, RuleAction
from domain.node import Federation, Node
from federation.discovery import find_application
from federation.fetcher import CannotFetch, Fetcher
from outbox import talk
from social import agreed
from storage.queries import actors, agreements, ids, offers, origins
from storage.queries.offers import OfferRow
from storage.tx import Tx
from storage.views.actors import ActorView

OFFERS: Final = "offers"
"""The last part of the address at which the node's own actor shows who is asked what."""
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no letter looks like another
_GROUPS: Final = 5


class Proposed(Struct, frozen=True):
    """An offer that was made. `changes`: an agreement stands, and is narrowed by it already."""

    uri: str
    lapses_at: int
    changes: bool


class Offered(Struct, frozen=True):
    """An offer as the other node shows it, whose seal fits the code."""

    offer: OfferDocument
    document: JsonObject
    application: ActorView
    answer: str  # the seal of our answer


def new_code() -> str:
    """A one-time code of a hundred random bits, in five groups that can be read out."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(_GROUPS))
    return "-".join(groups)


def propose(tx: Tx, *, node: Node, domain: str, terms: Terms, code: str) -> Proposed:
    """Offer an agreement, or other terms, to the node at `domain` (canonical `host[:port]`).

    An earlier offer to it is taken back. Of an agreement that stands the stricter terms hold from
    now on.

    Raises:
        NotAllowed: federation is closed, or the domain blocked.
        Invalid: the end is not ahead.
    """
    _refuse_closed(tx, node, domain)
    _refuse_past(tx, terms)
    ours = actors.application_of(tx, HERE)
    uri, lapses_at = node.activity(ids.new_id(tx)), tx.now + OFFER_MS
    document = render.offer(uri, ours.uri, domain, terms, made_at=tx.now, lapses_at=lapses_at)
    offers.withdraw(tx, domain, ours=True)
    seals = (parse.seal(code, "offer", document), parse.seal(code, "answer", document))
    _keep(tx, uri, domain, document, lapses_at, seals=":".join(seals))
    row = agreements.with_authority(tx, domain)
    if row is None or not row.stands(tx.now):
        return Proposed(uri, lapses_at, changes=False)
    agreed.narrow(tx, row, terms)
    theirs = actors.application_of(tx, row.origin_id)
    talk.say(tx, speaker=ours, listener=theirs, document=document | {"to": [theirs.uri]})
    return Proposed(uri, lapses_at, changes=True)


def offers_for(tx: Tx, *, domain: str) -> list[JsonDict]:
    """What waits for the node at `domain`, each sealed under its code. NotFound if nothing does."""
    found = offers.ours_for(tx, domain)
    if not found:
        raise NotFound
    return [orjson.loads(row.body) | {SEAL: row.code_hash.partition(":")[0]} for row in found]


async def fetch_offer(fetcher: Fetcher, *, domain: str, code: str) -> Offered:
    """What the node at `domain` offers to us under this code.

    Raises:
        NotAllowed: federation is closed, or the domain blocked.
        NotFound: it cannot be reached, or offers nothing to us (any more).
        Invalid: the code does not fit, or the offer is not one that we can accept.
    """
    await fetcher.db.read(_refuse_closed, fetcher.node, domain)
    named = fetcher.naming(domain)
    try:
        application = await find_application(named, domain)
        page = await named.document(f"{application.uri}/{OFFERS}")
    except CannotFetch as problem:
        raise NotFound(
            f"{domain} could not be asked for its offer, or has none for this node"
            f" ({problem.reason})."
        ) from None
    try:
        items = [one for one in listed(page.body.get("items")) if isinstance(one, dict)]
        document = _sealed_under(code, items)
        offer = parse_offer(document)
    except MalformedDocument as problem:
        raise Invalid(f"The offer of {domain} cannot be read: {problem.reason}.") from None
    if offer.application != application.uri:
        raise Invalid(f"The offer was not made by the node {domain} itself.")
    if offer.domain != parse_url(fetcher.node.origin).authority:
        raise Invalid(f"The offer of {domain} is for another node.")
    return Offered(offer, document, application, parse.seal(code, "answer", document))


def _sealed_under(code: str, items: list[JsonObject]) -> JsonObject:
    for item in items:
        stated = item.get(SEAL)
        try:
            fits = isinstance(stated, str) and parse.fits(parse.seal(code, "offer", item), stated)
        except ValueError:
            continue  # nothing that could be sealed at all
        if fits:
            return {name: value for name, value in item.items() if name != SEAL}
    raise Invalid("The code does not fit the offer. Please check it, or ask for a new one.")


def agree(tx: Tx, *, node: Node, offered: Offered) -> None:
    """Sign an offer that was seen: the agreement stands here, and the other node is told.

    Raises:
        NotAllowed: federation is closed, or the domain blocked.
        Invalid: the offer lapsed, or the end is not ahead.
    """
    offer, theirs = offered.offer, offered.application
    domain = parse_url(theirs.uri).authority
    _refuse_closed(tx, node, domain)
    _refuse_past(tx, offer.terms)
    if offer.lapses_at <= tx.now:
        raise Invalid("The offer has lapsed. Please ask for a new one.")
    _keep(tx, offer.uri, domain, offered.document, offer.lapses_at)  # unless it was sent to us
    if not offers.decide(tx, offer.uri, OfferState.ACCEPTED):
        raise Invalid("This offer was decided before. Please ask for a new one.")
    agreed.conclude(tx, origin_id=theirs.origin_id, uri=offer.uri, terms=offer.terms)
    ours = actors.application_of(tx, HERE)
    uri = node.activity(ids.new_id(tx))
    answer = render.accept(uri, ours.uri, theirs.uri, offer_uri=offer.uri, seal=offered.answer)
    talk.say(tx, speaker=ours, listener=theirs, document=answer)


def end(tx: Tx, *, node: Node, domain: str) -> bool:
    """End the agreement with a node; True if one stood, False if only an offer was taken back.

    Raises:
        NotFound: there is neither.
    """
    row = agreements.with_authority(tx, domain)
    if row is not None and row.active:
        agreed.end(tx, node=node, row=row, at=tx.now)
        return True
    if offers.withdraw(tx, domain, ours=True):
        return False
    raise NotFound(f"There is no agreement with {domain}.")


def covers(tx: Tx, *, origin_id: int, community_uri: str) -> bool:
    """Whether people of a node may belong to a community, as far as agreements say.

    Without an agreement they say nothing; an agreement that names communities means only those.
    """
    row = agreements.find(tx, origin_id)
    if row is None or not row.stands(tx.now):
        return True
    return agreements.terms_of(tx, row).covers(community_uri)


def _keep(
    tx: Tx, uri: str, domain: str, document: JsonObject, lapses_at: int, *, seals: str = ""
) -> None:
    """Store an offer: ours has seals, and whoever opens the database cannot make them theirs."""
    row = OfferRow(
        uri=uri,
        domain=domain,
        ours=bool(seals),
        code_hash=seals,
        body=orjson.dumps(document),
        state=OfferState.WAITING,
        made_at=tx.now,
        lapses_at=lapses_at,
    )
    offers.put(tx, row)


def _refuse_closed(tx: Tx, node: Node, domain: str) -> None:
    if node.federation is Federation.CLOSED:
        raise NotAllowed("Federation is closed: this node makes no agreements.")
    if any(rule.action is RuleAction.BLOCK for rule in origins.matching_rules(tx, domain)):
        raise NotAllowed(f"{domain} is blocked. Allow it first if that has changed.")


def _refuse_past(tx: Tx, terms: Terms) -> None:
    if terms.until is not None and terms.until <= tx.now:
        raise Invalid("The agreement would have ended already: its end must lie ahead.")
