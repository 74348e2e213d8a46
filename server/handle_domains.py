"""Whether the domain of the handles leads to this node, as other servers will find out."""

import asyncio
from urllib.parse import quote

from activitypub.json import MalformedDocument, parse
from domain.addresses import parse_url
from domain.node import APPLICATION_HANDLE
from federation.client import Client, Unreachable
from federation.host_meta import template_in
from server.settings import Settings

_ACCEPT = "application/jrd+json, application/json"
_CAP = 64 << 10


def differs(settings: Settings) -> bool:
    """Whether handles end in another domain than the node's own. Settings as they hold."""
    return settings.handle_domain != parse_url(settings.origin).authority


def trouble(settings: Settings) -> str | None:
    """What is wrong with the way from the handle domain to this node; None: nothing.

    The node's own actor is asked for, which everybody may find. Raises Unreachable: something on
    the way does not answer, perhaps because the node does not run.
    """
    return asyncio.run(_trouble(settings))


async def _trouble(settings: Settings) -> str | None:
    scheme = settings.origin.partition(":")[0]
    base = f"{scheme}://{settings.handle_domain}/.well-known"
    resource = quote(f"acct:{APPLICATION_HANDLE}@{settings.handle_domain}", safe="")
    async with Client(
        settings.policy,
        "Tertulia doctor",
        tls_ca_file=settings.tls_ca_file or None,
    ) as client:
        found = await _self_link(client, f"{base}/webfinger?resource={resource}")
        if found is None:
            meta = await client.fetch(f"{base}/host-meta", accept="*/*", cap=_CAP)
            template = template_in(meta.body) if meta.ok else None
            if template is None:
                return f"{base}/webfinger does not lead here: see docs/moving.md"
            found = await _self_link(client, template.replace("{uri}", resource))
    if found is None or not found.startswith(f"{settings.origin}/a/"):
        return f"{base} leads to another server than {settings.origin}: see docs/moving.md"
    return None


async def _self_link(client: Client, url: str) -> str | None:
    """The actor that WebFinger names there, or None."""
    response = await client.fetch(url, accept=_ACCEPT, cap=_CAP)
    if not response.ok:
        return None
    try:
        links = parse(response.body, max_bytes=_CAP).get("links")
    except MalformedDocument:
        return None
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "self":
            return str(link.get("href"))
    return None


__all__ = ["Unreachable", "differs", "trouble"]
