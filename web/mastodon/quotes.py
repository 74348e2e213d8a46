"""Who quotes a post, who may, and taking a quote back."""

from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import Invalid, NotAllowed
from domain.quotes import CHOICES
from social import quotes
from storage.tx import Tx
from storage.views.paging import Page
from storage.views.posts import PostView, load, visible
from storage.views.quotes import page as quoting_page
from web.call import Call
from web.mastodon.entities.statuses import Status
from web.mastodon.paging import links, page_of
from web.mastodon.rendering import one, several
from web.params import Params
from web.responses import raw_json
from web.routes import Access, Route, change, get, post

NAME: Final = "quote_approval_policy"


def policy(params: Params) -> str | None:
    """Who may quote a post, if the client says so. Raises Invalid for another word."""
    sent = params.maybe(NAME)
    if sent is not None and sent not in CHOICES:
        raise Invalid(f"{NAME} is one of {', '.join(CHOICES)}", NAME)
    return sent


async def set_policy(call: Call) -> StreamResponse:
    """PUT /api/v1/statuses/:id/interaction_policy, by the author."""
    choice = policy(call.params)
    if choice is None:
        raise Invalid(f"{NAME} is missing", NAME)
    return one(call, await call.write(_set_policy, call=call, post_id=call.id(), choice=choice))


def _set_policy(tx: Tx, *, call: Call, post_id: int, choice: str) -> PostView:
    author = call.person.actor_id
    quotes.set_policy(tx, node=call.node, author_id=author, post_id=post_id, choice=choice)
    return visible(tx, post_id, call.viewer)


async def quoting(call: Call) -> StreamResponse:
    """GET /api/v1/statuses/:id/quotes: for its author, those that the author may read."""
    cursors, found = await call.read(_quoting, call=call, post_id=call.id(), page=page_of(call))
    return raw_json(several(call, found), headers=links(call, cursors))


def _quoting(tx: Tx, *, call: Call, post_id: int, page: Page) -> tuple[list[int], list[PostView]]:
    quoted = visible(tx, post_id, call.viewer)
    if quoted.author.id != call.person.actor_id:
        raise NotAllowed
    lines = quoting_page(tx, post_id, call.viewer, page)
    return [key for key, _ in lines], load(tx, [each for _, each in lines], call.viewer)


async def revoke(call: Call) -> StreamResponse:
    """POST /api/v1/statuses/:id/quotes/:quoting/revoke: answers with the post that quoted."""
    quoting_id = call.id("quoting")
    return one(call, await call.write(_revoke, call=call, post_id=call.id(), quoting_id=quoting_id))


def _revoke(tx: Tx, *, call: Call, post_id: int, quoting_id: int) -> PostView:
    author = call.person.actor_id
    found = visible(tx, quoting_id, call.viewer)
    quotes.revoke(tx, node=call.node, author_id=author, post_id=post_id, quoting_id=found.id)
    return visible(tx, quoting_id, call.viewer)


_ONE: Final = "/api/v1/statuses/{id}"

ROUTES: list[Route] = [
    *change(
        f"{_ONE}/interaction_policy", set_policy, Access.ACCOUNT, "write:statuses", answers=Status
    ),
    get(f"{_ONE}/quotes", quoting, Access.ACCOUNT, "read:statuses", answers=list[Status]),
    post(
        f"{_ONE}/quotes/{{quoting}}/revoke",
        revoke,
        Access.ACCOUNT,
        "write:statuses",
        answers=Status,
    ),
]
