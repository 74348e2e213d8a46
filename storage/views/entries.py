"""What every timeline is made of: one statement that finds a page's entries.

Which post, in which version, by whom, and what the viewer did to it. The viewer's rights, blocks
and mutes are part of the statement, so a page is never filtered afterwards and an entry may be
shown without asking again. Whoever keeps rendered posts by `Entry.key` loads what is missing alone.
"""

from collections.abc import Callable, Collection
from functools import reduce
from operator import add
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    true,
)

from domain.audience import Kind, Viewer
from domain.ids import HERE
from domain.kinds import FollowState, Limit
from storage.audience import BOUND, fixed, shown, viewer_params, welcome
from storage.columns import Flag, any_of
from storage.tables.actors import actors
from storage.tables.files import files
from storage.tables.posts import posts
from storage.tables.relations import follows
from storage.tx import Tx
from storage.views.paging import Page, Paged
from storage.views.post_rows import BOOKMARKED, LIKED, MARKS, MUTED, PINNED, SHARED
from storage.views.posts import (
    bookmarked_by,
    liked_by,
    muted_by,
    parent_shown,
    pinned_on,
    shared_by,
)
from storage.views.quotes import standing_of

MOST: Final = 40
"""Posts per page at most (Mastodon API)."""


class Key(Struct, frozen=True, gc=False):
    """What the rendering of one post depends on, apart from the viewer's own flags."""

    post_id: int
    version: int
    author_version: int
    parent_shown: bool


# Beside the viewer's marks: the post shown quotes another; what it answers, and what is answered by
# the post that it shares, may be known.
_QUOTES: Final = 32
_PARENT: Final = 64
_ORIGINAL_PARENT: Final = 128


class Entry(Struct, frozen=True, gc=False):
    """One line of a timeline. `cursor` is what pages go by: the post's id, or a like's.

    `key` is the post itself; a share has a second key, of the post that it shares. `marks` are
    bits, about the post whose words are shown: each as a column of its own, and as a bool, cost a
    page 15 µs.
    """

    cursor: int
    post_id: int
    version: int
    author_version: int
    original_id: int | None
    original_version: int | None
    original_author_version: int | None
    may_quote: int  # domain.quotes.Standing
    marks: int

    @property
    def own_marks(self) -> int:
        """What the viewer did to the post (`storage.views.post_rows`)."""
        return self.marks & MARKS

    @property
    def quotes(self) -> bool:
        """Whether the post quotes another."""
        return bool(self.marks & _QUOTES)

    @property
    def key(self) -> Key:
        """What the entry's own rendering depends on."""
        known = bool(self.marks & _PARENT)
        return Key(self.post_id, self.version, self.author_version, known)

    @property
    def original_key(self) -> Key | None:
        """What the rendering of the shared post depends on, if there is one."""
        if self.original_id is None:
            return None
        return Key(
            self.original_id,
            self.original_version or 0,
            self.original_author_version or 0,
            bool(self.marks & _ORIGINAL_PARENT),
        )

    @property
    def keys(self) -> tuple[Key, ...]:
        """Both keys, or the only one."""
        original = self.original_key
        return (self.key,) if original is None else (self.key, original)


post: Final = posts.alias("post")
original: Final = posts.alias("original")
_author: Final = actors.alias("author")
_original_author: Final = actors.alias("original_author")
_parent: Final = posts.alias("parent")
_original_parent: Final = posts.alias("original_parent")

_MAY_QUOTE: Final = case(
    (original.c.id.is_not(None), standing_of(original)), else_=standing_of(post)
)
_shown_id: Final = func.coalesce(original.c.id, post.c.id)
_shown_author: Final = func.coalesce(original.c.author_id, post.c.author_id)
_SAID: Final = {
    LIKED: liked_by(_shown_id),
    SHARED: shared_by(_shown_id),
    PINNED: pinned_on(_shown_id, _shown_author, post.c.place_id),
    BOOKMARKED: bookmarked_by(_shown_id),
    MUTED: muted_by(func.coalesce(original.c.root_id, post.c.root_id)),
    _QUOTES: func.coalesce(original.c.quote_uri, post.c.quote_uri).is_not(None),
    _PARENT: parent_shown(_parent),
    _ORIGINAL_PARENT: parent_shown(_original_parent),
}
# Each bit comes once, so that adding them is to unite them.
_MARKS: Final = reduce(add, (cast(said, Integer) * fixed(bit) for bit, said in _SAID.items()))


Company = Callable[[ColumnElement[int]], ColumnElement[bool]]


def pages_of(
    base: FromClause,
    cursor: ColumnElement[int],
    *where: ColumnElement[bool],
    author: Company = welcome,
    first: Company = welcome,
) -> Paged:
    """The pages of `base`, which holds `post`, by `cursor`.

    Whose words the viewer comes across: `author` of the post or share, `first` of what is shared.
    """
    company = author(post.c.author_id), or_(original.c.id.is_(None), first(original.c.author_id))
    return Paged(_statement(base, cursor, *where, *company), cursor)


def _statement(
    base: FromClause, cursor: ColumnElement[int], *where: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    joined = (
        base.join(_author, _author.c.id == post.c.author_id)
        .outerjoin(original, original.c.id == post.c.share_of_id)
        .outerjoin(_original_author, _original_author.c.id == original.c.author_id)
        .outerjoin(_parent, _parent.c.id == post.c.reply_to_id)
        .outerjoin(_original_parent, _original_parent.c.id == original.c.reply_to_id)
    )
    return (
        select(
            cursor.label("cursor"),
            post.c.id,
            post.c.version,
            _author.c.version,
            original.c.id,
            original.c.version,
            _original_author.c.version,
            _MAY_QUOTE.label("may_quote"),
            _MARKS.label("marks"),
        )
        .select_from(joined)
        .where(*where, shown(post, original))
    )


_NAMED: Final = _statement(post, post.c.id, any_of(post.c.id, "ids"))


def entries_named(tx: Tx, ids: Collection[int], viewer: Viewer) -> dict[int, Entry]:
    """Those of the posts that the viewer may read, by id, whoever wrote them. One statement."""
    rows = tx.all(_NAMED, **viewer_params(viewer), now=tx.now, ids=list(ids)) if ids else []
    return {entry.post_id: entry for entry in (Entry(*row) for row in rows)}


def flag(name: str) -> ColumnElement[bool]:
    """A condition that the caller turns on or off by a parameter."""
    return bindparam(name, type_=Flag())


# Replies to oneself are the author's own thread, and stand where posts stand.
NO_FOREIGN_REPLY: Final = or_(
    and_(post.c.reply_to_id.is_(None), post.c.reply_to_uri.is_(None)),
    post.c.reply_to_author_id == post.c.author_id,
)
_follows: Final = (
    exists()
    .where(
        follows.c.follower_id == BOUND.actor,
        follows.c.target_id == post.c.author_id,
        follows.c.state == fixed(FollowState.ACCEPTED),
    )
    .correlate_except(follows)
)
# Who is silenced is come across by their own followers alone. One term and not three: with more,
# SQLite sorts what it could read in order.
_HEARD: Final = case(
    (post.c.quiet, false()), (_author.c.limited == fixed(Limit.NONE), true()), else_=_follows
)
# Public, network and node; the numbers of kinds stand in this order.
LISTED: Final = and_(post.c.kind <= fixed(Kind.NODE), _HEARD)
# All of it that outsiders may read: found without a look at the rest, so that the time which their
# pages take tells nothing of what colleagues say (protocol §1).
LISTED_OUTSIDE: Final = and_(post.c.kind == fixed(Kind.PUBLIC), _HEARD)
FIRST_HAND: Final = post.c.share_of_id.is_(None)
WITH_FILES: Final = (
    exists()
    .where(files.c.post_id == post.c.id, or_(files.c.fetched_at.is_not(None), files.c.on_demand))
    .correlate_except(files)
)
"""Posts that show pictures, films, sound or documents."""
FROM_HERE: Final = post.c.origin_id == fixed(HERE)


def entries_of(
    tx: Tx, paged: Paged, viewer: Viewer, page: Page, most: int = MOST, **params: Any
) -> list[Entry]:
    """A page of entries for this viewer; `params` are what its statement asks for beside those."""
    params |= viewer_params(viewer)
    params["now"] = tx.now
    return [Entry(*row) for row in paged.rows(tx, page.clamped(most), params)]
