"""Every timeline as one kind of page.

One statement finds a page's entries: which post, in which version, by whom, and what the viewer
did to it. Whoever keeps rendered posts by `Entry.key` loads only what is missing (`load_missing`);
whoever does not asks for the posts themselves (`home`, `local`, …), which is the same page loaded
whole. The viewer's rights and blocks are part of the statement, so a page is never filtered
afterwards and an entry may be shown without asking again.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
)

from domain.audience import Kind, Viewer
from domain.ids import HERE
from domain.kinds import Acceptance, FollowState, Limit
from storage.audience import BOUND, fixed, shown, unblocked, viewer_params
from storage.columns import Flag, Id
from storage.tables.actors import actors
from storage.tables.pins import pins
from storage.tables.posts import post_tags, posts
from storage.tables.relations import follows, likes
from storage.tables.timelines import home_entries
from storage.tx import Tx
from storage.views.paging import Page, Paged
from storage.views.posts import (
    PostView,
    liked_by,
    load,
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


class Entry(Struct, frozen=True, gc=False):
    """One line of a timeline. `cursor` is what pages go by: the post's id, or a like's.

    `key` is the post itself; a share has a second key, of the post that it shares. The flags are
    about the post whose words are shown.
    """

    cursor: int
    post_id: int
    version: int
    author_id: int
    author_version: int
    parent_shown: bool
    original_id: int | None
    original_version: int | None
    original_author_id: int | None
    original_author_version: int | None
    original_parent_shown: bool
    liked: bool
    shared: bool
    pinned: bool
    may_quote: int  # domain.quotes.Standing
    quotes: bool

    @property
    def key(self) -> Key:
        """What the entry's own rendering depends on."""
        return Key(self.post_id, self.version, self.author_version, self.parent_shown)

    @property
    def original_key(self) -> Key | None:
        """What the rendering of the shared post depends on, if there is one."""
        if self.original_id is None:
            return None
        return Key(
            self.original_id,
            self.original_version or 0,
            self.original_author_version or 0,
            self.original_parent_shown,
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


def _entries(base: FromClause, cursor: ColumnElement[int], *where: ColumnElement[bool]) -> Paged:
    """The pages of `base`, which holds `post`, by `cursor`."""
    joined = (
        base.join(_author, _author.c.id == post.c.author_id)
        .outerjoin(original, original.c.id == post.c.share_of_id)
        .outerjoin(_original_author, _original_author.c.id == original.c.author_id)
        .outerjoin(_parent, _parent.c.id == post.c.reply_to_id)
        .outerjoin(_original_parent, _original_parent.c.id == original.c.reply_to_id)
    )
    statement = (
        select(
            cursor.label("cursor"),
            post.c.id,
            post.c.version,
            post.c.author_id,
            _author.c.version,
            parent_shown(_parent).label("parent_shown"),
            original.c.id,
            original.c.version,
            original.c.author_id,
            _original_author.c.version,
            parent_shown(_original_parent).label("original_parent_shown"),
            liked_by(_shown_id).label("liked"),
            shared_by(_shown_id).label("shared"),
            pinned_on(_shown_id, _shown_author, post.c.place_id).label("pinned"),
            _MAY_QUOTE.label("may_quote"),
            func.coalesce(original.c.quote_uri, post.c.quote_uri).is_not(None).label("quotes"),
        )
        .select_from(joined)
        .where(*where, shown(post, original), *_without_blocks())
    )
    return Paged(statement, cursor)


def _without_blocks() -> tuple[ColumnElement[bool], ...]:
    by_original = or_(original.c.id.is_(None), unblocked(original.c.author_id))
    return unblocked(post.c.author_id), by_original


def _flag(name: str) -> ColumnElement[bool]:
    return bindparam(name, type_=Flag())


# Replies to oneself are the author's own thread, and stand where posts stand.
_NO_FOREIGN_REPLY: Final = or_(
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
_LISTED: Final = and_(post.c.kind <= fixed(Kind.NODE), _HEARD)
# What a community shows of the words that were written in it (protocol §4): one share of its own.
_WRAPPER: Final = and_(post.c.share_of_id.is_not(None), post.c.author_id == post.c.place_id)
_STARTS_A_THREAD: Final = and_(original.c.reply_to_id.is_(None), original.c.reply_to_uri.is_(None))
# Words have one place where they are listed: on their author's page the author alone finds those
# that were written in a community.
_ON_ITS_PAGE: Final = or_(
    post.c.place_id.is_(None),
    post.c.author_id == post.c.place_id,
    post.c.share_of_id.is_not(None),
    post.c.author_id == BOUND.actor,
)
_FIRST_HAND: Final = post.c.share_of_id.is_(None)
_FROM_HERE: Final = post.c.origin_id == fixed(HERE)

_HOME: Final = _entries(
    home_entries.join(post, post.c.id == home_entries.c.post_id),
    home_entries.c.post_id,
    home_entries.c.actor_id == BOUND.actor,
)
_PUBLIC: Final = _entries(post, post.c.id, _LISTED, _FIRST_HAND, _NO_FOREIGN_REPLY)
_LOCAL: Final = _entries(post, post.c.id, _FROM_HERE, _LISTED, _FIRST_HAND, _NO_FOREIGN_REPLY)
_REMOTE: Final = _entries(
    post,
    post.c.id,
    post.c.origin_id != fixed(HERE),
    _LISTED,
    _FIRST_HAND,
    _NO_FOREIGN_REPLY,
)
_ACCOUNT: Final = _entries(
    post,
    post.c.id,
    post.c.author_id == bindparam("author_id", type_=Id),
    _ON_ITS_PAGE,
    or_(
        _flag("with_replies"),
        and_(_NO_FOREIGN_REPLY, or_(post.c.place_id.is_(None), ~_WRAPPER, _STARTS_A_THREAD)),
    ),
    or_(_flag("with_shares"), _FIRST_HAND),
    or_(
        bindparam("tag") == "",
        exists()
        .where(post_tags.c.tag == bindparam("tag"), post_tags.c.post_id == post.c.id)
        .correlate_except(post_tags),
    ),
)
_COMMUNITY: Final = _entries(
    post, post.c.id, post.c.author_id == bindparam("community_id", type_=Id), _WRAPPER
)
_NOT_TAKEN_IN: Final = _entries(
    post,
    post.c.id,
    post.c.author_id == BOUND.actor,
    post.c.place_id == bindparam("community_id", type_=Id),
    post.c.acceptance != fixed(Acceptance.ACCEPTED),
)
_TAG: Final = _entries(
    post_tags.join(post, post.c.id == post_tags.c.post_id),
    post_tags.c.post_id,
    post_tags.c.tag == bindparam("tag"),
    or_(_flag("from_anywhere"), _FROM_HERE),
    _LISTED,
    _FIRST_HAND,
)
_PINNED: Final = _entries(
    pins.join(post, post.c.id == pins.c.post_id),
    pins.c.id,
    pins.c.actor_id == bindparam("actor_id", type_=Id),
)
_LIKED: Final = _entries(
    likes.join(post, post.c.id == likes.c.post_id), likes.c.id, likes.c.actor_id == BOUND.actor
)


def _page(
    tx: Tx, paged: Paged, viewer: Viewer, page: Page, most: int = MOST, **params: Any
) -> list[Entry]:
    params |= viewer_params(viewer)
    params["now"] = tx.now
    return [Entry(*row) for row in paged.rows(tx, page.clamped(most), params)]


def home_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """What people whom the viewer follows wrote and shared, from the written rows."""
    return _page(tx, _HOME, viewer, page)


# What came here because somebody here follows its author says whom our people follow: only full
# members find it in the next lists, everybody else finds what was written here.


def public_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """Listed posts from everywhere that the viewer may read, without answers to others."""
    return _page(tx, _PUBLIC if viewer.full else _LOCAL, viewer, page)


def local_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """The same, written here."""
    return _page(tx, _LOCAL, viewer, page)


def remote_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """The same, written elsewhere."""
    return _page(tx, _REMOTE, viewer, page) if viewer.full else []


def account_page(
    tx: Tx,
    viewer: Viewer,
    page: Page,
    *,
    author_id: int,
    with_replies: bool = True,
    with_shares: bool = True,
    tag: str = "",
) -> list[Entry]:
    """What one actor wrote and shared; `tag` (folded) narrows it."""
    flags = {"with_replies": with_replies, "with_shares": with_shares}
    return _page(tx, _ACCOUNT, viewer, page, author_id=author_id, tag=tag, **flags)


def tag_page(tx: Tx, viewer: Viewer, page: Page, *, tag: str, local: bool = False) -> list[Entry]:
    """Listed posts with this tag (folded), answers too."""
    return _page(tx, _TAG, viewer, page, tag=tag, from_anywhere=viewer.full and not local)


def community_page(tx: Tx, viewer: Viewer, page: Page, *, community_id: int) -> list[Entry]:
    """Everything that was written in a community, answers too, each as the community's wrapper."""
    return _page(tx, _COMMUNITY, viewer, page, community_id=community_id)


def not_taken_in_page(tx: Tx, viewer: Viewer, page: Page, *, community_id: int) -> list[Entry]:
    """The viewer's own words that a community elsewhere has not taken in, or has refused."""
    return _page(tx, _NOT_TAKEN_IN, viewer, page, community_id=community_id)


def liked_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """What the viewer likes, by the time of liking: pages go by `Entry.cursor`."""
    return _page(tx, _LIKED, viewer, page)


def pinned_page(tx: Tx, viewer: Viewer, page: Page, *, actor_id: int) -> list[Entry]:
    """What stands at the top of somebody's page, the newest pin first."""
    return _page(tx, _PINNED, viewer, page, actor_id=actor_id)


def load_missing(tx: Tx, post_ids: Collection[int], viewer: Viewer) -> list[PostView]:
    """Posts of a page that the caller has not rendered yet, for the same viewer."""
    return load(tx, tuple(post_ids), viewer)


def filled(tx: Tx, entries: Sequence[Entry], viewer: Viewer) -> list[PostView]:
    """The posts of a page, in its order."""
    return load(tx, [entry.post_id for entry in entries], viewer)


def home(tx: Tx, viewer: Viewer, page: Page) -> list[PostView]:
    """`home_page`, loaded whole."""
    return filled(tx, home_page(tx, viewer, page), viewer)


def public(tx: Tx, viewer: Viewer, page: Page) -> list[PostView]:
    """`public_page`, loaded whole."""
    return filled(tx, public_page(tx, viewer, page), viewer)


def local(tx: Tx, viewer: Viewer, page: Page) -> list[PostView]:
    """`local_page`, loaded whole."""
    return filled(tx, local_page(tx, viewer, page), viewer)


def account(
    tx: Tx, viewer: Viewer, page: Page, *, author_id: int, **options: Any
) -> list[PostView]:
    """`account_page`, loaded whole."""
    return filled(tx, account_page(tx, viewer, page, author_id=author_id, **options), viewer)


def community(tx: Tx, viewer: Viewer, page: Page, *, community_id: int) -> list[PostView]:
    """`community_page`, loaded whole."""
    return filled(tx, community_page(tx, viewer, page, community_id=community_id), viewer)


def tag(tx: Tx, viewer: Viewer, page: Page, *, tag: str, local: bool = False) -> list[PostView]:
    """`tag_page`, loaded whole."""
    return filled(tx, tag_page(tx, viewer, page, tag=tag, local=local), viewer)
