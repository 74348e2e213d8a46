"""Files that people attach to posts, copies of those attached elsewhere, and pictures by proxy."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from storage.columns import Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Files(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)  # who attached it
    post_id: Named[int | None] = Column(Id)  # none: uploaded, not posted yet
    position: Named[int] = Column(Number)
    digest: Named[str] = Column(Text)  # SHA-256, hex: the blob's name
    preview: Named[str] = Column(Text)  # the same of the small picture; nothing: it has none
    media_type: Named[str] = Column(Text)
    size: Named[int] = Column(Number)  # bytes, with those of the small picture
    width: Named[int] = Column(Number)
    height: Named[int] = Column(Number)
    blurhash: Named[str] = Column(Text)
    alt: Named[str] = Column(Text)
    focus: Named[str] = Column(Text)  # "x,y" between -1 and 1, or nothing
    source: Named[str | None] = Column(Text)  # where the author's node keeps it; none: here
    community_id: Named[int | None] = Column(Id)  # whose copy is asked for it
    created_at: Named[int] = Column(Time)
    fetched_at: Named[int | None] = Column(Time)  # none: the blob is not here (yet, or any more)
    name: Named[str] = Column(Text)  # what a document is called when it is saved
    duration: Named[int] = Column(Number)  # ms of sound and film
    sha256: Named[str] = Column(Text)  # what the author's node says of a copy's bytes, in hex
    on_demand: Named[bool] = Column(Flag)  # fetched when somebody looks, and may be let go again
    used_at: Named[int | None] = Column(Time)  # when somebody looked at what may go
    tried_at: Named[int | None] = Column(Time)  # when it could not be had
    trouble: Named[str] = Column(Text)  # why it can never be shown; nothing: it can
    scheduled_id: Named[int | None] = Column(Id)  # the post that it waits for, to appear later


files = Table("files", metadata, _Files, sqlite_strict=True)
Index("ix_files_post_id", files.c.post_id, files.c.position)
_own = files.c.source.is_(None)
Index("ix_files_held", files.c.actor_id, files.c.size, sqlite_where=_own, postgresql_where=_own)
Index("ix_files_actor_id", files.c.actor_id)
Index("ix_files_source", files.c.source)
Index("ix_files_digest", files.c.digest)
Index("ix_files_preview", files.c.preview)
_coming = files.c.fetched_at.is_(None)
Index("ix_files_coming", files.c.created_at, sqlite_where=_coming, postgresql_where=_coming)
_lent = files.c.used_at.is_not(None)
Index("ix_files_used_at", files.c.used_at, sqlite_where=_lent, postgresql_where=_lent)
_waits = files.c.scheduled_id.is_not(None)
Index("ix_files_scheduled_id", files.c.scheduled_id, sqlite_where=_waits, postgresql_where=_waits)
_failed = files.c.tried_at.is_not(None)
Index("ix_files_tried_at", files.c.tried_at, sqlite_where=_failed, postgresql_where=_failed)


class _Proxied(TypedColumns):
    """Pictures of other servers that belong to no post: of people, of emoji, of linked pages."""

    key: Named[str] = Column(Text, primary_key=True)  # SHA-256 of the address, hex
    url: Named[str] = Column(Text)
    digest: Named[str] = Column(Text)
    media_type: Named[str] = Column(Text)
    size: Named[int] = Column(Number)  # bytes
    fetched_at: Named[int | None] = Column(Time)  # none: the blob is not here
    used_at: Named[int] = Column(Time)  # when somebody looked, to the hour
    tried_at: Named[int | None] = Column(Time)  # when it could not be had


proxied = Table("proxied", metadata, _Proxied, sqlite_strict=True)
Index("ix_proxied_used_at", proxied.c.used_at)
Index("ix_proxied_digest", proxied.c.digest)
