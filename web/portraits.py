"""The pictures of people here, for whoever was told their address.

The address holds the picture's digest, which nobody can guess: who knows of a person was told it,
and with another picture it is another one. Other servers fetch it without a word of who asks.
"""

import re
from typing import Final

from aiohttp import hdrs
from aiohttp.web import Response, StreamResponse

from domain.errors import NotFound
from domain.filetypes import suffix
from storage.queries import portraits
from web.call import Call
from web.media import FENCES
from web.routes import Access, Route, get

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CACHING: Final = "public, max-age=86400, immutable"


async def show(call: Call) -> StreamResponse:
    """GET /portraits/{id}/{digest}. Raises NotFound for any other, whatever the reason."""
    digest = call.request.match_info["digest"]
    known = _DIGEST.fullmatch(digest) is not None
    media_type = await call.read(portraits.media_type, call.id(), digest) if known else None
    content = await call.services.archive.read(digest) if media_type is not None else None
    if media_type is None or content is None:
        raise NotFound
    headers = {**FENCES, hdrs.CACHE_CONTROL: _CACHING, hdrs.ETAG: f'"{digest}"'}
    headers[hdrs.CONTENT_DISPOSITION] = f'inline; filename="{digest[:16]}{suffix(media_type)}"'
    return Response(body=content, content_type=media_type, headers=headers)


ROUTES: list[Route] = [get("/portraits/{id}/{digest}", show, Access.LINK)]
