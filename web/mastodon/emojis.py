"""The node's own custom emoji: the list for apps, and their pictures for everybody."""

import re
from typing import Final

from aiohttp.web import Response, StreamResponse

from domain.errors import NotFound
from storage.queries import emojis
from web.call import Call
from web.mastodon.entities.emojis import CustomEmoji, own
from web.responses import json
from web.routes import Access, Route, get

_NAME: Final = re.compile(r"([A-Za-z0-9_]{2,40})-([0-9a-f]{16})\.png")
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_FOR_AN_HOUR: Final = "public, max-age=3600"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Access-Control-Allow-Origin": "*",
}


async def everything(call: Call) -> StreamResponse:
    """GET /api/v1/custom_emojis."""
    return json([own(row, call.node) for row in await call.read(emojis.all_emojis)])


async def picture(call: Call) -> StreamResponse:
    """GET /emoji/NAME-DIGEST.png: other servers and apps fetch it without a word of who asks.

    An old address shows the picture that the emoji has now.
    """
    asked = _NAME.fullmatch(call.request.match_info["name"])
    found = await call.read(emojis.picture, asked[1]) if asked is not None else None
    if asked is None or found is None:
        raise NotFound
    content, digest = found
    caching = _FOR_EVER if digest.startswith(asked[2]) else _FOR_AN_HOUR
    headers = _HEADERS | {"Cache-Control": caching}
    return Response(body=content, content_type="image/png", headers=headers)


ROUTES: list[Route] = [
    get("/api/v1/custom_emojis", everything, Access.OPEN, answers=list[CustomEmoji]),
    get("/emoji/{name}", picture, Access.OPEN),
]
