"""Another password by a link that an admin hands over; it works once, within the hour."""

from aiohttp.web import Response, StreamResponse

from domain.errors import Invalid
from social import accounts, attempts
from social import passwords as rules
from social.accounts import Forgetful
from social.attempts import LINKS, Attempt
from social.signin import begin_session
from storage.tx import Tx
from web.call import Call
from web.errors import status_of
from web.pages import cookies
from web.pages.rendering import page, see_other
from web.pages.sign_in import passwords
from web.routes import Access, Route, get, post


async def show(call: Call) -> StreamResponse:
    """GET /reset/{token}: the form; the link is not used up by looking."""
    return await _form(call, await call.read(accounts.reset_for, secret=_token(call)))


async def reset(call: Call) -> StreamResponse:
    """POST /reset/{token}: the new password holds, every other browser and app is signed out."""
    cookies.check_form(call)
    if call.address is not None:
        await call.services.db.write(attempts.take, [Attempt("links", call.address, LINKS)])
    who = await call.read(accounts.reset_for, secret=_token(call))
    try:
        chosen = rules.check(call.params.text("password"), who.handle, who.email)
    except Invalid as problem:
        return await _form(call, who, problem)
    hashed = await passwords().hash(chosen)
    old = cookies.session_secret(call)
    secret = await call.services.db.write(
        _redeem, secret=_token(call), password_hash=hashed, old_secret=old
    )
    response = see_other("/")
    cookies.begin(call, response, secret)
    return response


def _redeem(tx: Tx, *, secret: str, password_hash: str, old_secret: str | None) -> str:
    account_id = accounts.redeem_reset(tx, secret=secret, password_hash=password_hash)
    return begin_session(tx, account_id=account_id, old_secret=old_secret)


def _token(call: Call) -> str:
    return call.request.match_info["token"]


async def _form(call: Call, who: Forgetful, problem: Invalid | None = None) -> Response:
    return await page(
        call,
        "reset.html",
        status=200 if problem is None else status_of(problem),
        handle=who.handle,
        action=call.request.rel_url.raw_path,
        problem="" if problem is None else problem.message,
        shortest=rules.SHORTEST,
    )


ROUTES: list[Route] = [
    get("/reset/{token}", show, Access.BROWSER),
    post("/reset/{token}", reset, Access.BROWSER),
]
