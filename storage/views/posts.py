"""A post as readers need it, with everything that a page shows beside it.

Posts are loaded for a viewer, and what the viewer may not read is not there. Five statements load
one post or forty, with the posts that they share.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union_all,
)

from domain.audience import Viewer
from domain.errors import NotFound
from domain.filters import Filter
from domain.quotes import Standing
from storage.audience import BOUND, alive, readable, viewer_params
from storage.columns import any_of
from storage.tables.accounts import apps
from storage.tables.bookmarks import bookmarks
from storage.tables.communities import cards
from storage.tables.pins import pins
from storage.tables.posts import posts
from storage.tables.relations import likes
from storage.tables.threads import muted_threads
from storage.tx import Tx
from storage.views import filtering, named
from storage.views.beside import Found, assembled
from storage.views.post_rows import PostRow, PostView, QuoteView, Tag, ViewerFlags
from storage.views.quotes import authorized, for_viewer, of_ids, quoting, standing_of

__all__ = [
    "COLUMNS",
    "Filters",
    "PostRow",
    "PostView",
    "QuoteView",
    "Tag",
    "ViewerFlags",
    "bookmarked_by",
    "for_delivery",
    "liked_by",
    "load",
    "muted_by",
    "parent_shown",
    "pinned_on",
    "quotes_for",
    "shared_by",
    "visible",
]


COLUMNS: Final = tuple(posts.c)
"""What a `PostRow` is made of, in its order."""

_parent: Final = posts.alias("parent")


def liked_by(post_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer likes the post."""
    return (
        exists()
        .where(likes.c.actor_id == BOUND.actor, likes.c.post_id == post_id)
        .correlate_except(likes)
    )


def shared_by(post_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer shares the post."""
    mine = posts.alias("mine")
    return (
        exists()
        .where(mine.c.share_of_id == post_id, mine.c.author_id == BOUND.actor, alive(mine))
        .correlate_except(mine)
    )


def bookmarked_by(post_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer keeps the post for later."""
    return _if_any(bookmarks.c.actor_id == BOUND.actor, bookmarks.c.post_id == post_id, bookmarks)


def muted_by(root_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer wants to be told nothing more of the thread that begins there."""
    mine = muted_threads.c.actor_id == BOUND.actor
    return _if_any(mine, muted_threads.c.root_id == root_id, muted_threads)


def _if_any(
    mine: ColumnElement[bool], meant: ColumnElement[bool], table: FromClause
) -> ColumnElement[bool]:
    """Whether one of the viewer's rows is meant, for what most people have none of.

    Whether there are any at all is asked once for a page. A CASE, as in `parent_shown`.
    """
    any_at_all = exists().where(mine).correlate_except(table)
    found = exists().where(mine, meant).correlate_except(table)
    return case((and_(any_at_all, found), true()), else_=false())


def pinned_on(
    post_id: ColumnElement[Any], author_id: ColumnElement[Any], place_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Whether the post stands at the top of its place: its community's page, or the viewer's own.

    What somebody else has pinned is told by that page alone. A CASE, as in `parent_shown`.
    """
    there = func.coalesce(place_id, author_id)
    pinned = (
        exists().where(pins.c.actor_id == there, pins.c.post_id == post_id).correlate_except(pins)
    )
    meant = or_(place_id.is_not(None), author_id == BOUND.actor)
    return case((and_(meant, pinned), true()), else_=false())


def _wanted() -> Any:
    """The ids asked for, and those of the posts that they share."""
    inner = posts.alias("wanted")
    asked = any_of(inner.c.id, "ids")
    shares = select(inner.c.share_of_id).where(asked, inner.c.share_of_id.is_not(None))
    return union_all(select(inner.c.id).where(asked), shares)


def _statement(
    condition: ColumnElement[bool],
    *more: ColumnElement[Any],
    beside: tuple[FromClause, ColumnElement[bool]] | None = None,
) -> Select[*tuple[Any, ...]]:
    joined = posts.outerjoin(_parent, _parent.c.id == posts.c.reply_to_id).outerjoin(
        apps, apps.c.id == posts.c.app_id
    )
    if beside is not None:
        joined = joined.outerjoin(*beside)
    return (
        select(*COLUMNS, _parent.c.uri, apps.c.name, *more)
        .select_from(joined)
        .where(posts.c.id.in_(_wanted()), condition)
    )


def parent_shown(parent: Any) -> ColumnElement[bool]:
    """Whether the viewer may know of the post that is answered; `parent` is outer-joined.

    As a CASE: in a result column SQLite works out all of an AND, in a condition only what it must.
    """
    known = and_(parent.c.id.is_not(None), alive(parent), readable(parent))
    return case((known, true()), else_=false())


# Who is known by a community's card alone has that name in it: authors and those named.
_card: Final = cards.alias("card")
_with_card: Final = and_(
    _card.c.community_id == posts.c.place_id, _card.c.actor_id == posts.c.author_id
)
_FOR_VIEWER: Final = _statement(
    and_(alive(posts), readable(posts)),
    parent_shown(_parent).label("parent_shown"),
    liked_by(posts.c.id).label("liked"),
    shared_by(posts.c.id).label("shared"),
    pinned_on(posts.c.id, posts.c.author_id, posts.c.place_id).label("pinned"),
    standing_of(posts).label("may_quote"),
    bookmarked_by(posts.c.id).label("bookmarked"),
    muted_by(posts.c.root_id).label("muted"),
    *named.columns(_card),
    beside=(_card, _with_card),
)
_FOR_DELIVERY: Final = _statement(true())
_WIDTH: Final = len(COLUMNS)


Filters = Sequence[Filter]
"""A viewer's filters, where they were asked for already (`storage.views.filtering.active`)."""


def load(
    tx: Tx, ids: Sequence[int], viewer: Viewer, filters: Filters | None = None
) -> list[PostView]:
    """Those of the posts that the viewer may read, in the order of `ids`.

    A share is there only together with the post that it shares. Five statements, however many; a
    sixth where one of them asks something, and a load of what they quote where one of them quotes.
    Another for the viewer's filters, unless the caller has them, and one if there are any.
    """
    wanted = filtering.active(tx, viewer) if filters is None else filters
    quoted = partial(_quoted, filters=wanted)
    return quoting(tx, _plain(tx, ids, viewer, wanted), viewer, quoted, deep=True)


def quotes_for(
    tx: Tx, post_ids: Collection[int], viewer: Viewer, filters: Filters = ()
) -> dict[int, QuoteView]:
    """What these posts quote, for a page whose words are rendered already."""
    quoted = partial(_quoted, filters=filters)
    return for_viewer(tx, of_ids(tx, post_ids), viewer, quoted, deep=True)


def _quoted(tx: Tx, ids: Sequence[int], viewer: Viewer, filters: Filters) -> list[PostView]:
    """What is quoted: what it quotes in turn is named, and not opened."""
    plain = partial(_plain, filters=filters)
    return quoting(tx, _plain(tx, ids, viewer, filters), viewer, plain, deep=False)


def _plain(tx: Tx, ids: Sequence[int], viewer: Viewer, filters: Filters) -> list[PostView]:
    rows = tx.all(_FOR_VIEWER, ids=list(ids), **viewer_params(viewer), now=tx.now)
    found = assembled(tx, ids, [_for_viewer(row) for row in rows], viewer.actor)
    return filtering.with_matches(tx, found, filters)


def visible(tx: Tx, post_id: int, viewer: Viewer) -> PostView:
    """One post for one viewer. Raises NotFound, whatever the reason."""
    found = load(tx, (post_id,), viewer)
    if not found:
        raise NotFound
    return found[0]


def for_delivery(tx: Tx, post_id: int) -> PostView:
    """A post without a viewer, for the outbox alone; deleted ones too. Raises NotFound."""
    rows = tx.all(_FOR_DELIVERY, ids=[post_id])
    found = authorized(tx, assembled(tx, (post_id,), [_unasked(row) for row in rows]))
    if not found:
        raise NotFound
    return found[0]


def _for_viewer(columns: tuple[Any, ...]) -> Found:
    uri, app, parent_is_shown, *flags = columns[_WIDTH:]
    liked, shared, pinned, may_quote, bookmarked, muted, *card = flags
    row = PostRow(*columns[:_WIDTH])
    if not parent_is_shown and (row.reply_to_id or row.reply_to_author_id):
        row = replace(row, reply_to_id=None, reply_to_author_id=None)
    done = ViewerFlags(
        *(bool(liked), bool(shared), bool(pinned), Standing(may_quote)),
        bookmarked=bool(bookmarked),
        muted=bool(muted),
    )
    parent_uri = uri if parent_is_shown else row.reply_to_uri
    return Found(row, parent_uri, app, done, named.name_of(card))


def _unasked(columns: tuple[Any, ...]) -> Found:
    uri, app = columns[_WIDTH:]
    row = PostRow(*columns[:_WIDTH])
    return Found(row, uri or row.reply_to_uri, app)
