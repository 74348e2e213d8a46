"""Pages of posts as JSON: find the page, load what is not rendered yet, fill in the viewer's part.

The finding and the loading are one unit of work on one snapshot. Which posts a viewer may read,
and what the viewer did to them, comes out of that unit each time; only the rendered words are kept.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence

from aiohttp.web import Response
from msgspec import Struct

from domain.audience import Viewer
from domain.quotes import Standing
from storage.queries.polls import choices
from storage.tx import Tx
from storage.views.paging import Page
from storage.views.posts import PostView, QuoteView, ViewerFlags, quotes_for
from storage.views.timelines import Entry, Key, load_missing
from web.call import Call
from web.fragments import Fragments
from web.mastodon.entities.media import filled
from web.mastodon.entities.polls import filled as with_choices
from web.mastodon.entities.polls import in_slots
from web.mastodon.entities.statuses import fixed_part, listing, quote, status, whole
from web.mastodon.paging import links, page_of
from web.responses import raw_json

Finder = Callable[[Tx, Viewer, Page], Sequence[Entry]]


class Found(Struct, gc=False):
    """A page: its lines, the pieces that are rendered already, and the posts that are not.

    `quotes` and `chosen` are the viewer's: what is quoted on it, and what they chose in its polls.
    """

    entries: Sequence[Entry]
    held: dict[Hashable, bytes]
    loaded: list[PostView]
    quotes: dict[int, QuoteView] = {}
    chosen: dict[int, tuple[int, ...]] = {}


def piece_key(key: Key, viewer: Viewer) -> Hashable:
    """Under what a rendered post is kept: its versions, and the viewer's class."""
    return (key.post_id, key.version, key.author_version, key.parent_shown, viewer.full)


def complete(tx: Tx, entries: Sequence[Entry], viewer: Viewer, fragments: Fragments) -> Found:
    """The page with these lines, and the posts of it that nobody has rendered yet."""
    keys = [key for entry in entries for key in entry.keys]
    held = fragments.held(piece_key(key, viewer) for key in keys)
    missing = {key.post_id for key in keys if piece_key(key, viewer) not in held}
    loaded = load_missing(tx, missing, viewer) if missing else []
    quoting = {entry.original_id or entry.post_id for entry in entries if entry.quotes}
    quotes = quotes_for(tx, quoting, viewer) if quoting else {}
    return Found(entries, held, loaded, quotes, _chosen(tx, held.values(), loaded, viewer))


def _chosen(
    tx: Tx, held: Iterable[bytes], loaded: Iterable[PostView], viewer: Viewer
) -> dict[int, tuple[int, ...]]:
    asking = in_slots(held) | {post.shown.id for post in loaded if post.shown.poll is not None}
    return choices(tx, viewer.actor, asking) if asking and viewer.actor else {}


def _find(tx: Tx, find: Finder, viewer: Viewer, page: Page, fragments: Fragments) -> Found:
    return complete(tx, find(tx, viewer, page), viewer, fragments)


async def timeline(call: Call, find: Finder) -> Response:
    """Answer with the page of posts that the client asks for."""
    fragments = call.services.fragments
    return answer(call, await call.read(_find, find, call.viewer, page_of(call), fragments))


def answer(call: Call, found: Found) -> Response:
    """Answer with a page of posts, and its `Link` header."""
    pieces = found.held | _rendered(call, found)
    call.services.fragments.keep(pieces)
    lines = (_line(call, entry, pieces, found) for entry in found.entries)
    body = listing(line for line in lines if line is not None)
    return raw_json(body, headers=links(call, [entry.cursor for entry in found.entries]))


def _rendered(call: Call, found: Found) -> dict[Hashable, bytes]:
    keys = {key.post_id: key for entry in found.entries for key in entry.keys}
    posts = {view.id: view for loaded in found.loaded for view in (loaded, loaded.shown)}
    return {
        piece_key(keys[identifier], call.viewer): fixed_part(view, call.node, call.viewer)
        for identifier, view in posts.items()
        if identifier in keys
    }


def _line(call: Call, entry: Entry, pieces: dict[Hashable, bytes], found: Found) -> bytes | None:
    """One Status; nothing for a post whose author vanished between two statements."""
    flags = _flags(entry) if call.is_signed_in else None
    quoted = quote(found.quotes.get(entry.original_id or entry.post_id), call.node, call.viewer)
    own = pieces.get(piece_key(entry.key, call.viewer))
    if own is None:
        return None
    own = _filled(call, own, found)
    if entry.original_key is None:
        return status(own, flags, quoted=quoted)
    original = pieces.get(piece_key(entry.original_key, call.viewer))
    if original is None:
        return None
    return status(own, flags, status(_filled(call, original, found), flags, quoted=quoted))


def _filled(call: Call, piece: bytes, found: Found) -> bytes:
    viewer_id = call.viewer.actor
    return with_choices(filled(piece, call.node, viewer_id), viewer_id, found.chosen)


def _flags(entry: Entry) -> ViewerFlags:
    return ViewerFlags(entry.liked, entry.shared, entry.pinned, Standing(entry.may_quote))


def one(call: Call, post: PostView) -> Response:
    """Answer with one Status."""
    return raw_json(whole(post, call.node, call.viewer))


def several(call: Call, posts: Iterable[PostView]) -> bytes:
    """An array of Statuses that were loaded for the caller."""
    return listing(whole(post, call.node, call.viewer) for post in posts)
