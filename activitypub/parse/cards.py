"""Cards as they come in: what a community says of its members (protocol §5).

Only their form is read here. Whether a card is believed, and where, is decided by `social/cards`.
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.json import JsonObject
from activitypub.multibase import decode_ed25519
from activitypub.parse.fields import line, link, listed, optional_reference, origin_of
from domain.addresses import BadUrl, canonical_authority
from domain.handles import parse_acct

MOST: Final = 200
LONGEST_NAME: Final = 200


class CardDocument(Struct, frozen=True, kw_only=True):
    """One card. `of` is the member's id, `host` the canonical domain of the handle.

    `key_uri` and `key` (Ed25519, multibase) come together or, for members on plain servers, not at
    all; the key's id lies on the member's own server. `avatar` is an address like any other.
    """

    of: str
    handle: str
    host: str
    name: str
    home: str
    avatar: str | None
    key_uri: str | None
    key: str | None


def parse_cards(raw: Any) -> tuple[CardDocument, ...]:
    """The cards in an Announce or a collection, one for each member; what is none is left out."""
    found = [_card(item) for item in listed(raw)[:MOST] if isinstance(item, dict)]
    return tuple({card.of: card for card in found if card is not None}.values())


def _card(item: JsonObject) -> CardDocument | None:
    of, handle = optional_reference(item.get("tertulia:of")), item.get("preferredUsername")
    host = _host(item.get("tertulia:host"))
    acct = parse_acct(handle) if isinstance(handle, str) else None
    if of is None or "#" in of or host is None:
        return None
    if acct is None or acct.host is not None or acct.name != handle:
        return None
    key_uri, key = _key(item.get("tertulia:key"), of)
    icon = item.get("icon")
    return CardDocument(
        of=of,
        handle=acct.name,
        host=host,
        name=line(item.get("name"), limit=LONGEST_NAME),
        home=line(item.get("tertulia:home"), limit=LONGEST_NAME),
        avatar=link(icon.get("url")) if isinstance(icon, dict) else None,
        key_uri=key_uri,
        key=key,
    )


def _host(raw: Any) -> str | None:
    try:
        return canonical_authority(raw) if isinstance(raw, str) else None
    except BadUrl:
        return None


def _key(raw: Any, of: str) -> tuple[str | None, str | None]:
    """The key, if it is one and lies where its owner lives."""
    if not isinstance(raw, dict):
        return None, None
    uri, public = optional_reference(raw.get("id")), raw.get("publicKeyMultibase")
    if uri is None or not isinstance(public, str) or origin_of(uri) != origin_of(of):
        return None, None
    try:
        decode_ed25519(public)
    except ValueError:
        return None, None
    return uri, public
