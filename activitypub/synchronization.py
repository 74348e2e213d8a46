"""Follower collection synchronisation between servers (FEP-8fcf).

A digest of the members on the receiving server travels with each delivery, so that a removal that
was lost is noticed. It is the XOR of the SHA-256 of their ids: order does not matter.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

HEADER: Final = "Collection-Synchronization"
_LONGEST: Final = 6_000
_PAIR: Final = re.compile(r'\s*([A-Za-z]{1,32})="([^"\\]{0,2048})"\s*')
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Synchronization(Struct, frozen=True):
    """What the header says: whose collection, where our part of it is listed, and its digest."""

    collection: str
    url: str
    digest: str


def digest(uris: Iterable[str]) -> str:
    """The digest of a set of ids, in hex; of nobody: zeros."""
    total = 0
    for uri in set(uris):
        total ^= int.from_bytes(hashlib.sha256(uri.encode()).digest(), "big")
    return f"{total:064x}"


def header(collection: str, url: str, uris: Iterable[str]) -> str:
    """The header's value for a server where the members `uris` live."""
    return f'collectionId="{collection}", url="{url}", digest="{digest(uris)}"'


def parse(value: str) -> Synchronization | None:
    """Read the header; None if it is not one, or says something twice."""
    if len(value) > _LONGEST:
        return None
    found: dict[str, str] = {}
    for part in value.split(","):
        pair = _PAIR.fullmatch(part)
        if pair is None or pair[1] in found:
            return None
        found[pair[1]] = pair[2]
    said = found.get("digest", "")
    if not {"collectionId", "url"} <= found.keys() or not _DIGEST.fullmatch(said):
        return None
    return Synchronization(found["collectionId"], found["url"], said)
