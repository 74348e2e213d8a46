"""One post with its thread, and what people do to posts."""

from collections.abc import Callable

from aiohttp.web import Response, StreamResponse

from domain.errors import NotFound
from domain.handles import fold
from social import completing, featuring, posts, reactions
from social.completing import Gaps
from storage.tx import Tx
from storage.views.posts import PostView, visible
from storage.views.threads import Thread, thread
from web.actors.signing import wants_document
from web.call import Call
from web.mastodon.threads import asked_for
from web.pages import paths
from web.pages.composing import Compose, blank
from web.pages.rendering import page, see_other
from web.routes import Access, Handler, Route, get, post

Act = Callable[..., object]
Shown = tuple[PostView, Thread[PostView], Gaps]


async def show(call: Call) -> StreamResponse:
    """GET /@{acct}/{id}: for who may read the post; else there is nothing, whatever the reason."""
    found = await call.read(visible, call.id(), call.viewer)
    author = found.author
    if fold(call.request.match_info["acct"]) != fold(author.acct):
        raise NotFound
    if found.shared_post is not None:
        return see_other(paths.of_post(found))
    if wants_document(call):
        return see_other(found.row.uri)
    answer = None if not call.is_signed_in else blank(call.person, reply_to=found)
    return await show_thread(call, found.id, answer, 200)


async def show_thread(call: Call, post_id: int, compose: Compose | None, status: int) -> Response:
    """A post, what it answers, and what answers it.

    Raises:
        NotFound: the caller may not read it.
    """
    shown, found, gaps = await call.read(_thread, call=call, post_id=post_id)
    public = shown.row.is_world_public and shown.row.is_local
    return await page(
        call,
        "post.html",
        status=status,
        post=shown,
        thread=found,
        gaps=await asked_for(call, gaps),
        compose=compose,
        alternate=shown.row.uri if public else "",
    )


def _thread(tx: Tx, *, call: Call, post_id: int) -> Shown:
    shown = visible(tx, post_id, call.viewer).shown
    return shown, thread(tx, shown.id, call.viewer), completing.gaps(tx, shown.id)


async def go_to(call: Call) -> StreamResponse:
    """GET /posts/{id}: on to the page of the post."""
    return see_other(paths.of_post(await call.read(visible, call.id(), call.viewer)))


def _reaction(act: Act) -> Handler:
    async def react(call: Call) -> StreamResponse:
        post_id = await call.write(_react, act, call=call)
        return see_other(paths.with_fragment(_back(call), f"p{post_id}"))

    return react


def _react(tx: Tx, act: Act, *, call: Call) -> int:
    """Do it to the post that is meant: the shared one, where a share was shown."""
    post_id = visible(tx, call.id(), call.viewer).shown.id
    act(tx, node=call.node, actor_id=call.person.actor_id, post_id=post_id)
    return post_id


async def delete(call: Call) -> StreamResponse:
    """POST /posts/{id}/delete, by its author."""
    await call.write(
        posts.delete_post, node=call.node, author_id=call.person.actor_id, post_id=call.id()
    )
    return see_other(_back(call))


def _back(call: Call) -> str:
    return paths.own_path(call.params.text("back"))


like = _reaction(reactions.like)
unlike = _reaction(reactions.unlike)
share = _reaction(reactions.share)
unshare = _reaction(reactions.unshare)
pin = _reaction(featuring.pin)
unpin = _reaction(featuring.unpin)

ROUTES: list[Route] = [
    get("/@{acct}/{id}", show, Access.BROWSER),
    get("/posts/{id}", go_to, Access.BROWSER),
    post("/posts/{id}/like", like, Access.SIGNED_IN),
    post("/posts/{id}/unlike", unlike, Access.SIGNED_IN),
    post("/posts/{id}/share", share, Access.SIGNED_IN),
    post("/posts/{id}/unshare", unshare, Access.SIGNED_IN),
    post("/posts/{id}/pin", pin, Access.SIGNED_IN),
    post("/posts/{id}/unpin", unpin, Access.SIGNED_IN),
    post("/posts/{id}/delete", delete, Access.SIGNED_IN),
]
