"""What people want folded away or hidden where they read: words, and single posts."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from domain.filters import Action
from storage.columns import Enum8, Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Filters(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)  # whose filter it is
    title: Named[str] = Column(Text)
    places: Named[int] = Column(Number)  # domain.filters.Place
    action: Named[Action] = Column(Enum8(Action))
    until: Named[int | None] = Column(Time)  # None: until it is deleted
    created_at: Named[int] = Column(Time)


filters = Table("filters", metadata, _Filters, sqlite_strict=True)
Index("ix_filters_actor_id", filters.c.actor_id, filters.c.id)


class _FilterKeywords(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    filter_id: Named[int] = Column(Id)
    keyword: Named[str] = Column(Text)
    whole_word: Named[bool] = Column(Flag())


filter_keywords = Table("filter_keywords", metadata, _FilterKeywords, sqlite_strict=True)
Index("ix_filter_keywords_filter_id", filter_keywords.c.filter_id, filter_keywords.c.id)


class _FilterPosts(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    filter_id: Named[int] = Column(Id)
    post_id: Named[int] = Column(Id)


filter_posts = Table("filter_posts", metadata, _FilterPosts, sqlite_strict=True)
Index("uq_filter_posts_pair", filter_posts.c.filter_id, filter_posts.c.post_id, unique=True)
Index("ix_filter_posts_post_id", filter_posts.c.post_id)
