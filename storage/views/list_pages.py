"""People's own lists for whom they are: which there are, who is on them, and what they show.

Nothing is written for a list: its page is found among the newest posts of its members, so that a
member who comes or goes, a policy or a right that changes shows at once.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from domain.audience import Viewer
from domain.errors import NotFound
from domain.ids import LARGEST
from storage.audience import BOUND, fixed, shown, welcome
from storage.queries import lists as stored
from storage.queries.actors import COLUMNS
from storage.queries.home_rules import (
    LIST,
    Line,
    as_itself,
    listed_answer,
    stands_between,
    wanted,
    wanted_by,
)
from storage.queries.lists import ListRow
from storage.tables.actors import actors
from storage.tables.lists import list_members, lists
from storage.tables.posts import posts
from storage.tables.relations import follows
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.entries import Entry, entries_of, pages_of, post
from storage.views.named import named_for
from storage.views.paging import ABOVE, BELOW, MOST_ROWS, Page, Paged
from storage.views.people import SEEN, Listed, as_seen

MOST_SHOWN: Final = 1000
"""People of one list on a page."""

LOOKED_AT: Final = 400
"""Posts of one member that are looked at for one page: whoever writes more in a row that is not for
the list's owner, such as answers to strangers, shows nothing on it that lies behind."""


def one_of_mine(tx: Tx, viewer: Viewer, list_id: int) -> ListRow:
    """One of the viewer's own lists. Raises NotFound: of others' nobody learns."""
    found = stored.find(tx, viewer.actor, list_id)
    if found is None:
        raise NotFound
    return found


_MEMBERS: Final = Paged(
    select(list_members.c.id.label("cursor"), *COLUMNS)
    .select_from(list_members.join(actors, actors.c.id == list_members.c.member_id))
    .where(list_members.c.list_id == LIST, actors.c.gone_at.is_(None), SEEN),
    list_members.c.id,
)


def members(tx: Tx, viewer: Viewer, list_id: int, page: Page) -> list[Listed]:
    """Who is on a list of the viewer's, the newest first.

    Raises:
        NotFound: it is not the viewer's list.
    """
    one_of_mine(tx, viewer, list_id)
    params: dict[str, Any] = {"viewer_id": viewer.actor, "viewer_full": viewer.full}
    params |= {"list_id": list_id, "now": tx.now}
    rows = _MEMBERS.rows(tx, page.clamped(MOST_SHOWN), params)
    people = named_for(tx, viewer, [ActorView(*row[1:]) for row in rows])
    cursors = {row[1]: row[0] for row in rows}
    return [Listed(cursors[actor.id], as_seen(viewer, actor)) for actor in people]


# What a list shows. Of each member the newest posts that belong on it are looked at, no more than a
# page holds, and the page is made of those: no slower for members who write a lot.

_follow: Final = follows.alias("follow_of_member")
_MEMBER: Final = list_members.c.member_id
# What is the same for all posts of a member is asked once for each member.
_IS_HEARD: Final = and_(or_(BOUND.actor == _MEMBER, _follow.c.id.is_not(None)), welcome(_MEMBER))


def _belongs(line: Line) -> ColumnElement[bool]:
    """Whether a member's post stands on the list: `by_follow`, with the follow at hand."""
    comes = and_(wanted_by(_follow, line.post), wanted(line, BOUND.actor))
    return and_(
        or_(and_(BOUND.actor == _MEMBER, as_itself(line, BOUND.actor)), comes),
        listed_answer(line, lists, BOUND.actor),
        shown(line.post, line.original),
        or_(line.original.c.id.is_(None), welcome(line.original.c.author_id)),
    )


def _between(column: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(column < BELOW, column > ABOVE)


def _last_looked_at(*, newest: bool) -> ColumnElement[int]:
    """The last post of one member's that is looked at; none: all are."""
    looked = posts.alias("looked_at")
    found = (
        select(looked.c.id)
        .where(looked.c.author_id == _MEMBER, _between(looked.c.id))
        .order_by(looked.c.id.desc() if newest else looked.c.id)
        .limit(fixed(1))
        .offset(fixed(LOOKED_AT - 1))
        .correlate(list_members)
    )
    return func.coalesce(found.scalar_subquery(), fixed(0 if newest else LARGEST))


def _last_of_member(*, newest: bool) -> ColumnElement[int]:
    """The post that is the last of one member's that the page may hold."""
    end = _last_looked_at(newest=newest)
    line = Line(posts.alias("theirs"), posts.alias("theirs_shared"))
    key = line.post.c.id
    found: Select[int] = (
        select(key)
        .select_from(
            line.post.outerjoin(line.original, line.original.c.id == line.post.c.share_of_id)
        )
        .where(
            line.post.c.author_id == _MEMBER,
            key >= end if newest else key <= end,
            _between(key),
            _belongs(line),
        )
        .order_by(key.desc() if newest else key)
        .limit(fixed(1))
        .offset(MOST_ROWS - fixed(1))
        .correlate(lists, list_members, _follow)
    )
    return func.coalesce(found.scalar_subquery(), end)


def _candidates(*, newest: bool) -> Any:
    line = Line(posts.alias("candidate"), posts.alias("candidate_shared"))
    key = line.post.c.id
    last = _last_of_member(newest=newest)
    return (
        select(key)
        .select_from(
            lists.join(list_members, list_members.c.list_id == lists.c.id)
            .outerjoin(_follow, stands_between(_follow, BOUND.actor, _MEMBER))
            .join(line.post, line.post.c.author_id == _MEMBER)
            .outerjoin(line.original, line.original.c.id == line.post.c.share_of_id)
        )
        .where(
            lists.c.id == LIST,
            lists.c.actor_id == BOUND.actor,
            _IS_HEARD,
            key >= last if newest else key <= last,
            _between(key),
            _belongs(line),
        )
        .order_by(key.desc() if newest else key)
        .limit(MOST_ROWS)
    )


_NEWEST: Final = pages_of(post, post.c.id, post.c.id.in_(_candidates(newest=True)))
_OLDEST: Final = pages_of(post, post.c.id, post.c.id.in_(_candidates(newest=False)))


def list_page(tx: Tx, viewer: Viewer, page: Page, *, list_id: int) -> list[Entry]:
    """What the members of a list of the viewer's wrote and shared, as it would come home.

    Raises:
        NotFound: it is not the viewer's list.
    """
    one_of_mine(tx, viewer, list_id)
    paged = _NEWEST if page.min_id is None else _OLDEST
    return entries_of(tx, paged, viewer, page, list_id=list_id)
