"""People whom somebody does not want to be suggested again."""

from sqlalchemy import Column, Index, Named, Table, TypedColumns

from storage.columns import Id
from storage.tables.metadata import metadata


class _Dismissed(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    other_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)


dismissed_suggestions = Table(
    "dismissed_suggestions", metadata, _Dismissed, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_dismissed_suggestions_other_id", dismissed_suggestions.c.other_id)
