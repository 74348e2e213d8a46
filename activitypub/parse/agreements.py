"""Offers of agreements as they come in, and the seals that tie them to a one-time code.

The code is told by one admin to the other outside the network. The offer is sealed under it
(HMAC-SHA256 over its JCS form, RFC 8785), so an offer that somebody else made, or changed on its
way, does not fit; and so is the answer, so that nobody answers who was not told the code.
"""

import hashlib
import hmac
from typing import Any, Final, Literal

import rfc8785
from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import checked_id, line, listed, moment, plain_type
from activitypub.render.agreements import DIRECTORIES, KINDS
from domain.agreements import Terms
from domain.kinds import AgreementKind, Directory

SEAL: Final = "tertulia:seal"
MOST_COMMUNITIES: Final = 200
_KINDS: Final[dict[str, AgreementKind]] = {name: kind for kind, name in KINDS.items()}
_DIRECTORIES: Final[dict[str, Directory]] = {name: level for level, name in DIRECTORIES.items()}
_LOOKALIKES: Final = str.maketrans("oil", "011")


class OfferDocument(Struct, frozen=True, kw_only=True):
    """An offer as its node made it. Times in ms UTC; `domain` is whom it is for."""

    uri: str
    application: str
    domain: str
    terms: Terms
    lapses_at: int


def parse_offer(document: JsonObject) -> OfferDocument:
    """Read an offer. Raises MalformedDocument: every point must be one that we know."""
    points = document.get("object")
    if document.get("type") != "Offer" or not isinstance(points, dict) or not is_agreement(points):
        raise MalformedDocument("it is no offer of an agreement")
    lapses_at = moment(points.get("tertulia:lapses"))
    domain = points.get("tertulia:with")
    if lapses_at is None or not isinstance(domain, str):
        raise MalformedDocument("the offer says neither for whom nor for how long")
    return OfferDocument(
        uri=checked_id(document.get("id"), "the offer's id"),
        application=checked_id(document.get("actor"), "the offer's actor"),
        domain=domain,
        terms=_terms(points),
        lapses_at=lapses_at,
    )


def is_agreement(points: Any) -> bool:
    """Whether the object of an Offer is an agreement between nodes."""
    if not isinstance(points, dict) or not isinstance(points.get("type"), str):
        return False
    return plain_type(points["type"]) == "tertulia:Agreement"


def _terms(points: JsonObject) -> Terms:
    kind = _known(_KINDS, points.get("tertulia:kind"))
    directory = _known(_DIRECTORIES, points.get("tertulia:directory"))
    until = moment(points.get("endTime"))
    if kind is None or directory is None or (until is None and "endTime" in points):
        raise MalformedDocument("the offer has a point that we do not know")
    communities = listed(points.get("tertulia:communities"))
    if len(communities) > MOST_COMMUNITIES:
        raise MalformedDocument("the offer names too many communities")
    return Terms(
        kind=kind,
        directory=directory,
        communities=frozenset(checked_id(one, "a community") for one in communities),
        until=until,
        contact=line(points.get("tertulia:contact"), limit=200),
    )


def _known(table: dict[str, Any], name: Any) -> Any:
    return table.get(name) if isinstance(name, str) else None


def seal(code: str, part: Literal["offer", "answer"], document: JsonObject) -> str:
    """The seal of an offer, or of the answer to it, under a code however it was typed; hex."""
    unsealed = {name: value for name, value in document.items() if name != SEAL}
    said = part.encode() + b"\n" + rfc8785.dumps(unsealed)
    return hmac.new(as_key(code).encode(), said, hashlib.sha256).hexdigest()


def as_key(code: str) -> str:
    """A code without what people add or mistake: case, spaces, dashes, o for 0, i and l for 1."""
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return letters.translate(_LOOKALIKES)


def fits(one: str, other: str) -> bool:
    """Whether two seals are the same, compared in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
