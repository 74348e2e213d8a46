"""Collections as they come in: the ids on one page, and where the next page is.

Servers put the entries into `items` or `orderedItems`, as ids or as whole objects, on the
collection itself or on pages, with the first page inside or apart. Only ids are taken: what an
entry says is for its own server to tell.
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import optional_reference, origin_of, types

#: Entries of one page that are looked at (D08).
MOST_ENTRIES: Final = 200
_KINDS: Final = frozenset(
    {"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"}
)


class Part(Struct, frozen=True):
    """What one document of a collection lists. `following`: the next pages, in order.

    `is_whole`: all its entries were looked at.
    """

    items: tuple[str, ...]
    following: tuple[str, ...]
    is_whole: bool = True


def parse_collection(document: JsonObject) -> Part:
    """Read a collection or a page of one. Raises MalformedDocument for anything else."""
    if not _KINDS.intersection(types(document)):
        raise MalformedDocument("not a collection")
    first = document.get("first")
    inside = first if isinstance(first, dict) else {}
    raw = [*_entries(document), *_entries(inside)]
    named = (optional_reference(item) for item in raw[:MOST_ENTRIES])
    items = tuple(dict.fromkeys(item for item in named if item is not None))
    told_inside = "next" in inside or _entries(inside)
    pages = [document.get("next"), inside.get("next") if told_inside else first]
    found = [optional_reference(page) for page in pages]
    return Part(items, tuple(page for page in found if page), len(raw) <= MOST_ENTRIES)


def collection_beside(document: JsonObject, name: str) -> str | None:
    """The id of a collection that an object names; it lies on the object's own server."""
    uri = optional_reference(document.get(name))
    own = optional_reference(document.get("id"))
    if uri is None or own is None or origin_of(uri) != origin_of(own):
        return None
    return uri


def _entries(document: JsonObject) -> list[Any]:
    found: list[Any] = []
    for name in ("items", "orderedItems"):
        raw = document.get(name)
        found += raw if isinstance(raw, list) else [] if raw is None else [raw]
    return found
