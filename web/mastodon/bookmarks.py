"""Posts kept for later, and threads of which one wants to hear no more: both known to oneself."""

from collections.abc import Callable

from aiohttp.web import StreamResponse

from social import bookmarks, muted_threads
from storage.tx import Tx
from storage.views import timelines
from storage.views.posts import PostView, visible
from web.call import Call
from web.mastodon.entities.statuses import Status
from web.mastodon.rendering import one, timeline
from web.routes import Access, Handler, Route, get, post

Act = Callable[..., int]


def _marking(act: Act) -> Handler:
    async def mark(call: Call) -> StreamResponse:
        return one(call, await call.write(_mark, act, call=call, post_id=call.id()))

    return mark


def _mark(tx: Tx, act: Act, *, call: Call, post_id: int) -> PostView:
    """Do it to the post that is meant, and show it: of a share what is shared."""
    return visible(tx, act(tx, viewer=call.viewer, post_id=post_id), call.viewer)


async def index(call: Call) -> StreamResponse:
    """GET /api/v1/bookmarks: what the caller keeps and may still read, by the time of keeping."""
    return await timeline(call, timelines.bookmarked_page)


_ONE = "/api/v1/statuses/{id}"

ROUTES: list[Route] = [
    get("/api/v1/bookmarks", index, Access.ACCOUNT, "read:bookmarks", answers=list[Status]),
    *(
        post(f"{_ONE}/{name}", _marking(act), Access.ACCOUNT, scope, answers=Status)
        for name, act, scope in (
            ("bookmark", bookmarks.bookmark, "write:bookmarks"),
            ("unbookmark", bookmarks.unbookmark, "write:bookmarks"),
            ("mute", muted_threads.mute, "write:mutes"),
            ("unmute", muted_threads.unmute, "write:mutes"),
        )
    ),
]
