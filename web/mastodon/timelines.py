"""Lists of posts: home, what is listed here and elsewhere, one tag, and what somebody likes."""

from functools import partial
from typing import Final

from aiohttp.web import StreamResponse
from msgspec.structs import replace

from domain.audience import Viewer
from domain.text import LONGEST_TAG, fold_tag
from social.timelines import keep_home, read_home
from storage.tx import Tx
from storage.views import narrowed
from storage.views import timelines as views
from storage.views.narrowed import Narrowing
from storage.views.paging import Page
from web.call import Call
from web.fragments import Fragments
from web.mastodon.entities.statuses import Status
from web.mastodon.paging import page_of
from web.mastodon.rendering import Found, answer, complete, timeline
from web.routes import Access, Route, get

MOST_TAGS: Final = 4
"""Tags in each of `any`, `all` and `none` (Mastodon's limit)."""


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
    """GET /api/v1/timelines/public: `local`, `remote`, `only_media`."""
    return await timeline(call, partial(narrowed.public, wish=_wish(call)))


async def tag(call: Call) -> StreamResponse:
    """GET /api/v1/timelines/tag/:hashtag: with `any[]`, `all[]`, `none[]` as well."""
    folded = fold_tag(call.request.match_info["hashtag"].removeprefix("#"))
    wish = replace(
        _wish(call), also=_tags(call, "any"), all_of=_tags(call, "all"), none=_tags(call, "none")
    )
    return await timeline(call, partial(narrowed.tagged, tag=folded, wish=wish))


def _wish(call: Call) -> Narrowing:
    params = call.params
    return Narrowing(params.flag("local"), params.flag("remote"), params.flag("only_media"))


def _tags(call: Call, name: str) -> tuple[str, ...]:
    """Further tags, with or without their `#`; the first few, as in Mastodon."""
    typed = (one.strip().removeprefix("#") for one in call.params.many(name)[:MOST_TAGS])
    return tuple(fold_tag(one[:LONGEST_TAG]) for one in typed if one)


async def favourites(call: Call) -> StreamResponse:
    """GET /api/v1/favourites: what the caller likes, by the time of liking."""
    return await timeline(call, views.liked_page)


ROUTES: list[Route] = [
    get("/api/v1/timelines/home", home, Access.ACCOUNT, "read:statuses", answers=list[Status]),
    get("/api/v1/timelines/public", public, Access.ANYONE, "read:statuses", answers=list[Status]),
    get(
        "/api/v1/timelines/tag/{hashtag}", tag, Access.ANYONE, "read:statuses", answers=list[Status]
    ),
    get("/api/v1/favourites", favourites, Access.ACCOUNT, "read:favourites", answers=list[Status]),
]
