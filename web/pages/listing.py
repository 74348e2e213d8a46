"""Lists of posts on a page, with the way to older and newer ones."""

from collections.abc import Sequence
from urllib.parse import urlencode

from msgspec import Struct

from storage.views.paging import Page
from storage.views.posts import PostView
from web.call import Call
from web.params import as_id

PER_PAGE = 20
_MARKS = ("max_id", "min_id")


class Listing(Struct, frozen=True):
    """Some posts, newest first; `older` and `newer` are addresses, empty where there is nothing."""

    posts: Sequence[PostView]
    older: str = ""
    newer: str = ""


def page_of(call: Call) -> Page:
    """The part of a list that the address asks for; nonsense is the beginning."""
    query = call.request.query
    marks = {name: as_id(query.get(name, "")) for name in _MARKS}
    return Page(max_id=marks["max_id"], min_id=marks["min_id"], limit=PER_PAGE)


def listing_of(
    call: Call, asked: Page, posts: Sequence[PostView], cursors: Sequence[int]
) -> Listing:
    """The posts with links to both sides; `cursors` are what pages go by, newest first."""
    if not cursors:
        return Listing(posts)
    full = len(cursors) >= PER_PAGE
    is_first = asked.max_id is None and asked.min_id is None
    older = _link(call, max_id=cursors[-1]) if full or asked.min_id is not None else ""
    newer = "" if is_first or (asked.min_id and not full) else _link(call, min_id=cursors[0])
    return Listing(posts, older, newer)


def _link(call: Call, **mark: int) -> str:
    query = call.request.query
    kept = [(name, value) for name, value in query.items() if name not in _MARKS]
    return f"{call.request.rel_url.raw_path}?{urlencode([*kept, *mark.items()])}"
