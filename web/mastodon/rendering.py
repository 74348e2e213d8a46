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
from storage.queries.polls import choices
from storage.tx import Tx
from storage.views.filtering import active, matches_of, named_posts, words_of
from storage.views.paging import Page
from storage.views.posts import Filters, PostView, QuoteView, quotes_for
from storage.views.timelines import Entry, Key, load_missing
from web.call import Call
from web.fragments import Fragment, Fragments
from web.mastodon.entities.polls import in_slots
from web.mastodon.entities.statuses import (
    STRANGER,
    filled,
    fixed_part,
    listing,
    own_words,
    quote,
    status,
    whole,
)
from web.mastodon.paging import links, page_of
from web.responses import raw_json

Finder = Callable[[Tx, Viewer, Page], Sequence[Entry]]


class Found(Struct, gc=False):
    """A page: its lines, the pieces that are rendered already, and the posts that are not.

    `held` and `keys`, under what pieces are kept, go by posts. `quotes`, `chosen` and `filtered`
    are the viewer's: what is quoted on it, what they chose in its polls, and which of their filters
    match, by entry. `words`: what filters look through, for all.
    """

    entries: Sequence[Entry]
    keys: dict[int, Hashable]
    held: dict[int, Fragment]
    loaded: list[PostView]
    quotes: dict[int, QuoteView] = {}
    chosen: dict[int, tuple[int, ...]] = {}
    filtered: dict[int, tuple[Match, ...]] = {}
    words: dict[Hashable, Fragment] = {}


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
    keys = {key.post_id: piece_key(key, viewer) for entry in entries for key in entry.keys}
    held = fragments.held(keys)
    missing = keys.keys() - held.keys() if len(held) < len(keys) else set()
    words: dict[Hashable, Fragment] = {}
    if filters:
        said = {words_key(key): key.post_id for key in map(_said, entries)}
        words = fragments.held({key: key for key in said})
        missing |= {post_id for key, post_id in said.items() if key not in words}
    loaded = load_missing(tx, missing, viewer, filters) if missing else []
    quoting = {entry.original_id or entry.post_id for entry in entries if entry.quotes}
    quotes = quotes_for(tx, quoting, viewer, filters) if quoting else {}
    chosen = _chosen(tx, held.values(), loaded, viewer)
    found = Found(entries, keys, held, loaded, quotes, chosen)
    if filters:
        found.words = words | _words(loaded)
        found.filtered = _matches(tx, found, filters)
    return found


def _said(entry: Entry) -> Key:
    """The post whose words are shown."""
    return entry.original_key or entry.key


def _words(loaded: Iterable[PostView]) -> dict[Hashable, Fragment]:
    said = {view.shown.id: view.shown for view in loaded}
    return {
        words_key(Key(view.id, view.row.version, 0, parent_shown=False)): Fragment(
            (words_of(view).encode(),)
        )
        for view in said.values()
    }


_NO_WORDS: Final = Fragment((b"",))


def _matches(tx: Tx, found: Found, filters: Filters) -> dict[int, tuple[Match, ...]]:
    """Which filters match, by the entry's own id."""
    named = named_posts(tx, filters, found.keys)
    matches: dict[int, tuple[Match, ...]] = {}
    for entry in found.entries:
        said = _said(entry)
        (words,) = found.words.get(words_key(said), _NO_WORDS).parts
        matches[entry.post_id] = matches_of(
            words.decode(), filters, named, said.post_id, entry.post_id
        )
    return matches


def _chosen(
    tx: Tx, held: Iterable[Fragment], loaded: Iterable[PostView], viewer: Viewer
) -> dict[int, tuple[int, ...]]:
    asking = in_slots(part for piece in held if piece.has_slots for part in piece.parts)
    asking |= {post.shown.id for post in loaded if post.shown.poll is not None}
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
    pieces = found.held
    if found.loaded:
        new = _rendered(call, found)
        kept = {found.keys[post_id]: piece for post_id, piece in new.items()}
        call.services.fragments.keep(kept | found.words, era=call.era)
        pieces = pieces | new
    lines: dict[int, bytes] = {}
    for entry in found.entries:
        line = _line(call, entry, pieces, found)
        if line is not None:
            lines[entry.post_id] = line
    return lines


def _rendered(call: Call, found: Found) -> dict[int, Fragment]:
    posts = {view.id: view for loaded in found.loaded for view in (loaded, loaded.shown)}
    return {
        identifier: fixed_part(view, call.node, call.viewer)
        for identifier, view in posts.items()
        if identifier in found.keys
    }


def _line(call: Call, entry: Entry, pieces: dict[int, Fragment], found: Found) -> bytes | None:
    """One Status; nothing for a post whose author vanished between two statements."""
    piece = pieces.get(entry.post_id)
    if piece is None:
        return None
    own = own_words(entry.own_marks, entry.may_quote) if call.viewer.actor else STRANGER
    filtered = found.filtered.get(entry.post_id, ())
    quoted = found.quotes.get(entry.original_id or entry.post_id) if entry.quotes else None
    told = None if quoted is None else quote(quoted, call.node, call.viewer)
    shared = None
    if entry.original_id is not None:
        original = pieces.get(entry.original_id)
        if original is None:
            return None
        shared = status(_filled(call, original, found), own, quoted=told, filtered=filtered)
    return status(_filled(call, piece, found), own, shared, quoted=told, filtered=filtered)


def _filled(call: Call, piece: Fragment, found: Found) -> Fragment:
    if not piece.has_slots:
        return piece
    return filled(piece, call.node, call.viewer.actor, found.chosen)


def one(call: Call, post: PostView) -> Response:
    """Answer with one Status."""
    return raw_json(whole(post, call.node, call.viewer))


def several(call: Call, posts: Iterable[PostView]) -> bytes:
    """An array of Statuses that were loaded for the caller."""
    return listing(whole(post, call.node, call.viewer) for post in posts)
