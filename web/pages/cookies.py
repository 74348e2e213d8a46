"""Cookies of browsers: the session, and a word that ties forms before signing in to one browser.

`__Host-` (where there is https) keeps other hosts of the same domain from setting them; the
session is never handed over but made anew at every sign-in (A18).
"""

import re
import secrets
from typing import Final

from aiohttp.web import Response

from domain.errors import NotAllowed
from domain.ids import token as new_secret
from social.signin import SESSION_MS
from web.authentication import cookie_name
from web.call import Call
from web.services import Services

_WORD: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
FORM_SECONDS: Final = 24 * 3600


def form_cookie_name(services: Services) -> str:
    """The cookie that a form before signing in repeats."""
    return "__Host-form" if services.secure else "form"


def form_word(call: Call) -> str:
    """What this browser's forms must repeat: the session's word, or one of their own."""
    if call.session is not None:
        return call.session.csrf
    held = call.request.cookies.get(form_cookie_name(call.services), "")
    return held if _WORD.fullmatch(held) else new_secret()


def keep_form_word(call: Call, response: Response, word: str) -> None:
    """Let the browser bring the word back with the form."""
    if call.session is None:
        _set(call, response, form_cookie_name(call.services), word, FORM_SECONDS)


def check_form(call: Call) -> None:
    """Refuse a form that this browser did not get from us; with a session, the edge has asked.

    Raises:
        NotAllowed: another site sent it, or the browser keeps no cookies.
    """
    if call.session is not None:
        return
    held = call.request.cookies.get(form_cookie_name(call.services), "")
    sent = call.params.text("csrf")
    fits = secrets.compare_digest(held.encode(), sent.encode())
    if not (fits and _WORD.fullmatch(held)):
        raise NotAllowed("This form is no longer valid. Please open the page again.")


def session_secret(call: Call) -> str | None:
    """The session cookie as it came, whether it is still worth something or not."""
    return call.request.cookies.get(cookie_name(call.services))


def begin(call: Call, response: Response, secret: str) -> None:
    """Give the browser its new session."""
    _set(call, response, cookie_name(call.services), secret, SESSION_MS // 1000)
    _drop(call, response, form_cookie_name(call.services))


def end(call: Call, response: Response) -> None:
    """Take the session from the browser."""
    _drop(call, response, cookie_name(call.services))


def _set(call: Call, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=call.services.secure,
        httponly=True,
        samesite="Lax",
    )


def _drop(call: Call, response: Response, name: str) -> None:
    response.del_cookie(name, path="/", secure=call.services.secure, httponly=True, samesite="Lax")
