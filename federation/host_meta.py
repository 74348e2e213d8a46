"""Where a domain's WebFinger is, if not at the usual place: host-meta (RFC 6415).

Some domains lead to the server of their handles this way alone. Asked only after the usual place
said that there is nobody.
"""

from typing import Any, Final
from urllib.parse import quote

from selectolax.lexbor import LexborHTMLParser

from activitypub.json import JsonObject, MalformedDocument, parse
from domain.handles import Acct
from federation.fetcher import CannotFetch, Fetcher

ACCEPT: Final = "application/xrd+xml, application/jrd+json;q=0.9, application/json;q=0.8"
LARGEST: Final = 64 << 10
"""Bytes that are read of it."""
LONGEST: Final = 2_000


async def webfinger_elsewhere(fetcher: Fetcher, origin: str, acct: Acct) -> JsonObject:
    """What WebFinger says of a handle where `origin`'s host-meta says to ask.

    The place may be on another server, if this node talks to it. Raises CannotFetch.
    """
    found = await fetcher.content(
        f"{origin}/.well-known/host-meta", accept=ACCEPT, cap=LARGEST, signed=False
    )
    address = template_in(found)
    if address is None:
        raise CannotFetch("host-meta names no place for WebFinger")
    return await fetcher.jrd(address.replace("{uri}", quote(f"acct:{acct}", safe="")))


def template_in(document: bytes) -> str | None:
    """The `lrdd` template of a host-meta document, as XRD or as JRD; None: there is none."""
    text = document.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    found = _in_jrd(text) if text.startswith("{") else _in_xrd(text)
    usable = [each for each in found if "{uri}" in each and len(each) <= LONGEST]
    return usable[0] if usable else None


def _in_jrd(text: str) -> list[str]:
    try:
        links = parse(text.encode(), max_bytes=LARGEST).get("links")
    except MalformedDocument:
        return []
    return [
        link["template"]
        for link in (links if isinstance(links, list) else [])
        if _is_lrdd(link) and isinstance(link.get("template"), str)
    ]


def _is_lrdd(link: Any) -> bool:
    return isinstance(link, dict) and link.get("rel") == "lrdd"


def _in_xrd(text: str) -> list[str]:
    """Read as HTML is: no entities of its own, nothing that is fetched, mistakes forgiven."""
    found = LexborHTMLParser(text).css('link[rel="lrdd"]')
    templates = (node.attributes.get("template") for node in found)
    return [each for each in templates if each]
