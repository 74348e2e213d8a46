"""Posts that somebody keeps for later: known to nobody but the person."""

from sqlalchemy import Column, Index, Named, Table, TypedColumns

from storage.columns import Id, Time
from storage.tables.metadata import metadata


class _Bookmarks(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)  # the newest comes first
    actor_id: Named[int] = Column(Id)
    post_id: Named[int] = Column(Id)
    created_at: Named[int] = Column(Time)


bookmarks = Table("bookmarks", metadata, _Bookmarks, sqlite_strict=True)
Index("uq_bookmarks_pair", bookmarks.c.actor_id, bookmarks.c.post_id, unique=True)
Index("ix_bookmarks_list", bookmarks.c.actor_id, bookmarks.c.id)
Index("ix_bookmarks_post_id", bookmarks.c.post_id)
