"""A page elsewhere sends somebody of ours here, to follow or to answer (FEP-3b86, OStatus).

Whoever made the link is a stranger: opening it asks no other server and does nothing. What is known
here is shown; for the rest there is a button.
"""

from typing import Final

from aiohttp.web import Response, StreamResponse

from social.search import Found, is_name, known, resolve
from web.call import Call
from web.pages import paths
from web.pages.rendering import page, see_other
from web.routes import Access, Route, get, post

LONGEST: Final = 2_000
PATH: Final = "/authorize_interaction"


async def show(call: Call) -> StreamResponse:
    """GET /authorize_interaction?uri=: a person or post that is known here, or the question."""
    text = _meant(call)
    found = Found()
    if is_name(text):
        found = await call.read(known, node=call.node, viewer=call.viewer, text=text)
    return await _answer(call, text, found, asked=not is_name(text))


async def look_up(call: Call) -> StreamResponse:
    """POST /authorize_interaction: ask the other server, by the person's own wish."""
    text, services = _meant(call), call.services
    found = await resolve(services.db, services.fetcher, viewer=call.viewer, q=text)
    return await _answer(call, text, found, asked=True)


async def _answer(call: Call, text: str, found: Found, *, asked: bool) -> Response:
    if found.people:
        return see_other(paths.of_actor(found.people[0]))
    if found.posts:
        return see_other(paths.of_post(found.posts[0]))
    status = 404 if asked else 200
    return await page(call, "interacting.html", status=status, text=text, asked=asked)


def _meant(call: Call) -> str:
    """What is meant: a handle or an address, with or without `acct:` before it."""
    text = call.params.text("uri").strip()[:LONGEST].removeprefix("acct:")
    return f"@{text}" if "@" in text and "://" not in text and text[0] != "@" else text


ROUTES: list[Route] = [
    get(PATH, show, Access.SIGNED_IN),
    post(PATH, look_up, Access.SIGNED_IN),
]
