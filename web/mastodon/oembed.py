"""oEmbed: what other sites may show of posts that anybody may read."""

import re
from typing import Final

from aiohttp.web import StreamResponse

from domain.audience import ANONYMOUS
from domain.errors import NotFound
from domain.ids import LARGEST
from domain.node import Node
from storage.tx import Tx
from storage.views.posts import PostView, visible
from web.call import Call
from web.mastodon.entities.oembed import WIDTH, OEmbed
from web.mastodon.entities.oembed import oembed as entity
from web.responses import error, json
from web.routes import Access, Route, get

_PATH: Final = re.compile(r"/(?:@[^/?#]+|o|posts)/([0-9]{1,19})")
_NARROWEST: Final = 200


async def show(call: Call) -> StreamResponse:
    """GET /api/oembed: of our own world-public posts alone, whoever asks; else there is nothing."""
    params = call.params
    if params.text("format", "json") != "json":
        return error(501, "Only JSON is given")  # oEmbed §2.3.2
    post_id = _id_in(params.text("url"), call.node)
    post = await call.read(_for_anybody, post_id)
    wanted = params.integer("maxwidth") or WIDTH
    return json(entity(post, call.node, width=max(_NARROWEST, min(wanted, WIDTH))))


def _id_in(url: str, node: Node) -> int:
    """The post that an address of ours names. Raises NotFound."""
    found = _PATH.fullmatch(url.removeprefix(node.origin)) if url.startswith(node.origin) else None
    if found is None or int(found[1]) > LARGEST:
        raise NotFound
    return int(found[1])


def _for_anybody(tx: Tx, post_id: int) -> PostView:
    post = visible(tx, post_id, ANONYMOUS)
    if not post.row.is_local or post.shared_post is not None:
        raise NotFound
    return post


ROUTES: list[Route] = [get("/api/oembed", show, Access.OPEN, answers=OEmbed)]
