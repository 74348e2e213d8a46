"""Direct posts: as conversations, and as one list."""

from aiohttp.web import StreamResponse

from social import conversations as use
from storage.tx import Tx
from storage.views import direct
from web.call import Call
from web.mastodon.entities.conversations import Conversation, conversation
from web.mastodon.entities.formats import Nothing
from web.mastodon.entities.statuses import Status
from web.mastodon.paging import links, page_of
from web.mastodon.rendering import timeline
from web.responses import empty, json
from web.routes import Access, Route, delete, get, post


async def index(call: Call) -> StreamResponse:
    """GET /api/v1/conversations: the caller's, the one that was spoken in last first."""
    found = await call.read(direct.page, call.viewer, page_of(call))
    shown = [conversation(each, call.node, call.viewer) for each in found]
    return json(shown, headers=links(call, [each.cursor for each in found]))


async def mark_read(call: Call) -> StreamResponse:
    """POST /api/v1/conversations/:id/read."""
    return json(conversation(await call.write(_mark, call=call), call.node, call.viewer))


def _mark(tx: Tx, *, call: Call) -> direct.Conversation:
    use.mark_read(tx, actor_id=call.viewer.actor, conversation_id=call.id())
    return direct.one(tx, call.viewer, call.id())


async def remove(call: Call) -> StreamResponse:
    """DELETE /api/v1/conversations/:id: off the list; the posts stay."""
    await call.write(use.remove, actor_id=call.person.actor_id, conversation_id=call.id())
    return empty()


async def posts(call: Call) -> StreamResponse:
    """GET /api/v1/timelines/direct: direct posts by the caller and to the caller."""
    return await timeline(call, direct.direct_page)


_ALL = "/api/v1/conversations"
_WRITE = "write:conversations"

ROUTES: list[Route] = [
    get(_ALL, index, Access.ACCOUNT, "read:statuses", answers=list[Conversation]),
    delete(f"{_ALL}/{{id}}", remove, Access.ACCOUNT, _WRITE, answers=Nothing),
    post(f"{_ALL}/{{id}}/read", mark_read, Access.ACCOUNT, _WRITE, answers=Conversation),
    get("/api/v1/timelines/direct", posts, Access.ACCOUNT, "read:statuses", answers=list[Status]),
]
