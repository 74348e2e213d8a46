"""Posts that their author, or a community's stewards, put at the top of a page."""

from sqlalchemy import Column, Index, Named, Table, TypedColumns

from storage.columns import Id
from storage.tables.metadata import metadata


class _Pins(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)  # the newest comes first
    actor_id: Named[int] = Column(Id)  # on whose page
    post_id: Named[int] = Column(Id)


pins = Table("pins", metadata, _Pins, sqlite_strict=True)
Index("uq_pins_pair", pins.c.actor_id, pins.c.post_id, unique=True)
Index("ix_pins_post_id", pins.c.post_id)
