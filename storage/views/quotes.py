"""What posts quote, for one viewer; and whether a viewer may quote a post.

The quoted post is loaded with the viewer's own rights: who may not read it sees a quote of
something that is not there, and cannot tell whether it ever was (security.md G19).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, bindparam, case, exists, or_, select

from domain.audience import Kind, Viewer
from domain.ids import HERE
from domain.kinds import FollowState
from domain.quotes import QuotePolicy, QuoteState, Standing
from storage.audience import (
    BOUND,
    Posts,
    alive,
    fixed,
    is_shut_out,
    readable,
    unblocked,
    viewer_params,
    welcome,
)
from storage.columns import Id, any_of
from storage.queries.quotes import QuoteRow
from storage.tables.posts import posts
from storage.tables.quotes import quotes
from storage.tables.relations import follows
from storage.tx import Tx
from storage.views.paging import Page, Paged
from storage.views.post_rows import PostView, QuoteView

Loading = Callable[[Tx, Sequence[int], Viewer], list[PostView]]


def _follows(follower: ColumnElement[int], target: ColumnElement[int]) -> ColumnElement[bool]:
    accepted = and_(
        follows.c.follower_id == follower,
        follows.c.target_id == target,
        follows.c.state == fixed(FollowState.ACCEPTED),
    )
    found: ColumnElement[bool] = exists().where(accepted).correlate_except(follows)
    return found


def standing_of(post: Posts) -> ColumnElement[int]:
    """What happens if the viewer quotes this row of `posts` (`domain.quotes.Standing`).

    The SQL twin of `domain.quotes.standing`, and of the rules of protocol §1 before it: nobody
    quotes what is for some people only, and other servers' posts only if anybody may read them.
    """
    columns = post.c
    policy: Any = columns.quote_policy
    everywhere = and_(columns.kind == fixed(Kind.PUBLIC), columns.root_kind == fixed(Kind.PUBLIC))
    wide = and_(columns.kind <= fixed(Kind.NODE), columns.root_kind <= fixed(Kind.NODE))
    possible = and_(wide, or_(columns.origin_id == fixed(HERE), everywhere))

    def says(one: QuotePolicy) -> Any:
        return policy.op("&")(fixed(one)) != fixed(0)

    follower = _follows(BOUND.actor, columns.author_id)
    followed = _follows(columns.author_id, BOUND.actor)
    return case(
        (or_(~possible, BOUND.actor == fixed(0)), fixed(Standing.DENIED)),
        (columns.author_id == BOUND.actor, fixed(Standing.AUTOMATIC)),
        (says(QuotePolicy.PUBLIC), fixed(Standing.AUTOMATIC)),
        (and_(says(QuotePolicy.FOLLOWERS), follower), fixed(Standing.AUTOMATIC)),
        (and_(says(QuotePolicy.FOLLOWING), followed), fixed(Standing.AUTOMATIC)),
        (says(QuotePolicy.ASK_PUBLIC), fixed(Standing.MANUAL)),
        (and_(says(QuotePolicy.ASK_FOLLOWERS), follower), fixed(Standing.MANUAL)),
        (and_(says(QuotePolicy.ASK_FOLLOWING), followed), fixed(Standing.MANUAL)),
        (says(QuotePolicy.OTHERS | QuotePolicy.ASK_OTHERS), fixed(Standing.UNKNOWN)),
        else_=fixed(Standing.DENIED),
    )


_OF_POSTS: Final = select(*tuple(quotes.c)).where(any_of(quotes.c.post_id, "ids"))


def authorized(tx: Tx, views: Sequence[PostView]) -> list[PostView]:
    """Posts with what they quote as other servers are told; nothing is asked where none quotes."""
    rows = _of_posts(tx, views)
    if not rows:
        return list(views)
    return [_with(view, lambda post: _told(rows.get(post.id))) for view in views]


def quoting(
    tx: Tx, views: Sequence[PostView], viewer: Viewer, load: Loading, *, deep: bool
) -> list[PostView]:
    """Posts with what they quote, for this viewer; one statement, and one load if any quotes.

    A quoted post's own quote is named alone (`deep` false): a quote of a quote is not opened.
    """
    found = of_views(tx, views, viewer, load, deep=deep)
    if not found:
        return list(views)
    return [_with(view, lambda post: found.get(post.id)) for view in views]


def _with(view: PostView, quote: Callable[[PostView], QuoteView | None]) -> PostView:
    if view.shared_post is not None:
        return replace(view, shared_post=_with(view.shared_post, quote))
    return view if view.row.quote_uri is None else replace(view, quote=quote(view))


def _of_posts(tx: Tx, views: Iterable[PostView]) -> dict[int, QuoteRow]:
    ids = {view.shown.id for view in views if view.shown.row.quote_uri is not None}
    return of_ids(tx, ids)


def of_ids(tx: Tx, post_ids: Collection[int]) -> dict[int, QuoteRow]:
    """The quotes of those of the posts that quote; one statement, none if there are no posts."""
    if not post_ids:
        return {}
    rows = [QuoteRow(*row) for row in tx.all(_OF_POSTS, ids=sorted(post_ids))]
    return {row.post_id: row for row in rows if row.post_id is not None}


def of_views(
    tx: Tx, views: Iterable[PostView], viewer: Viewer, load: Loading, *, deep: bool
) -> dict[int, QuoteView]:
    """What these posts quote, by the quoting post."""
    return for_viewer(tx, _of_posts(tx, views), viewer, load, deep=deep)


def for_viewer(
    tx: Tx, rows: dict[int, QuoteRow], viewer: Viewer, load: Loading, *, deep: bool
) -> dict[int, QuoteView]:
    """The same for quotes that were found before: what the viewer gets to see of each."""
    wanted = [row.quoted_id for row in rows.values() if row.quoted_id is not None]
    accepted = {row.quoted_id for row in rows.values() if row.state is QuoteState.ACCEPTED}
    if deep:
        shown = {view.id: view for view in load(tx, _once(wanted), viewer)} if wanted else {}
        known = set(shown)
    else:
        shown, known = {}, _readable(tx, _once(wanted), viewer)
    avoided = _avoided(tx, _once(known & accepted), viewer) if known else {}
    seen = {
        post_id: _seen(row, shown.get(row.quoted_id or 0), known, avoided)
        for post_id, row in rows.items()
    }
    return {post_id: quote for post_id, quote in seen.items() if quote is not None}


def _once(ids: Iterable[int | None]) -> list[int]:
    return sorted({one for one in ids if one is not None})


_READABLE: Final = select(posts.c.id).where(
    any_of(posts.c.id, "ids"), alive(posts), readable(posts)
)
_BLOCKED, _SHUT_OUT, _MUTED = "blocked_account", "blocked_domain", "muted_account"
_AVOIDED: Final = select(
    posts.c.id,
    ~unblocked(posts.c.author_id),
    is_shut_out(posts.c.author_id),
).where(any_of(posts.c.id, "ids"), ~welcome(posts.c.author_id))


def _readable(tx: Tx, ids: list[int], viewer: Viewer) -> set[int]:
    if not ids:
        return set()
    rows = tx.all(_READABLE, ids=ids, **viewer_params(viewer), now=tx.now)
    return {row[0] for row in rows}


def _avoided(tx: Tx, ids: list[int], viewer: Viewer) -> dict[int, str]:
    """Those whose authors the viewer does not come across, and why: the state of such a quote."""
    if not ids or not viewer.actor:
        return {}
    rows = tx.all(_AVOIDED, ids=ids, viewer_id=viewer.actor, now=tx.now)
    return {
        post_id: _BLOCKED if blocked else _SHUT_OUT if shut_out else _MUTED
        for post_id, blocked, shut_out in rows
    }


def _told(row: QuoteRow | None) -> QuoteView | None:
    if row is None:
        return None
    given = row.authorization_uri if row.state is QuoteState.ACCEPTED else None
    return QuoteView(row.state.name.lower(), row.quoted_uri, row.quoted_id, authorization_uri=given)


def _seen(
    row: QuoteRow, shown: PostView | None, known: Collection[int], avoided: Mapping[int, str]
) -> QuoteView | None:
    if row.state is not QuoteState.ACCEPTED:
        # Nobody was asked, so nobody answers: it is a link, as where it was written.
        return None if row.unasked else QuoteView(row.state.name.lower(), row.quoted_uri, None)
    if row.quoted_id is None or row.quoted_id not in known:
        return QuoteView("deleted", row.quoted_uri, None)
    state = avoided.get(row.quoted_id, "accepted")
    if state == _BLOCKED:
        return QuoteView(state, row.quoted_uri, None)
    # Whom one mutes one may still look at: apps ask before they show it.
    return QuoteView(state, row.quoted_uri, row.quoted_id, shown)


_quoting: Final = posts.alias("quoting")
_LIST: Final = Paged(
    select(quotes.c.id, quotes.c.post_id)
    .join(_quoting, _quoting.c.id == quotes.c.post_id)
    .where(
        quotes.c.quoted_id == bindparam("quoted_id", type_=Id),
        quotes.c.state == fixed(QuoteState.ACCEPTED),
        alive(_quoting),
        readable(_quoting),
        welcome(_quoting.c.author_id),
    ),
    quotes.c.id,
)


def page(tx: Tx, quoted_id: int, viewer: Viewer, page: Page) -> list[tuple[int, int]]:
    """The posts that quote a post and that the viewer may read: (key to page by, post), newest
    first. The caller found the quoted post visible."""
    params = {"quoted_id": quoted_id, **viewer_params(viewer), "now": tx.now}
    return [(row[0], row[1]) for row in _LIST.rows(tx, page.clamped(40), params)]
