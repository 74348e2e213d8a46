"""What is talked about these days, as far as the caller may read it (docs/decisions/0030)."""

from typing import Final

from aiohttp.web import StreamResponse

from domain.audience import Viewer
from storage.tx import Tx
from storage.views import tags as tag_views
from storage.views import trends
from storage.views.link_previews import trending
from storage.views.posts import PostView, load
from storage.views.tags import TagView
from web.call import Call
from web.mastodon.entities.discovery import whole_tag
from web.mastodon.entities.link_previews import PreviewCard, trending_link
from web.mastodon.entities.statuses import Status
from web.mastodon.entities.tags import Tag
from web.mastodon.offsets import Offset, neighbours, offset_of
from web.mastodon.paging import STATUSES
from web.mastodon.rendering import several
from web.responses import json, raw_json
from web.routes import Access, Route, get

FEW: Final = 10
"""Tags or links on a page, if nothing else is asked for."""


async def tags(call: Call) -> StreamResponse:
    """GET /api/v1/trends/tags, and /api/v1/trends as it was called before."""
    page = offset_of(call, FEW)
    found = await call.services.db.slow(_tags, call.viewer, page)
    shown = [whole_tag(each, call.node) for each in found]
    return json(shown, headers=neighbours(call, page, len(found)))


def _tags(tx: Tx, viewer: Viewer, page: Offset) -> list[TagView]:
    found = trends.tags(tx, viewer, limit=page.limit, offset=page.offset)
    return tag_views.load(tx, viewer, found)


async def statuses(call: Call) -> StreamResponse:
    """GET /api/v1/trends/statuses."""
    page = offset_of(call, STATUSES)
    found = await call.services.db.slow(_statuses, call.viewer, page)
    return raw_json(several(call, found), headers=neighbours(call, page, len(found)))


def _statuses(tx: Tx, viewer: Viewer, page: Offset) -> list[PostView]:
    found = trends.post_ids(tx, viewer, limit=page.limit, offset=page.offset)
    return load(tx, found, viewer)


async def links(call: Call) -> StreamResponse:
    """GET /api/v1/trends/links: pages to which several people link."""
    page = offset_of(call, FEW)
    found = await call.services.db.slow(trending, call.viewer, limit=page.limit, offset=page.offset)
    drawn = (
        trending_link(
            each.preview, call.node, [(on.begins // 1000, on.uses, on.people) for on in each.days]
        )
        for each in found
    )
    shown = [link for link in drawn if link is not None]
    return json(shown, headers=neighbours(call, page, len(found)))


ROUTES: list[Route] = [
    get("/api/v1/trends", tags, Access.ANYONE, answers=list[Tag]),
    get("/api/v1/trends/tags", tags, Access.ANYONE, answers=list[Tag]),
    get("/api/v1/trends/statuses", statuses, Access.ANYONE, answers=list[Status]),
    get("/api/v1/trends/links", links, Access.ANYONE, answers=list[PreviewCard]),
]
