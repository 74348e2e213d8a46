"""Pages of the Mastodon API: `max_id`, `since_id`, `min_id`, `limit`."""

from collections.abc import Sequence
from typing import Final

from storage.views.paging import Page
from web.call import Call
from web.errors import BadRequest
from web.responses import page_links

STATUSES: Final = 20
PEOPLE: Final = 40


def page_of(call: Call, default: int = STATUSES) -> Page:
    """The page that a client asks for; at most twice the default size.

    Raises:
        BadRequest: a size that no page can have.
    """
    params = call.params
    return Page(
        max_id=_mark(call, "max_id"),
        since_id=_mark(call, "since_id"),
        min_id=_mark(call, "min_id"),
        limit=limit_of(params.integer("limit"), default),
    )


def limit_of(sent: int | None, default: int) -> int:
    """How many lines a page has. Raises BadRequest below one."""
    if sent is None:
        return default
    if sent < 1:
        raise BadRequest("limit must be a positive number")
    return min(sent, default * 2)


def _mark(call: Call, name: str) -> int | None:
    mark = call.params.integer(name)
    return None if mark is None else max(0, mark)


def links(call: Call, cursors: Sequence[int]) -> dict[str, str]:
    """The `Link` header for the page with these cursors, newest first."""
    return page_links(call.request, call.node.origin, cursors)
