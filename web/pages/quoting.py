"""Quoting a post and reacting to one, by plain forms."""

from aiohttp.web import Response, StreamResponse
from msgspec.structs import replace

from domain.errors import NotAllowed
from domain.quotes import Standing
from social import reactions
from social.profiles import defaults
from storage.tx import Tx
from storage.views.posts import PostView, visible
from web.call import Call
from web.pages import paths
from web.pages.composing import Compose, blank
from web.pages.rendering import page, see_other
from web.routes import Access, Route, get, post


async def show(call: Call) -> StreamResponse:
    """GET /posts/{id}/quote: the form, for who may quote the post."""
    own = await call.read(defaults, call.person.actor_id)
    form = replace(blank(call.person), quoted=call.id(), may_quote=own.quote_policy)
    return await show_form(call, form, 200)


async def show_form(call: Call, compose: Compose, status: int) -> Response:
    """The form below the post that is to be quoted.

    Raises:
        NotFound: the caller may not read it.
        NotAllowed: the caller may not quote it.
    """
    quoted = await call.read(_quotable, call=call, post_id=compose.quoted or 0)
    compose = replace(compose, quoted=quoted.id)
    return await page(call, "quoting.html", status=status, quoted=quoted, compose=compose)


def _quotable(tx: Tx, *, call: Call, post_id: int) -> PostView:
    found = visible(tx, post_id, call.viewer).shown
    if found.flags.may_quote is Standing.DENIED:
        raise NotAllowed
    return found


async def react(call: Call) -> StreamResponse:
    """POST /posts/{id}/react: like it with an emoji."""
    post_id = await call.write(_react, call=call, emoji=call.params.text("emoji"))
    back = paths.own_path(call.params.text("back"))
    return see_other(paths.with_fragment(back, f"p{post_id}"))


def _react(tx: Tx, *, call: Call, emoji: str) -> int:
    post_id = visible(tx, call.id(), call.viewer).shown.id
    actor_id = call.person.actor_id
    reactions.like(tx, node=call.node, actor_id=actor_id, post_id=post_id, emoji=emoji)
    return post_id


ROUTES: list[Route] = [
    get("/posts/{id}/quote", show, Access.SIGNED_IN),
    post("/posts/{id}/react", react, Access.SIGNED_IN),
]
