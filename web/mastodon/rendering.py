"""Pages of posts as JSON: find the page, load what is not rendered yet, fill in the viewer's part.

The finding and the loading are one unit of work on one snapshot. Which posts a viewer may read,
and what the viewer did to them, comes out of that unit each time; only the rendered words are kept.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final

from aiohttp.web import Response
from msgspec import Struct

from domain.audience import Viewer
from domain.filters import Match
from domain.quotes import Standing
from storage.queries.polls import choices
from storage.tx import Tx
from storage.views.filtering import active, matches_of, named_posts, words_of
from storage.views.paging import Page
from storage.views.posts import Filters, PostView, QuoteView, ViewerFlags, quotes_for
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

    `quotes`, `chosen` and `filtered` are the viewer's: what is quoted on it, what they chose in its
    polls, and which of their filters match, by entry. `words`: what filters look through, for all.
    """

    entries: Sequence[Entry]
    held: dict[Hashable, bytes]
    loaded: list[PostView]
    quotes: dict[int, QuoteView] = {}
    chosen: dict[int, tuple[int, ...]] = {}
    filtered: dict[int, tuple[Match, ...]] = {}
    words: dict[Hashable, bytes] = {}


def piece_key(key: Key, viewer: Viewer) -> Hashable:
    """Under what a rendered post is kept: its versions, and the viewer's class."""
    return (key.post_id, key.version, key.author_version, key.parent_shown, viewer.full)


def words_key(key: Key) -> Hashable:
    """Under what the words of a post are kept that filters look through."""
    return ("words", key.post_id, key.version)


def complete(tx: Tx, entries: Sequence[Entry], viewer: Viewer, fragments: Fragments) -> Found:
    """The page with these lines, and the posts of it that nobody has rendered yet.

    For somebody who filters also those whose words nobody has looked through yet.
    """
    filters = active(tx, viewer)
    keys = [key for entry in entries for key in entry.keys]
    held = fragments.held(piece_key(key, viewer) for key in keys)
    missing = {key.post_id for key in keys if piece_key(key, viewer) not in held}
    said = [entry.original_key or entry.key for entry in entries] if filters else []
    words = fragments.held(words_key(key) for key in said)
    missing |= {key.post_id for key in said if words_key(key) not in words}
    loaded = load_missing(tx, missing, viewer, filters) if missing else []
    quoting = {entry.original_id or entry.post_id for entry in entries if entry.quotes}
    quotes = quotes_for(tx, quoting, viewer, filters) if quoting else {}
    found = Found(entries, held, loaded, quotes, _chosen(tx, held.values(), loaded, viewer))
    if filters:
        found.words = words | _words(loaded)
        found.filtered = _matches(tx, found, filters)
    return found


def _words(loaded: Iterable[PostView]) -> dict[Hashable, bytes]:
    said = {view.shown.id: view.shown for view in loaded}
    return {
        words_key(Key(view.id, view.row.version, 0, parent_shown=False)): words_of(view).encode()
        for view in said.values()
    }


def _matches(tx: Tx, found: Found, filters: Filters) -> dict[int, tuple[Match, ...]]:
    """Which filters match, by the entry's own id."""
    ids = {key.post_id for entry in found.entries for key in entry.keys}
    named = named_posts(tx, filters, ids)
    matches: dict[int, tuple[Match, ...]] = {}
    for entry in found.entries:
        said = entry.original_key or entry.key
        words = found.words.get(words_key(said), b"").decode()
        matches[entry.post_id] = matches_of(words, filters, named, said.post_id, entry.post_id)
    return matches


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
    body = listing(statuses(call, found).values())
    return raw_json(body, headers=links(call, [entry.cursor for entry in found.entries]))


def statuses(call: Call, found: Found) -> dict[int, bytes]:
    """The Status of every entry by its post's id, in their order; what is new is kept."""
    pieces = found.held | _rendered(call, found)
    call.services.fragments.keep(pieces | found.words)
    lines = ((entry.post_id, _line(call, entry, pieces, found)) for entry in found.entries)
    return {post_id: line for post_id, line in lines if line is not None}


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
    flags = _flags(entry, found) if call.is_signed_in else None
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


_STANDINGS: Final = {int(one): one for one in Standing}


def _flags(entry: Entry, found: Found) -> ViewerFlags:
    return ViewerFlags(
        *(entry.liked, entry.shared, entry.pinned, _STANDINGS[entry.may_quote]),
        bookmarked=entry.bookmarked,
        muted=entry.muted,
        filtered=found.filtered.get(entry.post_id, ()),
    )


def one(call: Call, post: PostView) -> Response:
    """Answer with one Status."""
    return raw_json(whole(post, call.node, call.viewer))


def several(call: Call, posts: Iterable[PostView]) -> bytes:
    """An array of Statuses that were loaded for the caller."""
    return listing(whole(post, call.node, call.viewer) for post in posts)
