"""Lists of posts: home, what is listed here and elsewhere, one tag, and what somebody likes."""

from functools import partial

from aiohttp.web import StreamResponse

from domain.audience import Viewer
from domain.text import fold_tag
from social.timelines import keep_home, read_home
from storage.tx import Tx
from storage.views import timelines as views
from storage.views.paging import Page
from web.call import Call
from web.fragments import Fragments
from web.mastodon.paging import page_of
from web.mastodon.rendering import Found, answer, complete, timeline
from web.responses import raw_json
from web.routes import Access, Route, get


async def home(call: Call) -> StreamResponse:
    """GET /api/v1/timelines/home; built first for somebody who stayed away for long."""
    services = call.services
    due, found = await call.read(_home, call.viewer, page_of(call), services.fragments)
    if due:
        await keep_home(services.db, viewer=call.viewer)
        if not found.entries:  # it may be from before the home was built
            return await timeline(call, views.home_page)
    return answer(call, found)


def _home(tx: Tx, viewer: Viewer, page: Page, fragments: Fragments) -> tuple[bool, Found]:
    due, entries = read_home(tx, viewer=viewer, page=page)
    return due, complete(tx, entries, viewer, fragments)


async def public(call: Call) -> StreamResponse:
    """GET /api/v1/timelines/public, `local` or `remote` only."""
    if call.params.flag("only_media"):
        return raw_json(b"[]")  # no post has pictures yet
    if call.params.flag("local"):
        return await timeline(call, views.local_page)
    if call.params.flag("remote"):
        return await timeline(call, views.remote_page)
    return await timeline(call, views.public_page)


async def tag(call: Call) -> StreamResponse:
    """GET /api/v1/timelines/tag/:hashtag."""
    folded = fold_tag(call.request.match_info["hashtag"])
    return await timeline(
        call, partial(views.tag_page, tag=folded, local=call.params.flag("local"))
    )


async def favourites(call: Call) -> StreamResponse:
    """GET /api/v1/favourites: what the caller likes, by the time of liking."""
    return await timeline(call, views.liked_page)


ROUTES: list[Route] = [
    get("/api/v1/timelines/home", home, Access.ACCOUNT, "read:statuses"),
    get("/api/v1/timelines/public", public, Access.ANYONE, "read:statuses"),
    get("/api/v1/timelines/tag/{hashtag}", tag, Access.ANYONE, "read:statuses"),
    get("/api/v1/favourites", favourites, Access.ACCOUNT, "read:favourites"),
]
