"""Written home timelines and notifications."""

from sqlalchemy import Column, Index, Named, Table, TypedColumns, text

from domain.kinds import NotificationKind
from storage.columns import Enum8, Flag, Id, Time
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
    filtered: Named[bool] = Column(Flag())  # held back by the person's own policy


# Rows hold no text (protocol §1).
notifications = Table("notifications", metadata, _Notifications, sqlite_strict=True)
Index("ix_notifications_actor_id", notifications.c.actor_id, notifications.c.id)
# The rest of a group is found from its newest.
Index(
    "ix_notifications_group",
    notifications.c.actor_id,
    notifications.c.kind,
    notifications.c.post_id,
    notifications.c.id,
)
Index(
    "uq_notifications_once",
    notifications.c.actor_id,
    notifications.c.kind,
    notifications.c.from_id,
    notifications.c.post_id,
    unique=True,
)
# Somebody leaves, or a post goes: then all that anybody was told of them goes.
Index("ix_notifications_from_id", notifications.c.from_id)
_about = notifications.c.post_id > 0
Index(
    "ix_notifications_post_id",
    notifications.c.post_id,
    sqlite_where=_about,
    postgresql_where=_about,
)
Index(
    "ix_notifications_held",
    notifications.c.actor_id,
    notifications.c.from_id,
    sqlite_where=text("filtered = 1"),
    postgresql_where=text("filtered"),
)
