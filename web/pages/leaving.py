"""Leaving this place for good: a warning, the password, and everything is gone."""

from aiohttp.web import Response, StreamResponse

from domain.errors import Conflict, Invalid, NotFound, Problem
from domain.handles import fold
from domain.node import Node
from social import attempts, departures
from social.attempts import LOGIN, Attempt
from storage.queries import accounts, actors
from storage.tx import Tx
from web.call import Call
from web.errors import status_of
from web.pages import cookies
from web.pages.rendering import bare_page, page
from web.pages.sign_in import passwords
from web.pages.wording import gettext as _
from web.routes import Access, Route, get, post


async def show(call: Call) -> StreamResponse:
    """GET /settings/leave."""
    return await _form(call)


async def leave(call: Call) -> StreamResponse:
    """POST /settings/leave: by whoever knows the handle and the password; it cannot be undone."""
    try:
        await _check(call)
        await call.write(_leave, call=call, node=call.node)
    except (Invalid, Conflict) as problem:
        return await _form(call, problem)
    response = bare_page(call.request, "left.html", 200)
    cookies.end(call, response)
    return response


async def _check(call: Call) -> None:
    """Raises Invalid, and TooMany for who guesses."""
    if call.services.rate_limits:
        guess = Attempt("leave", str(call.person.actor_id), LOGIN)
        await call.services.db.write(attempts.take, [guess])
    stored, handle = await call.read(_known, call.person.actor_id)
    if not stored:
        raise Invalid(_("You have no password here. Please ask who runs this place."), "password")
    if fold(call.params.text("handle").strip().removeprefix("@")) != fold(handle):
        raise Invalid(_("This is not your handle."), "handle")
    verdict = await passwords().verify(stored, call.params.text("password"))
    if not verdict.fits:
        raise Invalid(_("This is not your password."), "password")


def _known(tx: Tx, actor_id: int) -> tuple[str, str]:
    account, actor = accounts.by_id(tx, actor_id), actors.by_id(tx, actor_id)
    if account is None or actor is None:
        raise NotFound
    return account.password_hash, actor.handle


def _leave(tx: Tx, *, call: Call, node: Node) -> None:
    me = call.person.actor_id
    departures.leave_for_good(tx, node=node, account_id=me, by_id=me)


async def _form(call: Call, problem: Problem | None = None) -> Response:
    return await page(
        call,
        "leave.html",
        status=200 if problem is None else status_of(problem),
        problem="" if problem is None else problem.message,
    )


ROUTES: list[Route] = [
    get("/settings/leave", show, Access.SIGNED_IN),
    post("/settings/leave", leave, Access.SIGNED_IN),
]
