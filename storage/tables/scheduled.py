"""Posts that people here want to appear later."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, TypedColumns

from domain.audience import Kind
from storage.columns import Enum8, Id, Time
from storage.tables.metadata import metadata


class _Scheduled(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)
    due_at: Named[int] = Column(Time)
    draft: Named[bytes] = Column(LargeBinary)  # JSON: what was typed and chosen
    # Who was to read it when it was written: it goes to nobody else (protocol §1).
    place_id: Named[int | None] = Column(Id)
    kind: Named[Kind] = Column(Enum8(Kind))
    owner_id: Named[int] = Column(Id)
    root_kind: Named[Kind] = Column(Enum8(Kind))
    root_owner_id: Named[int] = Column(Id)
    named: Named[bytes] = Column(LargeBinary)  # JSON: the ids of the people whom it names
    created_at: Named[int] = Column(Time)


scheduled = Table("scheduled", metadata, _Scheduled, sqlite_strict=True)
Index("ix_scheduled_actor_id", scheduled.c.actor_id, scheduled.c.id)
