"""Tags that somebody shows on their own page."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from storage.columns import Id, Time
from storage.tables.metadata import metadata


class _FeaturedTags(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)
    tag: Named[str] = Column(Text)  # folded
    name: Named[str] = Column(Text)  # as typed
    created_at: Named[int] = Column(Time)


featured_tags = Table("featured_tags", metadata, _FeaturedTags, sqlite_strict=True)
Index("uq_featured_tags_pair", featured_tags.c.actor_id, featured_tags.c.tag, unique=True)
