"""Written home timelines and notifications."""

from sqlalchemy import Column, Index, Named, Table, TypedColumns

from domain.kinds import NotificationKind
from storage.columns import Enum8, Id, Time
from storage.tables.metadata import metadata


class _HomeEntries(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    author_id: Named[int] = Column(Id)  # whose following brought it here


# A hint for speed, never a right: every page asks the predicate again.
home_entries = Table(
    "home_entries", metadata, _HomeEntries, sqlite_strict=True, sqlite_with_rowid=False
)


class _Notifications(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)  # below 2**53
    actor_id: Named[int] = Column(Id)  # who is told
    kind: Named[NotificationKind] = Column(Enum8(NotificationKind))
    from_id: Named[int] = Column(Id)
    post_id: Named[int] = Column(Id)  # 0 where no post is meant
    created_at: Named[int] = Column(Time)


# Rows hold no text (protocol §1).
notifications = Table("notifications", metadata, _Notifications, sqlite_strict=True)
Index("ix_notifications_actor_id", notifications.c.actor_id, notifications.c.id)
Index(
    "uq_notifications_once",
    notifications.c.actor_id,
    notifications.c.kind,
    notifications.c.from_id,
    notifications.c.post_id,
    unique=True,
)
