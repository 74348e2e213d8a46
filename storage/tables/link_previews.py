"""What pages say of themselves to which posts link: title, description, picture.

One row is for one address and one audience: whether somebody linked to a page before is known to
those alone who could read that, not by how fast a preview comes either.
"""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from domain.audience import Kind
from storage.columns import Enum8, Id, Number, Time
from storage.tables.metadata import metadata


class _LinkPreviews(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    key: Named[str] = Column(Text)  # SHA-256 of the address, hex
    kind: Named[Kind] = Column(Enum8(Kind))
    owner_id: Named[int] = Column(Id)
    url: Named[str] = Column(Text)  # as it is linked
    title: Named[str] = Column(Text)  # all texts are plain
    description: Named[str] = Column(Text)
    provider_name: Named[str] = Column(Text)
    provider_url: Named[str] = Column(Text)
    author_name: Named[str] = Column(Text)
    author_url: Named[str] = Column(Text)
    image: Named[str] = Column(Text)  # its address elsewhere; nothing: there is none
    width: Named[int] = Column(Number)
    height: Named[int] = Column(Number)
    published_at: Named[int | None] = Column(Time)
    created_at: Named[int] = Column(Time)
    fetched_at: Named[int | None] = Column(Time)  # none: nothing is known of the page (yet)
    tried_at: Named[int | None] = Column(Time)  # when it could not be had


link_previews = Table("link_previews", metadata, _LinkPreviews, sqlite_strict=True)
Index(
    "uq_link_previews_key",
    link_previews.c.key,
    link_previews.c.kind,
    link_previews.c.owner_id,
    unique=True,
)
Index("ix_link_previews_created_at", link_previews.c.created_at)
