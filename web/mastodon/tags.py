"""Tags: one of them, and those that the caller follows."""

from aiohttp.web import StreamResponse

from domain.audience import Viewer
from domain.errors import NotFound
from domain.text import fold_tag, hashtags
from social import followed_tags as use
from storage.queries import followed_tags as stored
from storage.tx import Tx
from storage.views import tags as views
from storage.views.paging import Page
from storage.views.tags import TagView
from web.call import Call
from web.mastodon.entities.discovery import whole_tag
from web.mastodon.entities.tags import Tag
from web.mastodon.paging import links, page_of
from web.responses import json
from web.routes import Access, Route, get, post

FOLLOWED = 100
"""Tags on a page of those that somebody follows (Mastodon API)."""


def named(call: Call) -> str:
    """The tag in the path, folded, with or without its `#`.

    Raises:
        NotFound: it is nothing that can be a tag.
    """
    typed = call.request.match_info["name"].strip().removeprefix("#")
    if hashtags(f"#{typed}") != [typed]:
        raise NotFound
    return fold_tag(typed)


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/tags/:name: used or not."""
    [found] = await call.read(views.load, call.viewer, [named(call)])
    return json(whole_tag(found, call.node))


async def follow(call: Call) -> StreamResponse:
    """POST /api/v1/tags/:name/follow."""
    found = await call.write(_follow, viewer=call.viewer, tag=named(call))
    return json(whole_tag(found, call.node))


def _follow(tx: Tx, *, viewer: Viewer, tag: str) -> TagView:
    use.follow(tx, viewer=viewer, tag=tag)
    return views.load(tx, viewer, [tag])[0]


async def unfollow(call: Call) -> StreamResponse:
    """POST /api/v1/tags/:name/unfollow."""
    found = await call.write(_unfollow, viewer=call.viewer, tag=named(call))
    return json(whole_tag(found, call.node))


def _unfollow(tx: Tx, *, viewer: Viewer, tag: str) -> TagView:
    use.unfollow(tx, actor_id=viewer.actor, tag=tag)
    return views.load(tx, viewer, [tag])[0]


async def followed(call: Call) -> StreamResponse:
    """GET /api/v1/followed_tags: the newest first; pages go by the Link header alone."""
    page = page_of(call, FOLLOWED)
    cursors, found = await call.read(_followed, call.viewer, page)
    return json([whole_tag(each, call.node) for each in found], headers=links(call, cursors))


def _followed(tx: Tx, viewer: Viewer, page: Page) -> tuple[list[int], list[TagView]]:
    rows = stored.page(tx, viewer.actor, page, 2 * FOLLOWED)
    names = [tag for _, tag in rows]
    return [cursor for cursor, _ in rows], views.load(tx, viewer, names) if names else []


_ONE = "/api/v1/tags/{name}"

ROUTES: list[Route] = [
    get(_ONE, show, Access.ANYONE, "read:statuses", answers=Tag),
    post(f"{_ONE}/follow", follow, Access.ACCOUNT, "write:follows", answers=Tag),
    post(f"{_ONE}/unfollow", unfollow, Access.ACCOUNT, "write:follows", answers=Tag),
    get("/api/v1/followed_tags", followed, Access.ACCOUNT, "read:follows", answers=list[Tag]),
]
