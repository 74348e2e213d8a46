"""Files that people attach to posts, and copies of those that members of communities attached."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from storage.columns import Id, Number, Time
from storage.tables.metadata import metadata


class _Files(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)  # who attached it
    post_id: Named[int | None] = Column(Id)  # none: uploaded, not posted yet
    position: Named[int] = Column(Number)
    digest: Named[str] = Column(Text)  # SHA-256, hex: the blob's name
    preview: Named[str] = Column(Text)  # the same of the small picture
    media_type: Named[str] = Column(Text)
    size: Named[int] = Column(Number)  # bytes
    width: Named[int] = Column(Number)
    height: Named[int] = Column(Number)
    blurhash: Named[str] = Column(Text)
    alt: Named[str] = Column(Text)
    focus: Named[str] = Column(Text)  # "x,y" between -1 and 1, or nothing
    source: Named[str | None] = Column(Text)  # where the author's node keeps it; none: here
    community_id: Named[int | None] = Column(Id)  # whose copy is asked for it
    created_at: Named[int] = Column(Time)
    fetched_at: Named[int | None] = Column(Time)  # none: the blob is not here yet


files = Table("files", metadata, _Files, sqlite_strict=True)
Index("ix_files_post_id", files.c.post_id, files.c.position)
Index("ix_files_actor_id", files.c.actor_id)
Index("ix_files_source", files.c.source)
Index("ix_files_digest", files.c.digest)
Index("ix_files_preview", files.c.preview)
_coming = files.c.fetched_at.is_(None)
Index("ix_files_coming", files.c.created_at, sqlite_where=_coming, postgresql_where=_coming)
