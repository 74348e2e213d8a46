"""Collections as documents: the whole with its first page inside, and each page on its own.

How many entries there are is told nowhere that somebody might count what they cannot see.
"""

from collections.abc import Sequence
from typing import NamedTuple

from activitypub.vocabulary import ACTIVITYSTREAMS, JsonDict


class Entries(NamedTuple):
    """A page's entries, and the address of the next page if there is one."""

    items: Sequence[object]
    following: str | None = None


def page_address(collection: str, mark: str = "", key: int | None = None) -> str:
    """Where a page is: the first one, or the one after `key` (`mark` says on which side)."""
    return f"{collection}?page=true" + (f"&{mark}={key}" if key is not None else "")


def collection(uri: str, first: Entries, **more: object) -> JsonDict:
    """An ordered collection with its first page inside, so that most need no second request."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "OrderedCollection",
        **more,
        "first": _page(page_address(uri), uri, first),
    }


def begun(uri: str, first: str, **more: object) -> JsonDict:
    """An ordered collection that tells where its first page is."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "OrderedCollection",
        **more,
        "first": first,
    }


def page(address: str, part_of: str, entries: Entries, *, context: object = None) -> JsonDict:
    """One page of an ordered collection on its own; `context` if its items need more terms."""
    return {"@context": context or ACTIVITYSTREAMS, **_page(address, part_of, entries)}


def counted(uri: str, total: int) -> JsonDict:
    """A collection of which only the size is told."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": total,
        "orderedItems": [],
    }


def _page(address: str, part_of: str, entries: Entries) -> JsonDict:
    document: JsonDict = {
        "id": address,
        "type": "OrderedCollectionPage",
        "partOf": part_of,
        "orderedItems": list(entries.items),
    }
    if entries.following is not None:
        document["next"] = entries.following
    return document
