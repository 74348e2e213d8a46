"""Posts that link to a page."""

from functools import partial

from aiohttp.web import StreamResponse

from domain.web_pages import page_address
from storage.views.link_previews import link_page
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.statuses import Status
from web.mastodon.rendering import timeline
from web.responses import raw_json
from web.routes import Access, Route, get


async def linking(call: Call) -> StreamResponse:
    """GET /api/v1/timelines/link: whoever links to `url`, as a `card` names it.

    A page to which nobody links, and one to which others link out of sight, are the same: empty.
    """
    sent = call.params.maybe("url")
    if sent is None:
        raise BadRequest("url is missing")
    url = page_address(sent)
    if url is None:
        return raw_json(b"[]")
    return await timeline(call, partial(link_page, url=str(url)))


ROUTES: list[Route] = [
    get("/api/v1/timelines/link", linking, Access.ANYONE, "read:statuses", answers=list[Status]),
]
