"""Agreements between nodes as documents: offered, accepted, ended, and the end acknowledged.

Their words are our own (`tertulia:`); only nodes of this kind make agreements.
"""

from typing import Final

from activitypub.render.times import moment
from activitypub.vocabulary import ACTIVITYSTREAMS, OURS, JsonDict
from domain.agreements import Terms
from domain.kinds import AgreementKind, Directory

CONTEXT: Final = [ACTIVITYSTREAMS, OURS]
KINDS: Final = {AgreementKind.SISTER: "sister", AgreementKind.PARTNER: "partner"}
DIRECTORIES: Final = {Directory.NONE: "none", Directory.SHARED: "shared", Directory.ALL: "all"}


def offer(
    uri: str, application: str, domain: str, terms: Terms, *, made_at: int, lapses_at: int
) -> JsonDict:
    """Offer{Agreement} to the node at `domain`. Both sides sign these very points."""
    points: JsonDict = {
        "type": "tertulia:Agreement",
        "tertulia:kind": KINDS[terms.kind],
        "tertulia:directory": DIRECTORIES[terms.directory],
        "tertulia:contact": terms.contact,
        "tertulia:with": domain,
        "tertulia:lapses": moment(lapses_at),
    }
    if terms.communities:
        points["tertulia:communities"] = sorted(terms.communities)
    if terms.until is not None:
        points["endTime"] = moment(terms.until)
    return {
        "@context": CONTEXT,
        "id": uri,
        "type": "Offer",
        "actor": application,
        "published": moment(made_at),
        "object": points,
    }


def offers(uri: str, items: list[JsonDict]) -> JsonDict:
    """The offers that wait for the node that asks, each sealed under its code."""
    return {"@context": CONTEXT, "id": uri, "type": "Collection", "items": items}


def accept(uri: str, ours: str, theirs: str, *, offer_uri: str, seal: str) -> JsonDict:
    """Accept{Offer}: the second signature; `seal` shows that its admin has the code."""
    about: JsonDict = {"id": offer_uri, "type": "Offer", "actor": theirs, "tertulia:seal": seal}
    return _said("Accept", uri, ours, theirs, about)


def undo(uri: str, ours: str, theirs: str, *, offer_uri: str) -> JsonDict:
    """Undo{Offer}: the agreement is over, and what came by it is to be forgotten (protocol §6)."""
    return _said("Undo", uri, ours, theirs, {"id": offer_uri, "type": "Offer"})


def forgotten(uri: str, ours: str, theirs: str, *, undo_uri: str, offer_uri: str) -> JsonDict:
    """Accept{Undo}: what came by the agreement has been forgotten here."""
    about: JsonDict = {
        "id": undo_uri,
        "type": "Undo",
        "actor": theirs,
        "object": {"id": offer_uri, "type": "Offer"},
    }
    return _said("Accept", uri, ours, theirs, about)


def _said(kind: str, uri: str, ours: str, theirs: str, about: JsonDict) -> JsonDict:
    return {
        "@context": CONTEXT,
        "id": uri,
        "type": kind,
        "actor": ours,
        "to": [theirs],
        "object": about,
    }
