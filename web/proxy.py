"""Pictures of other servers, asked for by browsers and apps of people here.

The address was made by this node and cannot be made by anybody else: we are nobody's open proxy.
It names no reader, since whoever sees a person sees their picture. Whatever is wrong, the answer
is the same 404 (security rows F10, M09).
"""

import binascii
from base64 import urlsafe_b64decode
from typing import Final

from aiohttp import hdrs
from aiohttp.web import Response, StreamResponse

from domain.errors import NotFound
from domain.filetypes import suffix
from storage.queries.proxied import ProxiedRow
from web.call import Call
from web.media import FENCES
from web.routes import Access, Route, get

_LONGEST: Final = 6_000
_DAY: Final = "private, max-age=86400"


async def show(call: Call) -> StreamResponse:
    """GET /proxy/{mac}/{address}."""
    url = _url_in(call)
    row = await call.services.proxy.picture(url)
    headers = {**FENCES, hdrs.CACHE_CONTROL: _DAY, hdrs.ETAG: f'"{row.digest}"'}
    if headers[hdrs.ETAG] in call.request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return Response(status=304, headers=headers)
    content = await call.services.archive.read(row.digest)
    if content is None:
        row, content = await _again(call, url)
    name = f"{row.key[:16]}{suffix(row.media_type)}"
    headers[hdrs.ETAG] = f'"{row.digest}"'
    headers[hdrs.CONTENT_DISPOSITION] = f'inline; filename="{name}"'
    return Response(body=content, content_type=row.media_type, headers=headers)


async def _again(call: Call, url: str) -> tuple[ProxiedRow, bytes]:
    row = await call.services.proxy.again(url)
    content = await call.services.archive.read(row.digest)
    if content is None:
        raise NotFound
    return row, content


def _url_in(call: Call) -> str:
    """The address that this node put into its own. Raises NotFound."""
    name = call.request.match_info["address"]
    mac = call.request.match_info["mac"]
    if len(name) > _LONGEST or not name.isascii():
        raise NotFound
    try:
        url = urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (binascii.Error, ValueError):
        raise NotFound from None
    if not call.node.links.hold_url(url, mac):
        raise NotFound
    return url


ROUTES: list[Route] = [get("/proxy/{mac}/{address}", show, Access.LINK)]
