"""The front page: what this place is, or the home of whoever is signed in."""

from aiohttp.web import Response, StreamResponse
from msgspec.structs import replace

from domain.errors import NotAllowed, NotFound, Problem, TooMany
from social import announcements, posts
from social.profiles import defaults
from social.timelines import home
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import visible
from storage.views.timelines import filled
from web.call import Call
from web.errors import status_of
from web.pages import communities, paths, quoting, reading
from web.pages.composing import (
    Compose,
    blank,
    draft_from,
    kept_pictures,
    must_be_told,
    refilled,
    take_pictures,
)
from web.pages.listing import listing_of, page_of
from web.pages.rendering import page, see_other
from web.routes import Access, Body, Route, get, post


async def show(call: Call) -> StreamResponse:
    """GET /."""
    if not call.is_signed_in:
        return await page(call, "front.html", login="", problem="", next="/")
    own = await call.read(defaults, call.person.actor_id)
    return await show_home(call, replace(blank(call.person), may_quote=own.quote_policy))


async def show_home(call: Call, compose: Compose, status: int = 200) -> Response:
    """The home timeline below the form."""
    asked = page_of(call)
    entries = await home(call.services.db, viewer=call.viewer, page=asked)
    found = await call.read(filled, entries, call.viewer)
    listing = listing_of(call, asked, found, [entry.cursor for entry in entries])
    told = await call.read(announcements.unread_by, call.viewer)
    return await page(
        call, "home.html", status=status, compose=compose, listing=listing, announced=told
    )


async def dismiss(call: Call) -> StreamResponse:
    """POST /announcements/{id}/dismiss."""
    await call.write(announcements.dismiss, viewer=call.viewer, announcement_id=call.id())
    return see_other("/")


async def back_home(_call: Call) -> StreamResponse:
    """GET /posts: where a browser lands that signed in again after sending a form."""
    return see_other("/")


async def write(call: Call) -> StreamResponse:
    """POST /posts. Whatever is wrong, the text stays in the form."""
    if not call.is_signed_in:
        text = call.params.text("text")
        return await page(
            call, "sign-in.html", status=403, login="", problem="", next="/", kept=text
        )
    try:
        media_ids = await take_pictures(call)
        if must_be_told(call, await call.read(_me, call.person.actor_id)):
            return await _again(call, refilled(call, None, await kept_pictures(call)), 422)
        created = await _created(call, media_ids)
    except Problem as problem:
        form = refilled(call, problem, await kept_pictures(call))
        response = await _again(call, form, status_of(problem))
        if isinstance(problem, TooMany) and problem.retry_after:
            response.headers["Retry-After"] = str(problem.retry_after)
        return response
    if "reply_to" not in call.params and "place" not in call.params:
        return see_other("/")
    made = await call.read(visible, created, call.viewer)
    if "reply_to" not in call.params and made.place is not None:
        return see_other(paths.of_actor(made.place))
    return see_other(paths.with_fragment(paths.of_post(made), f"p{created}"))


def _me(tx: Tx, actor_id: int) -> ActorView:
    found = actors.by_id(tx, actor_id)
    if found is None:
        raise NotFound
    return found


async def _created(call: Call, media_ids: list[int]) -> int:
    services = call.services
    made = await posts.write_post(
        services.db,
        services.fetcher,
        node=call.node,
        author_id=call.person.actor_id,
        draft=draft_from(call, media_ids),
        write=call.write,
    )
    return made.post_id


async def _again(call: Call, compose: Compose, status: int) -> Response:
    """The page from which the form was sent; home, where what was answered is gone."""
    if compose.place is not None:
        try:
            return await communities.show_again(call, compose.place, compose, status)
        except NotFound:
            pass
    if compose.quoted is not None:
        try:
            return await quoting.show_form(call, compose, status)
        except (NotAllowed, NotFound):
            pass
    if compose.reply_to is not None:
        try:
            return await reading.show_thread(call, compose.reply_to, compose, status)
        except NotFound:
            pass
    return await show_home(call, compose, status)


ROUTES: list[Route] = [
    post("/announcements/{id}/dismiss", dismiss, Access.SIGNED_IN),
    get("/", show, Access.BROWSER),
    get("/posts", back_home, Access.SIGNED_IN),
    post("/posts", write, Access.BROWSER, body=Body.FILES),
]
