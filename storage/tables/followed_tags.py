"""Tags that people follow: posts with them come home."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from storage.columns import Id
from storage.tables.metadata import metadata


class _FollowedTags(TypedColumns):
    id: Named[int] = Column(Id)  # what pages of them go by
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    tag: Named[str] = Column(Text, primary_key=True)  # folded


followed_tags = Table(
    "followed_tags", metadata, _FollowedTags, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_followed_tags_tag", followed_tags.c.tag, followed_tags.c.actor_id)
