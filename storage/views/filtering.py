"""Which of a viewer's filters match the posts that the viewer is shown.

Evaluated where posts are loaded, so that nothing shows a post without it: pages, threads,
notifications, quotes, searches and streams. Nothing of it is ever kept for somebody else: what may
be kept beside a rendered post are its own words (`words_of`), the same for all who may read it.
"""

from collections.abc import Collection, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import Select, bindparam, or_, select

from domain.audience import Viewer
from domain.filters import Action, Filter, Keyword, Match, Place, folded, matching
from domain.text import to_plain
from storage.audience import BOUND
from storage.columns import Time, any_of
from storage.tables.filters import filter_keywords, filter_posts, filters
from storage.tx import Tx
from storage.views.post_rows import PostView

LONGEST: Final = 20_000
"""Characters of a post that are looked through: twice what anybody writes here."""

_ACTIVE: Select[*tuple[Any, ...]] = (
    select(
        filters.c.id,
        filters.c.title,
        filters.c.places,
        filters.c.action,
        filters.c.until,
        filter_keywords.c.keyword,
        filter_keywords.c.whole_word,
    )
    .select_from(filters.outerjoin(filter_keywords, filter_keywords.c.filter_id == filters.c.id))
    .where(
        filters.c.actor_id == BOUND.actor,
        or_(filters.c.until.is_(None), filters.c.until > bindparam("now", type_=Time)),
    )
    .order_by(filters.c.id, filter_keywords.c.id)
)
_NAMED: Final = select(filter_posts.c.filter_id, filter_posts.c.post_id).where(
    any_of(filter_posts.c.filter_id, "filters"), any_of(filter_posts.c.post_id, "ids")
)


def active(tx: Tx, viewer: Viewer) -> tuple[Filter, ...]:
    """The viewer's filters that have not run out; one statement, none for strangers."""
    if not viewer.actor:
        return ()
    rows = tx.all(_ACTIVE, viewer_id=viewer.actor, now=tx.now)
    return tuple(_filter(list(each)) for _, each in groupby(rows, key=itemgetter(0)))


def _filter(rows: Sequence[tuple[Any, ...]]) -> Filter:
    """One filter of its rows: one for each keyword, or one without."""
    identifier, title, places, action, until, *_ = rows[0]
    keywords = tuple(Keyword(row[5], row[6]) for row in rows if row[5] is not None)
    return Filter(identifier, title, Place(places), action, until, keywords)


def filter_in(post: PostView, place: Place) -> Filter | None:
    """The filter that decides how the post is shown in this place: one that hides, if there is."""
    found = [match.filter for match in post.flags.filtered if place & match.filter.places]
    return next((one for one in found if one.action is Action.HIDE), found[0] if found else None)


def hidden_in(post: PostView, place: Place) -> bool:
    """Whether the viewer for whom the post was loaded wants to see nothing of it in this place."""
    found = filter_in(post, place)
    return found is not None and found.action is Action.HIDE


def words_of(post: PostView) -> str:
    """What filters look through, folded: words, title, warning, choices, and files' descriptions.

    Of a share it is what is shared.
    """
    post = post.shown
    said = [post.row.summary, post.row.title, to_plain(post.row.content)]
    if post.poll is not None:
        said += [option.name for option in post.poll.options]
    said += [file.alt for file in post.files if file.alt]
    # One letter may fold into many: what is looked through is short when it is folded, too.
    return folded("\n".join(said)[:LONGEST])[:LONGEST]


def with_matches(tx: Tx, views: Sequence[PostView], wanted: Sequence[Filter]) -> list[PostView]:
    """The posts, each with the filters that match it; one statement, none without filters."""
    if not wanted or not views:
        return list(views)
    named = named_posts(tx, wanted, {one.id for view in views for one in (view, view.shown)})
    return [_with(view, _of(view, wanted, named)) for view in views]


def _of(
    view: PostView, wanted: Sequence[Filter], named: Collection[tuple[int, int]]
) -> tuple[Match, ...]:
    return matching(wanted, words_of(view), named, post_ids=_once(view.shown.id, view.id))


def _with(view: PostView, matches: tuple[Match, ...]) -> PostView:
    if not matches:
        return view
    shared = None if view.shared_post is None else _with(view.shared_post, matches)
    return replace(view, flags=replace(view.flags, filtered=matches), shared_post=shared)


def named_posts(
    tx: Tx, wanted: Sequence[Filter], post_ids: Collection[int]
) -> frozenset[tuple[int, int]]:
    """(filter, post) for those of the posts that filters name."""
    if not wanted:
        return frozenset()
    rows = tx.all(_NAMED, filters=[one.id for one in wanted], ids=sorted(post_ids))
    return frozenset((row[0], row[1]) for row in rows)


def matches_of(
    words: str, wanted: Sequence[Filter], named: Collection[tuple[int, int]], *post_ids: int
) -> tuple[Match, ...]:
    """The same for a post whose words were kept: `post_ids` its own, and its share's."""
    return matching(wanted, words, named, post_ids=_once(*post_ids))


def _once(*post_ids: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(post_ids))
