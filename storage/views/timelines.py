"""Every timeline as one kind of page.

`storage/views/entries.py` is what they are made of. Whoever keeps rendered posts loads only what is
missing of a page (`load_missing`); whoever does not asks for the posts themselves (`home`,
`local`, …), which is the same page loaded whole.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import and_, bindparam, exists, or_

from domain.audience import Kind, Viewer
from domain.kinds import Acceptance
from storage.audience import BOUND, fixed, unblocked
from storage.columns import Id
from storage.queries.home_rules import set_apart
from storage.tables.bookmarks import bookmarks
from storage.tables.pins import pins
from storage.tables.posts import post_tags
from storage.tables.relations import likes
from storage.tables.timelines import home_entries
from storage.tx import Tx
from storage.views.entries import (
    FIRST_HAND,
    FROM_HERE,
    LISTED,
    LISTED_OUTSIDE,
    MOST,
    NO_FOREIGN_REPLY,
    WITH_FILES,
    Entry,
    Key,
    entries_of,
    flag,
    original,
    pages_of,
    post,
)
from storage.views.paging import Page
from storage.views.posts import Filters, PostView, load

__all__ = [
    "MOST",
    "Entry",
    "Key",
    "account",
    "account_page",
    "bookmarked_page",
    "community",
    "community_page",
    "filled",
    "home",
    "home_page",
    "liked_page",
    "load_missing",
    "local",
    "local_page",
    "not_taken_in_page",
    "pinned_page",
    "public",
    "public_page",
    "remote_page",
    "tag",
    "tag_page",
]

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
_HOME: Final = pages_of(
    home_entries.join(post, post.c.id == home_entries.c.post_id),
    home_entries.c.post_id,
    home_entries.c.actor_id == BOUND.actor,
    ~set_apart(home_entries.c.author_id, BOUND.actor),
)
_PUBLIC: Final = pages_of(post, post.c.id, LISTED, FIRST_HAND, NO_FOREIGN_REPLY)
_LOCAL: Final = pages_of(post, post.c.id, FROM_HERE, LISTED, FIRST_HAND, NO_FOREIGN_REPLY)
_LOCAL_OUTSIDE: Final = pages_of(
    post, post.c.id, FROM_HERE, LISTED_OUTSIDE, FIRST_HAND, NO_FOREIGN_REPLY
)
_REMOTE: Final = pages_of(
    post,
    post.c.id,
    ~FROM_HERE,
    LISTED,
    FIRST_HAND,
    NO_FOREIGN_REPLY,
)
_ACCOUNT: Final = pages_of(
    post,
    post.c.id,
    post.c.author_id == bindparam("author_id", type_=Id),
    _ON_ITS_PAGE,
    or_(
        flag("with_replies"),
        and_(NO_FOREIGN_REPLY, or_(post.c.place_id.is_(None), ~_WRAPPER, _STARTS_A_THREAD)),
    ),
    or_(flag("with_shares"), FIRST_HAND),
    or_(~flag("only_media"), WITH_FILES),
    or_(
        bindparam("tag") == "",
        exists()
        .where(post_tags.c.tag == bindparam("tag"), post_tags.c.post_id == post.c.id)
        .correlate_except(post_tags),
    ),
    author=unblocked,
    first=unblocked,
)
_COMMUNITY: Final = pages_of(
    post,
    post.c.id,
    post.c.author_id == bindparam("community_id", type_=Id),
    _WRAPPER,
    author=unblocked,
)
_NOT_TAKEN_IN: Final = pages_of(
    post,
    post.c.id,
    post.c.author_id == BOUND.actor,
    post.c.place_id == bindparam("community_id", type_=Id),
    post.c.acceptance != fixed(Acceptance.ACCEPTED),
)
_TAG: Final = pages_of(
    post_tags.join(post, post.c.id == post_tags.c.post_id),
    post_tags.c.post_id,
    post_tags.c.tag == bindparam("tag"),
    or_(flag("from_anywhere"), FROM_HERE),
    LISTED,
    FIRST_HAND,
)
_TAG_OUTSIDE: Final = pages_of(
    post_tags.join(post, post.c.id == post_tags.c.post_id),
    post_tags.c.post_id,
    post_tags.c.tag == bindparam("tag"),
    post_tags.c.kind == fixed(Kind.PUBLIC),
    FROM_HERE,
    LISTED_OUTSIDE,
    FIRST_HAND,
)
_PINNED: Final = pages_of(
    pins.join(post, post.c.id == pins.c.post_id),
    pins.c.id,
    pins.c.actor_id == bindparam("actor_id", type_=Id),
    author=unblocked,
    first=unblocked,
)
_LIKED: Final = pages_of(
    likes.join(post, post.c.id == likes.c.post_id),
    likes.c.id,
    likes.c.actor_id == BOUND.actor,
    author=unblocked,
    first=unblocked,
)
_BOOKMARKED: Final = pages_of(
    bookmarks.join(post, post.c.id == bookmarks.c.post_id),
    bookmarks.c.id,
    bookmarks.c.actor_id == BOUND.actor,
    author=unblocked,
    first=unblocked,
)


def home_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """What people whom the viewer follows wrote and shared, from the written rows."""
    return entries_of(tx, _HOME, viewer, page)


# What came here because somebody here follows its author says whom our people follow: only full
# members find it in the next lists, everybody else finds what was written here.


def public_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """Listed posts from everywhere that the viewer may read, without answers to others."""
    return entries_of(tx, _PUBLIC if viewer.full else _LOCAL_OUTSIDE, viewer, page)


def local_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """The same, written here."""
    return entries_of(tx, _LOCAL if viewer.full else _LOCAL_OUTSIDE, viewer, page)


def remote_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """The same, written elsewhere."""
    return entries_of(tx, _REMOTE, viewer, page) if viewer.full else []


def account_page(
    tx: Tx,
    viewer: Viewer,
    page: Page,
    *,
    author_id: int,
    with_replies: bool = True,
    with_shares: bool = True,
    only_media: bool = False,
    tag: str = "",
) -> list[Entry]:
    """What one actor wrote and shared; `tag` (folded) narrows it, and so does `only_media`."""
    flags = {"with_replies": with_replies, "with_shares": with_shares, "only_media": only_media}
    return entries_of(tx, _ACCOUNT, viewer, page, author_id=author_id, tag=tag, **flags)


def tag_page(tx: Tx, viewer: Viewer, page: Page, *, tag: str, local: bool = False) -> list[Entry]:
    """Listed posts with this tag (folded), answers too."""
    if not viewer.full:
        return entries_of(tx, _TAG_OUTSIDE, viewer, page, tag=tag)
    return entries_of(tx, _TAG, viewer, page, tag=tag, from_anywhere=not local)


def community_page(tx: Tx, viewer: Viewer, page: Page, *, community_id: int) -> list[Entry]:
    """Everything that was written in a community, answers too, each as the community's wrapper."""
    return entries_of(tx, _COMMUNITY, viewer, page, community_id=community_id)


def not_taken_in_page(tx: Tx, viewer: Viewer, page: Page, *, community_id: int) -> list[Entry]:
    """The viewer's own words that a community elsewhere has not taken in, or has refused."""
    return entries_of(tx, _NOT_TAKEN_IN, viewer, page, community_id=community_id)


def liked_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """What the viewer likes, by the time of liking: pages go by `Entry.cursor`."""
    return entries_of(tx, _LIKED, viewer, page)


def bookmarked_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """What the viewer keeps for later, by the time of keeping: pages go by `Entry.cursor`."""
    return entries_of(tx, _BOOKMARKED, viewer, page)


def pinned_page(tx: Tx, viewer: Viewer, page: Page, *, actor_id: int) -> list[Entry]:
    """What stands at the top of somebody's page, the newest pin first."""
    return entries_of(tx, _PINNED, viewer, page, actor_id=actor_id)


def load_missing(
    tx: Tx, post_ids: Collection[int], viewer: Viewer, filters: Filters | None = None
) -> list[PostView]:
    """Posts of a page that the caller has not rendered yet, for the same viewer."""
    return load(tx, tuple(post_ids), viewer, filters)


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
