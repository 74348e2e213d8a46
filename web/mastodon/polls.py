"""Polls: how they stand, and voting."""

from aiohttp.web import StreamResponse

from domain.errors import Invalid, NotFound
from domain.polls import NewPoll
from social import poll_watch, polls
from storage.tx import Tx
from storage.views.posts import PostView, visible
from web.call import Call
from web.mastodon.entities.polls import Poll
from web.mastodon.entities.polls import poll as entity
from web.params import Params
from web.responses import raw_json
from web.routes import Access, Route, get, post

LONGEST_CHOICE = 4


def wished(params: Params) -> NewPoll | None:
    """The poll that is sent with a post; nothing if there is none. Raises Invalid."""
    if "poll" not in params:
        return None
    sent = params.nested("poll")
    options = tuple(sent.many("options"))
    if not options and "expires_in" not in sent:
        return None
    return NewPoll(
        options,
        sent.integer("expires_in") or 0,
        multiple=sent.flag("multiple"),
        hides_totals=sent.flag("hide_totals"),
    )


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/polls/:id. A poll has its post's id, and its readers."""
    found = await call.read(_asking, call=call)
    if call.viewer.full and poll_watch.is_due(found):
        await call.services.db.write(poll_watch.want, found.id)
    return _shown(call, found)


async def vote(call: Call) -> StreamResponse:
    """POST /api/v1/polls/:id/votes: `choices[]` are numbers of options, from 0."""
    return _shown(call, await call.write(_vote, call=call, choices=_choices(call.params)))


def _choices(params: Params) -> list[int]:
    sent = params.many("choices")
    if not all(one.isascii() and one.isdigit() and len(one) <= LONGEST_CHOICE for one in sent):
        raise Invalid("The poll has no such answer", "choices")
    return [int(one) for one in sent]


def _asking(tx: Tx, *, call: Call) -> PostView:
    found = visible(tx, call.id(), call.viewer).shown
    if found.poll is None:
        raise NotFound
    return found


def _vote(tx: Tx, *, call: Call, choices: list[int]) -> PostView:
    post_id = _asking(tx, call=call).id
    polls.vote(tx, node=call.node, actor_id=call.person.actor_id, post_id=post_id, choices=choices)
    return _asking(tx, call=call)


def _shown(call: Call, post: PostView) -> StreamResponse:
    return raw_json(entity(post, call.node, call.viewer.actor))


ROUTES: list[Route] = [
    get("/api/v1/polls/{id}", show, Access.ANYONE, "read:statuses", answers=Poll),
    post("/api/v1/polls/{id}/votes", vote, Access.ACCOUNT, "write:statuses", answers=Poll),
]
