"""Signing in and out with a browser."""

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

from aiohttp.web import Response, StreamResponse

from domain.errors import Problem, TooMany
from social import signin
from social.passwords import Passwords
from social.signin import WrongLogin
from web.call import Call
from web.errors import status_of
from web.pages import cookies
from web.pages.paths import own_path
from web.pages.rendering import page, see_other
from web.pages.wording import gettext as _
from web.routes import Access, Route, get, post

LONGEST_LOGIN: Final = 300

_PASSWORDS: WeakKeyDictionary[asyncio.AbstractEventLoop, Passwords] = WeakKeyDictionary()


def passwords() -> Passwords:
    """What hashes passwords: one for everything that this event loop serves."""
    return _PASSWORDS.setdefault(asyncio.get_running_loop(), Passwords())


async def show(call: Call) -> StreamResponse:
    """GET /sign-in; `next` is where to go afterwards, on this node only (H08)."""
    return await _form(call, "", "", 200)


async def enter(call: Call) -> StreamResponse:
    """POST /sign-in. Whoever had this browser before is signed out (A18)."""
    cookies.check_form(call)
    login = call.params.text("login").strip()[:LONGEST_LOGIN]
    try:
        secret = await signin.sign_in(
            call.services.db,
            passwords(),
            login=login,
            password=call.params.text("password"),
            address=call.address,
            old_secret=cookies.session_secret(call),
        )
    except WrongLogin:
        wrong = _("This name and password do not belong together.")
        return await _form(call, login, wrong, 422)
    except TooMany as problem:
        return await _refused(call, login, problem)
    response = see_other(_next(call))
    cookies.begin(call, response, secret)
    return response


async def _refused(call: Call, login: str, problem: Problem) -> Response:
    response = await _form(call, login, problem.message, status_of(problem))
    if isinstance(problem, TooMany) and problem.retry_after:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


async def _form(call: Call, login: str, problem: str, status: int) -> Response:
    return await page(
        call,
        "sign-in.html",
        status=status,
        login=login,
        problem=problem,
        next=_next(call),
        kept="",
    )


def _next(call: Call) -> str:
    return own_path(call.params.text("next"))


async def leave(call: Call) -> StreamResponse:
    """POST /sign-out: the session ends here, and a copied cookie is worth nothing (A18)."""
    secret = cookies.session_secret(call)
    if secret is not None and call.session is not None:
        await call.services.db.write(signin.end_session, secret)
    response = see_other("/")
    cookies.end(call, response)
    return response


ROUTES: list[Route] = [
    get("/sign-in", show, Access.BROWSER),
    post("/sign-in", enter, Access.BROWSER),
    post("/sign-out", leave, Access.BROWSER),
]
