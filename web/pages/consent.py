"""Consent: an app asks to act for a person, who says yes or no (RFC 6749 §4.1).

The code goes exactly to an address that the app registered, or onto a page from which a person
copies it. Whatever is wrong with the question is told here; nothing is redirected (A01).
"""

import re
from typing import Final
from urllib.parse import urlencode, urlsplit

from aiohttp.web import Response, StreamResponse

from social import apps
from social.apps import OUT_OF_BAND, OAuthProblem, Wish
from storage.tx import Tx
from web.call import Call
from web.pages import wording
from web.pages.errors import error_page
from web.pages.rendering import page, see_other
from web.params import Params
from web.routes import Access, Route, get, post

PATH: Final = "/oauth/authorize"
LONGEST_STATE: Final = 4_000
_CARRIED: Final = (
    *("client_id", "redirect_uri", "response_type", "scope", "state"),
    *("code_challenge", "code_challenge_method"),
)
_PLAIN_HOST: Final = re.compile(r"[a-z0-9.-]+(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE | re.ASCII)


async def ask(call: Call) -> StreamResponse:
    """GET /oauth/authorize."""
    try:
        wish = await call.read(_wish, call.params)
    except OAuthProblem as problem:
        return error_page(call.request, 400, problem.message)
    if not call.is_signed_in or call.params.flag("force_login"):
        return _sign_in_first(call.params)
    return await page(
        call,
        "consent.html",
        form_target=form_target(wish.redirect_uri),
        app=wish.app,
        scopes=wording.scopes(wish.scopes),
        carried=_carried(call.params),
        again=_back_to(call.params),
    )


async def decide(call: Call) -> StreamResponse:
    """POST /oauth/authorize."""
    params = call.params
    try:
        wish = await call.read(_wish, params)
    except OAuthProblem as problem:
        return error_page(call.request, 400, problem.message)
    if not call.is_signed_in:
        return _sign_in_first(params)
    state = params.maybe("state")
    if params.text("decision") != "allow":
        return await _answer(call, wish, error="access_denied", state=state)
    code = await call.write(apps.grant, wish=wish, account_id=call.person.actor_id)
    return await _answer(call, wish, code=code, state=state)


async def _answer(call: Call, wish: Wish, **answer: str | None) -> Response:
    if wish.redirect_uri == OUT_OF_BAND:
        return await page(call, "code.html", app=wish.app, code=answer.get("code") or "")
    return see_other(apps.answer_to(wish.redirect_uri, **answer))


def _wish(tx: Tx, params: Params) -> Wish:
    if len(params.text("state")) > LONGEST_STATE:
        raise OAuthProblem("invalid_request", "The state is too long")
    return apps.wish(
        tx,
        client_id=params.text("client_id"),
        redirect_uri=params.text("redirect_uri"),
        response_type=params.text("response_type"),
        wanted=params.text("scope"),
        challenge=params.maybe("code_challenge"),
        challenge_method=params.maybe("code_challenge_method"),
    )


def _carried(params: Params) -> list[tuple[str, str]]:
    """The question, to be repeated by the form."""
    return [(name, params.text(name)) for name in _CARRIED if name in params]


def _back_to(params: Params) -> str:
    """This question once more; `force_login` was obeyed when one comes back."""
    return f"/sign-in?{urlencode({'next': f'{PATH}?{urlencode(_carried(params))}'})}"


def _sign_in_first(params: Params) -> Response:
    return see_other(_back_to(params))


def form_target(redirect_uri: str) -> str:
    """Where the form may lead, for CSP `form-action`: browsers apply it to redirects as well.

    Only letters that cannot end a directive get through; a host that CSP has no words for, such as
    an IPv6 address, is let in by its scheme.
    """
    if redirect_uri == OUT_OF_BAND:
        return ""
    scheme = redirect_uri.partition(":")[0]
    if not _SCHEME.fullmatch(scheme):
        return ""
    host = urlsplit(redirect_uri).netloc
    if scheme.lower() in {"http", "https"} and _PLAIN_HOST.fullmatch(host):
        return f"{scheme}://{host}"
    return f"{scheme}:"


ROUTES: list[Route] = [
    get(PATH, ask, Access.BROWSER),
    post(PATH, decide, Access.BROWSER),
]
