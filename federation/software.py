"""What kind of server an origin runs, as its NodeInfo says (FEP-f1d5).

Asked before somebody of that server is let into a community: some kinds show to others what a
member sees. Nobody is believed more for it; who says nothing is treated as the worst known.
"""

from typing import Any, Final

from activitypub.json import JsonObject
from domain.addresses import BadUrl, parse_url
from domain.html import clean_inline
from federation.fetcher import CannotFetch, Fetcher
from storage.queries import keys, origins
from storage.tx import Tx

#: Milliseconds between two questions to the same server, and after which an answer is asked anew.
PAUSE_MS: Final = 24 * 3600 * 1000
LONGEST: Final = 40
SCHEMA: Final = "http://nodeinfo.diaspora.software/ns/schema/2."


async def find_software(fetcher: Fetcher, origin_id: int) -> str | None:
    """The name of the software, in lower case; None if the server does not tell.

    An old answer that cannot be refreshed is better than none.
    """
    origin = await fetcher.db.read(origins.by_id, origin_id)
    if origin is None:
        return None
    if not await fetcher.db.write(_may_ask, origin.origin):
        return origin.software
    try:
        found = _name(await fetcher.jrd(await _address(fetcher, origin.origin)))
    except CannotFetch:
        await fetcher.db.write(keys.let_rest, _mark(origin.origin), 5 * 60 * 1000)
        return origin.software
    if found is not None and found != origin.software:
        await fetcher.db.write(origins.remember_software, origin_id, found)
    return found or origin.software


async def _address(fetcher: Fetcher, origin: str) -> str:
    """Where the newest NodeInfo 2 lies, on the same server (FEP-f1d5 "Discovery")."""
    links = (await fetcher.jrd(f"{origin}/.well-known/nodeinfo")).get("links")
    found = sorted(
        (str(link["rel"]), str(link["href"]))
        for link in (links if isinstance(links, list) else [])
        if _is_ours(link, origin)
    )
    if not found:
        raise CannotFetch("no NodeInfo is listed")
    return found[-1][1]


def _is_ours(link: Any, origin: str) -> bool:
    if not isinstance(link, dict) or not isinstance(link.get("href"), str):
        return False
    try:
        there = parse_url(link["href"]).origin
    except BadUrl:
        return False
    return there == origin and str(link.get("rel", "")).startswith(SCHEMA)


def _name(document: JsonObject) -> str | None:
    software = document.get("software")
    name = software.get("name") if isinstance(software, dict) else None
    return clean_inline(name, limit=LONGEST).lower() or None if isinstance(name, str) else None


def _may_ask(tx: Tx, origin: str) -> bool:
    return keys.may_ask(tx, _mark(origin), PAUSE_MS)


def _mark(origin: str) -> str:
    return f"nodeinfo {origin}"
