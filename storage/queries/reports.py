"""Reports as rows: who said it, about whom, where, which posts; and notes of who looks at it."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Kind
from domain.kinds import AccountState, ReportCategory, ReportState, Role
from storage.columns import Enum8, Flag, Id, Time, any_of
from storage.queries.ids import new_id
from storage.tables.accounts import accounts
from storage.tables.posts import copies, posts
from storage.tables.reports import report_notes, report_posts, reports
from storage.tx import Tx

MOST_POSTS: Final = 40
"""Posts that one report is about."""


class ReportRow(Struct, frozen=True, gc=False):
    """One row of `reports`, in the order of its columns. Times are ms UTC."""

    id: int
    reporter_id: int
    source_id: int
    accused_id: int
    community_id: int
    category: ReportCategory
    comment: str
    rules: bytes
    forwarded: bool
    state: ReportState
    created_at: int
    closed_at: int | None
    closed_by: int | None

    def __repr__(self) -> str:
        """Nothing of what was said: rows end up in tracebacks."""
        return f"<ReportRow {self.id}>"


class NoteRow(Struct, frozen=True, gc=False):
    """One row of `report_notes`; `author_id` 0 is the operator on the command line."""

    id: int
    report_id: int
    author_id: int
    text: str
    created_at: int


class Reported(Struct, frozen=True, gc=False):
    """What deciding about a report takes of a post that is named in it."""

    id: int
    uri: str
    author_id: int
    origin_id: int
    place_id: int | None
    kind: Kind
    root_kind: Kind

    @property
    def is_world_public(self) -> bool:
        """Whether anybody may read it."""
        return self.kind is Kind.PUBLIC and self.root_kind is Kind.PUBLIC


_ROW: Select[*tuple[Any, ...]] = select(*reports.c)
_BY_ID: Final = _ROW.where(reports.c.id == bindparam("report_id", type_=Id))
_OPEN_ONE: Final = _ROW.where(
    reports.c.source_id == bindparam("source_id", type_=Id),
    reports.c.accused_id == bindparam("accused_id", type_=Id),
    reports.c.community_id == bindparam("community_id", type_=Id),
    reports.c.state == ReportState.OPEN,
)
_INSERT: Final = (
    insert(reports)
    .values({column.name: bindparam(column.name) for column in reports.c})
    .on_conflict_do_nothing()
    .returning(reports.c.id)
)
_SET_STATE: Final = (
    update(reports)
    .where(
        reports.c.id == bindparam("report_id", type_=Id),
        reports.c.state != bindparam("to", type_=Enum8(ReportState)),
    )
    .values(
        state=bindparam("to", type_=Enum8(ReportState)),
        closed_at=bindparam("at", type_=Time),
        closed_by=bindparam("by_id", type_=Id),
    )
)
_FORWARDED: Final = (
    update(reports)
    .where(reports.c.id == bindparam("report_id", type_=Id))
    .values(forwarded=bindparam("yes", type_=Flag()))
)
_ADD_POST: Final = (
    insert(report_posts)
    .values(report_id=bindparam("report_id", type_=Id), post_id=bindparam("post_id", type_=Id))
    .on_conflict_do_nothing()
)
_POSTS_OF: Final = (
    select(report_posts.c.post_id)
    .where(report_posts.c.report_id == bindparam("report_id", type_=Id))
    .order_by(report_posts.c.post_id)
)
_ADD_NOTE: Final = insert(report_notes).values(
    {column.name: bindparam(column.name) for column in report_notes.c}
)
_NOTES_OF: Select[*tuple[Any, ...]] = (
    select(*report_notes.c)
    .where(report_notes.c.report_id == bindparam("report_id", type_=Id))
    .order_by(report_notes.c.id)
)
_COUNT_NOTES: Final = select(func.count()).where(
    report_notes.c.report_id == bindparam("report_id", type_=Id)
)


def by_id(tx: Tx, report_id: int) -> ReportRow | None:
    """One report."""
    row = tx.first(_BY_ID, report_id=report_id)
    return None if row is None else ReportRow(*row)


def open_one(tx: Tx, *, source_id: int, accused_id: int, community_id: int) -> ReportRow | None:
    """The open report of a source about somebody in a place, if there is one."""
    row = tx.first(_OPEN_ONE, source_id=source_id, accused_id=accused_id, community_id=community_id)
    return None if row is None else ReportRow(*row)


def insert_report(tx: Tx, row: ReportRow) -> bool:
    """Store a report; False if the same source has one open about the same."""
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    return tx.first(_INSERT, **values) is not None


def set_state(tx: Tx, report_id: int, to: ReportState, *, by_id: int) -> bool:
    """Close a report, or open it again; False if it was so already."""
    closed = to is ReportState.CLOSED
    at, by = (tx.now, by_id) if closed else (None, None)
    return tx.change(_SET_STATE, report_id=report_id, to=to, at=at, by_id=by) > 0


def set_forwarded(tx: Tx, report_id: int) -> None:
    """Remember that another server was told."""
    tx.change(_FORWARDED, report_id=report_id, yes=True)


def add_posts(tx: Tx, report_id: int, post_ids: Collection[int]) -> None:
    """Add posts that a report is about, up to `MOST_POSTS`."""
    known = posts_of(tx, report_id)
    new = [one for one in dict.fromkeys(post_ids) if one not in known]
    rows = [{"report_id": report_id, "post_id": one} for one in new[: MOST_POSTS - len(known)]]
    if rows:
        tx.many(_ADD_POST, rows)


def posts_of(tx: Tx, report_id: int) -> list[int]:
    """The posts that a report is about."""
    return [row[0] for row in tx.all(_POSTS_OF, report_id=report_id)]


def add_note(tx: Tx, report_id: int, *, author_id: int, text: str) -> None:
    """Keep what somebody who looks at a report wrote down, or what was said once more."""
    tx.run(
        _ADD_NOTE,
        id=new_id(tx),
        report_id=report_id,
        author_id=author_id,
        text=text,
        created_at=tx.now,
    )


def notes_of(tx: Tx, report_id: int) -> list[NoteRow]:
    """The notes of a report, in their order."""
    return [NoteRow(*row) for row in tx.all(_NOTES_OF, report_id=report_id)]


def count_notes(tx: Tx, report_id: int) -> int:
    """How many notes a report has."""
    return tx.scalar(_COUNT_NOTES, report_id=report_id) or 0


# What a report from elsewhere is about.

_NAMED: Select[*tuple[Any, ...]] = select(
    posts.c.id,
    posts.c.uri,
    posts.c.author_id,
    posts.c.origin_id,
    posts.c.place_id,
    posts.c.kind,
    posts.c.root_kind,
)
_BY_URIS: Final = _NAMED.where(
    any_of(posts.c.uri, "uris"), posts.c.deleted_at.is_(None), posts.c.share_of_id.is_(None)
)
_BY_IDS: Final = _NAMED.where(
    any_of(posts.c.id, "ids"), posts.c.deleted_at.is_(None), posts.c.share_of_id.is_(None)
)
_COPIED_TO: Final = select(copies.c.post_id).where(
    any_of(copies.c.post_id, "ids"), copies.c.origin_id == bindparam("origin_id", type_=Id)
)


def reported_by_uri(tx: Tx, uris: Sequence[str]) -> list[Reported]:
    """Posts that are here, by their ids on the wire; no shares."""
    return [Reported(*row) for row in tx.all(_BY_URIS, uris=list(uris))] if uris else []


def reported_by_id(tx: Tx, ids: Collection[int]) -> list[Reported]:
    """Posts that are here, by their own ids; no shares."""
    return [Reported(*row) for row in tx.all(_BY_IDS, ids=sorted(ids))] if ids else []


def sent_to(tx: Tx, post_ids: Collection[int], origin_id: int) -> set[int]:
    """Those of the posts that were sent to a server."""
    if not post_ids:
        return set()
    return {row[0] for row in tx.all(_COPIED_TO, ids=sorted(post_ids), origin_id=origin_id)}


_MODERATORS: Final = (
    select(accounts.c.id)
    .where(accounts.c.role >= Role.MODERATOR, accounts.c.state == AccountState.ACTIVE)
    .order_by(accounts.c.id)
)
_FORGET_BY: Final = (
    update(reports)
    .where(reports.c.reporter_id == bindparam("actor_id", type_=Id))
    .values(reporter_id=0)
)


def moderators(tx: Tx) -> list[int]:
    """Everybody here who looks at reports."""
    return [row[0] for row in tx.all(_MODERATORS)]


def forget_reporter(tx: Tx, actor_id: int) -> None:
    """Somebody is gone: what they reported stays without their name."""
    tx.change(_FORGET_BY, actor_id=actor_id)
