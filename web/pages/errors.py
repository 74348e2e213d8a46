"""The page that says what went wrong, and nothing about us."""

from typing import Final

from aiohttp.web import Request, Response

from domain.errors import Invalid, NotAllowed, NotFound
from web.pages.rendering import bare_page
from web.pages.wording import gettext as _

_UNSAID: Final = frozenset(
    {"", NotFound.default, Invalid.default, NotAllowed.default, "There is nothing here"}
)


def error_page(request: Request, status: int, message: str) -> Response:
    """A page with a sentence for people; the same for everybody who gets this status and message.

    Not found and not allowed to know are the same page, whoever asks and for what (protocol §1).
    """
    heading, sentence = _words(status)
    said = sentence if message in _UNSAID else message
    return bare_page(request, "error.html", status, heading=heading, message=said)


def _words(status: int) -> tuple[str, str]:
    if status == 404:
        return _("Nothing here"), _("There is nothing at this address, or it is not for you.")
    if status in {401, 403}:
        return _("This is not possible"), _("You cannot do this.")
    if status == 410:
        return _("Gone"), _("It was here, and has been deleted.")
    if status == 429:
        return _("A little too fast"), _("Please wait a few minutes and try again.")
    if status >= 500:
        return _("Something went wrong"), _("It is our fault. Please try again in a moment.")
    return _("That did not work"), _("What was sent could not be understood.")
