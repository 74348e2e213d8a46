"""Pages that go by `offset`: trends, the directory (Mastodon API)."""

from typing import Final

from msgspec import Struct

from web.call import Call
from web.errors import BadRequest
from web.mastodon.paging import limit_of
from web.responses import offset_links

DEEPEST: Final = 10_000
"""Where pages end: beyond it is nothing, and no link leads there."""


class Offset(Struct, frozen=True):
    """Which part of a list."""

    limit: int
    offset: int


def offset_of(call: Call, default: int) -> Offset:
    """The part that a client asks for; at most twice the default size.

    Raises:
        BadRequest: a size or a place that no page can have.
    """
    params = call.params
    offset = params.integer("offset", 0) or 0
    if offset < 0:
        raise BadRequest("offset must not be negative")
    return Offset(limit_of(params.integer("limit"), default), min(offset, DEEPEST + 1))


def neighbours(call: Call, page: Offset, shown: int) -> dict[str, str]:
    """The `Link` header: what follows, if the page is full, and what came before."""
    after = page.offset + page.limit
    follows = shown >= page.limit and after <= DEEPEST
    before = max(0, page.offset - page.limit) if page.offset else None
    return offset_links(call.request, call.node.origin, after if follows else None, before)
