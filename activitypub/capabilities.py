"""What a server says that it implements (FEP-844e): on its Application, or on any actor's.

A hint for the first knock, never a right: what turns out otherwise is remembered instead.
"""

from typing import Any, Final

from activitypub.json import MalformedDocument
from activitypub.parse.fields import listed
from activitypub.vocabulary import JsonDict
from domain.node import SOFTWARE

RFC9421: Final = "https://datatracker.ietf.org/doc/html/rfc9421"
PROOFS: Final = "https://w3id.org/fep/8b32"
COMMUNITIES: Final = "urn:tertulia:ns:1#communities"
"""Communities as our nodes have them, with the signature between our nodes (FEDERATION.md)."""

_OURS: Final = (
    (RFC9421, "RFC-9421: HTTP Message Signatures"),
    (PROOFS, "FEP-8b32: Object Integrity Proofs"),
    (COMMUNITIES, "Communities that announce what their members prove"),
)
MOST: Final = 100
LONGEST: Final = 500


def links() -> list[JsonDict]:
    """What we implement and cannot be seen otherwise."""
    return [{"type": "Link", "href": href, "name": name} for href, name in _OURS]


def generator() -> JsonDict:
    """The software behind an actor of ours, without a name of its own (FEP-844e "Discovery")."""
    return {"type": "Application", "name": SOFTWARE, "implements": links()}


def implemented(document: dict[str, Any]) -> frozenset[str]:
    """What an actor's document says of its server; nothing for anything odd."""
    found: set[str] = set()
    for said in (document, document.get("generator")):
        if isinstance(said, dict):
            found |= _hrefs(said.get("implements"))
    return frozenset(found)


def _hrefs(raw: Any) -> set[str]:
    try:
        given = listed(raw)[:MOST]
    except MalformedDocument:
        return set()
    hrefs = (item.get("href") if isinstance(item, dict) else item for item in given)
    return {href for href in hrefs if isinstance(href, str) and len(href) <= LONGEST}
