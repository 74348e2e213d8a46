"""Reports to moderators and stewards, what they are about, and what was done."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from domain.kinds import ModerationDeed, ReportCategory, ReportState
from storage.columns import Enum8, Flag, Id, Time
from storage.tables.metadata import metadata


class _Reports(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    reporter_id: Named[int] = Column(Id)  # who said it: of another server often its own actor
    source_id: Named[int] = Column(Id)  # whose reports are one: the reporter, or their origin
    accused_id: Named[int] = Column(Id)
    community_id: Named[int] = Column(Id)  # where it was said; 0: in no community
    category: Named[ReportCategory] = Column(Enum8(ReportCategory))
    comment: Named[str] = Column(Text)  # plain text
    rules: Named[bytes] = Column(LargeBinary)  # JSON: [id, …]
    forwarded: Named[bool] = Column(Flag())  # another server was told
    state: Named[ReportState] = Column(Enum8(ReportState))
    created_at: Named[int] = Column(Time)
    closed_at: Named[int | None] = Column(Time)
    closed_by: Named[int | None] = Column(Id)  # 0: on the command line


reports = Table("reports", metadata, _Reports, sqlite_strict=True)
_open = reports.c.state == ReportState.OPEN
# One open report of the same source about the same person in the same place.
Index(
    "uq_reports_open",
    reports.c.source_id,
    reports.c.accused_id,
    reports.c.community_id,
    unique=True,
    sqlite_where=_open,
    postgresql_where=_open,
)
Index("ix_reports_reporter_id", reports.c.reporter_id, reports.c.state)
Index("ix_reports_state", reports.c.state, reports.c.id)
Index("ix_reports_community_id", reports.c.community_id, reports.c.id)
Index("ix_reports_accused_id", reports.c.accused_id)


class _ReportPosts(TypedColumns):
    report_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)


report_posts = Table(
    "report_posts", metadata, _ReportPosts, sqlite_strict=True, sqlite_with_rowid=False
)


class _ReportNotes(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    report_id: Named[int] = Column(Id)
    author_id: Named[int] = Column(Id)  # 0: on the command line
    text: Named[str] = Column(Text)
    created_at: Named[int] = Column(Time)


report_notes = Table("report_notes", metadata, _ReportNotes, sqlite_strict=True)
Index("ix_report_notes_report_id", report_notes.c.report_id, report_notes.c.id)


class _ModerationLog(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    deed: Named[ModerationDeed] = Column(Enum8(ModerationDeed))
    by_id: Named[int] = Column(Id)  # 0: on the command line
    about_id: Named[int] = Column(Id)  # the actor
    report_id: Named[int] = Column(Id)  # 0: without a report
    reason: Named[str] = Column(Text)
    at: Named[int] = Column(Time)


moderation_log = Table("moderation_log", metadata, _ModerationLog, sqlite_strict=True)
Index("ix_moderation_log_about_id", moderation_log.c.about_id, moderation_log.c.id)


class _Departures(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    after: Named[int] = Column(Id)  # posts up to this id left no trace any more
    begun_at: Named[int] = Column(Time)
    done_at: Named[int | None] = Column(Time)


# Actors that ended: how far their traces are removed, and until when their keys are needed.
departures = Table("departures", metadata, _Departures, sqlite_strict=True)
