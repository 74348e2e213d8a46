"""Posts at the top of the own page."""

from collections.abc import Callable

from aiohttp.web import StreamResponse

from social import featuring
from storage.tx import Tx
from storage.views.posts import PostView, visible
from web.call import Call
from web.mastodon.entities.statuses import Status
from web.mastodon.rendering import one
from web.routes import Access, Route, post

Act = Callable[..., None]


async def pin(call: Call) -> StreamResponse:
    """POST /api/v1/statuses/:id/pin, by the author, or by a steward for a community."""
    return one(call, await call.write(_do, featuring.pin, call=call, post_id=call.id()))


async def unpin(call: Call) -> StreamResponse:
    """POST /api/v1/statuses/:id/unpin."""
    return one(call, await call.write(_do, featuring.unpin, call=call, post_id=call.id()))


def _do(tx: Tx, act: Act, *, call: Call, post_id: int) -> PostView:
    meant = visible(tx, post_id, call.viewer)
    act(tx, node=call.node, actor_id=call.person.actor_id, post_id=meant.id)
    return visible(tx, post_id, call.viewer)


ROUTES: list[Route] = [
    post("/api/v1/statuses/{id}/pin", pin, Access.ACCOUNT, "write:accounts", answers=Status),
    post("/api/v1/statuses/{id}/unpin", unpin, Access.ACCOUNT, "write:accounts", answers=Status),
]
