"""Reports for those who look at them. Who may is asked here; who reported is told to moderators.

Of the posts only those that were reported are shown, whoever may read them otherwise: that is what
a report gives to who looks at it (protocol §4), and nothing around them.
"""

from typing import Any, Final

import orjson
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select

from domain.kinds import Acceptance, AccountState, MembershipState, ReportState, Role
from domain.roles import CommunityRole
from storage.audience import fixed
from storage.columns import Enum8, Flag, Id, Time, any_of
from storage.queries.actors import views
from storage.queries.reports import NoteRow, ReportRow, notes_of
from storage.tables.accounts import accounts
from storage.tables.communities import memberships
from storage.tables.posts import posts
from storage.tables.reports import report_posts, reports
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.paging import Page, Paged

MOST: Final = 40


class ReportedPost(Struct, frozen=True, gc=False):
    """What was said, as it is now. `content` is clean HTML, empty once the post was deleted."""

    id: int
    author_id: int
    url: str
    title: str
    summary: str
    content: str
    created_at: int
    deleted_at: int | None
    acceptance: Acceptance

    @property
    def is_there(self) -> bool:
        """Whether others than its author read it, or would, if nobody were suspended."""
        return self.acceptance in {Acceptance.ACCEPTED, Acceptance.WITHHELD}


class ReportView(Struct, frozen=True, gc=False):
    """A report with the people in it. `reporter` is missing where the reader may not know."""

    row: ReportRow
    accused: ActorView | None
    reporter: ActorView | None
    community: ActorView | None
    posts: tuple[ReportedPost, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    writers: tuple[ActorView, ...] = ()
    post_ids: tuple[int, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to look at it."""
        return self.row.state is ReportState.OPEN

    @property
    def rules(self) -> list[int]:
        """The node's rules that the reporter named."""
        found: list[int] = orjson.loads(self.row.rules or b"[]")
        return found

    def name_of(self, actor_id: int) -> str:
        """Who wrote a note."""
        found = next((one for one in self.writers if one.id == actor_id), None)
        return "" if found is None else found.name or found.handle


_ME = bindparam("viewer_id", type_=Id)
_stewards = exists().where(
    memberships.c.community_id == reports.c.community_id,
    memberships.c.actor_id == _ME,
    memberships.c.state == fixed(MembershipState.ACTIVE),
    memberships.c.role == fixed(CommunityRole.STEWARD),
    or_(memberships.c.until.is_(None), memberships.c.until > bindparam("now", type_=Time)),
)
_MINE = and_(reports.c.accused_id != _ME, or_(bindparam("moderator", type_=Flag()), _stewards))
_ROW: Select[*tuple[Any, ...]] = select(*reports.c)
_LIST: Final = Paged(
    _ROW.where(_MINE, reports.c.state == bindparam("state", type_=Enum8(ReportState))),
    reports.c.id,
)
_ONE: Final = _ROW.where(reports.c.id == bindparam("report_id", type_=Id), _MINE)
_POSTS: Final = (
    select(
        posts.c.id,
        posts.c.author_id,
        posts.c.url,
        posts.c.title,
        posts.c.summary,
        posts.c.content,
        posts.c.created_at,
        posts.c.deleted_at,
        posts.c.acceptance,
    )
    .join(report_posts, report_posts.c.post_id == posts.c.id)
    .where(report_posts.c.report_id == bindparam("report_id", type_=Id))
    .order_by(posts.c.id)
)
_moderates = exists().where(
    accounts.c.id == _ME,
    accounts.c.role >= fixed(Role.MODERATOR),
    accounts.c.state == fixed(AccountState.ACTIVE),
)
_open_to_me = and_(reports.c.state == fixed(ReportState.OPEN), reports.c.accused_id != _ME)
_NEWEST: Final = _ROW.where(any_of(reports.c.reporter_id, "ids"), _open_to_me, _moderates).order_by(
    reports.c.id
)
_IDS: Final = (
    select(report_posts.c.report_id, report_posts.c.post_id)
    .where(any_of(report_posts.c.report_id, "ids"))
    .order_by(report_posts.c.post_id)
)


def is_told_by(reporter_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the viewer is a moderator to whom somebody has an open report.

    For statements that name the viewer as `storage.audience.BOUND` does; `newest_by` finds it.
    """
    found = and_(reports.c.reporter_id == reporter_id, _open_to_me)
    return and_(
        _moderates.correlate_except(accounts), exists().where(found).correlate_except(reports)
    )


def page(
    tx: Tx, viewer_id: int, page: Page, *, moderator: bool, state: ReportState = ReportState.OPEN
) -> list[ReportView]:
    """Reports that somebody looks at, the newest first. `moderator`: of this node."""
    params = {"viewer_id": viewer_id, "moderator": moderator, "state": state, "now": tx.now}
    rows = [ReportRow(*row) for row in _LIST.rows(tx, page.clamped(MOST), params)]
    return _filled(tx, rows, named=moderator)


def one(tx: Tx, viewer_id: int, report_id: int, *, moderator: bool) -> ReportView | None:
    """A report with its posts and notes; None if it is not there for who asks."""
    asking = {"viewer_id": viewer_id, "moderator": moderator, "now": tx.now}
    row = tx.first(_ONE, report_id=report_id, **asking)
    return None if row is None else whole(tx, ReportRow(*row), named=moderator)


def whole(tx: Tx, row: ReportRow, *, named: bool) -> ReportView:
    """A report with everything in it; `named`: with who said it."""
    notes = tuple(notes_of(tx, row.id))
    if not named:  # what was said once more is a note of the reporter's
        notes = tuple(note for note in notes if note.author_id != row.reporter_id)
    shown = _filled(tx, [row], named=named)[0]
    found = [ReportedPost(*line) for line in tx.all(_POSTS, report_id=row.id)]
    return ReportView(
        shown.row,
        shown.accused,
        shown.reporter,
        shown.community,
        tuple(_without_deleted(post) for post in found),
        notes,
        tuple(views(tx, sorted({note.author_id for note in notes}))),
        tuple(post.id for post in found),
    )


def _without_deleted(post: ReportedPost) -> ReportedPost:
    if post.deleted_at is None:
        return post
    return replace(post, title="", summary="", content="")


def _filled(tx: Tx, rows: list[ReportRow], *, named: bool) -> list[ReportView]:
    wanted = {row.accused_id for row in rows} | {row.community_id for row in rows}
    wanted |= {row.reporter_id for row in rows} if named else set()
    found = by_id(views(tx, sorted(wanted - {0})))
    return [
        ReportView(
            row,
            found.get(row.accused_id),
            found.get(row.reporter_id) if named else None,
            found.get(row.community_id),
        )
        for row in rows
    ]


def newest_by(tx: Tx, viewer_id: int, reporter_ids: list[int]) -> dict[int, ReportView]:
    """The newest open report of each of these reporters, for the notifications of a moderator.

    Nobody else gets any. Three statements, however many.
    """
    found = tx.all(_NEWEST, ids=reporter_ids, viewer_id=viewer_id)
    rows = list({row[1]: ReportRow(*row) for row in found}.values())
    named = _named_in(tx, [row.id for row in rows])
    return {
        one.row.reporter_id: replace(one, post_ids=named[one.row.id])
        for one in _filled(tx, rows, named=True)
    }


def _named_in(tx: Tx, report_ids: list[int]) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = dict.fromkeys(report_ids, ())
    for report_id, post_id in tx.all(_IDS, ids=report_ids) if report_ids else []:
        found[report_id] += (post_id,)
    return found
