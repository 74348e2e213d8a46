"""What everybody here is told by the operator: reading, dismissing, reacting."""

import orjson
from aiohttp.web import StreamResponse

from domain.audience import Viewer
from domain.emojis import is_own_shortcode
from domain.node import Node
from social import announcements
from social.streaming import Sent
from storage.queries import emojis
from storage.tx import Tx
from web.call import Call
from web.mastodon.entities import announcements as entities
from web.mastodon.entities.announcements import Announcement
from web.mastodon.entities.formats import Nothing
from web.responses import empty, json
from web.routes import Access, Route, change, delete, get, post

LONGEST_NAME = 64


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/announcements: all that are up, also those that were dismissed (`read`)."""
    return json(await call.read(_shown, call.node, call.viewer))


def _shown(tx: Tx, node: Node, viewer: Viewer) -> list[Announcement]:
    found = announcements.shown_to(tx, viewer)
    names = {one.emoji for one in found[1] if is_own_shortcode(one.emoji)}
    own = emojis.named(tx, sorted(names)) if names else []
    return entities.announcements(found, own, node)


async def dismiss(call: Call) -> StreamResponse:
    """POST /api/v1/announcements/:id/dismiss."""
    await call.write(announcements.dismiss, viewer=call.viewer, announcement_id=call.id())
    return empty()


async def react(call: Call) -> StreamResponse:
    """PUT /api/v1/announcements/:id/reactions/:name."""
    await call.write(
        announcements.react, viewer=call.viewer, announcement_id=call.id(), name=_name(call)
    )
    return empty()


async def unreact(call: Call) -> StreamResponse:
    """DELETE /api/v1/announcements/:id/reactions/:name."""
    await call.write(
        announcements.unreact, viewer=call.viewer, announcement_id=call.id(), name=_name(call)
    )
    return empty()


def _name(call: Call) -> str:
    return call.request.match_info["name"][:LONGEST_NAME].strip(":")


# What is told to those who are connected, when it is sent.


def told(tx: Tx, sent: Sent, node: Node, viewer: Viewer) -> bytes:
    """An announcement that is new or changed. Raises NotFound."""
    row = announcements.visible(tx, viewer, sent.id)
    return orjson.dumps(next(one for one in _shown(tx, node, viewer) if one["id"] == str(row.id)))


def told_reaction(tx: Tx, sent: Sent, node: Node, viewer: Viewer) -> bytes:
    """How many react with an emoji now. Raises NotFound."""
    count = announcements.count_for(tx, viewer, sent.id, sent.detail)
    own = emojis.named(tx, [sent.detail]) if is_own_shortcode(sent.detail) else []
    return orjson.dumps(entities.reacting(count, own, node))


def told_end(tx: Tx, sent: Sent, _node: Node, viewer: Viewer) -> bytes:
    """The bare id of an announcement that was taken down. Raises NotFound."""
    return str(announcements.ended(tx, viewer, sent.id).id).encode()


_ONE = "/api/v1/announcements/{id}"
_REACTION = f"{_ONE}/reactions/{{name}}"

ROUTES: list[Route] = [
    get("/api/v1/announcements", show, Access.ACCOUNT, answers=list[Announcement]),
    post(f"{_ONE}/dismiss", dismiss, Access.ACCOUNT, "write:accounts", answers=Nothing),
    *change(_REACTION, react, Access.ACCOUNT, "write:favourites", answers=Nothing),
    delete(_REACTION, unreact, Access.ACCOUNT, "write:favourites", answers=Nothing),
]
