"""What came in and what goes out: intake, activities, deliveries."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from domain.kinds import DeliveryState, IntakeState
from storage.columns import Enum8, Id, Number, Time
from storage.tables.metadata import metadata


class _Intake(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    origin_id: Named[int] = Column(Id)
    activity_uri: Named[str] = Column(Text)
    signer_id: Named[int] = Column(Id)  # the actor whose key verified
    body: Named[bytes | None] = Column(LargeBinary)  # the signed bytes, until processed
    state: Named[IntakeState] = Column(Enum8(IntakeState))
    reason: Named[str | None] = Column(Text)  # why it was dropped
    received_at: Named[int] = Column(Time)


# Also the ledger against repetition: outlives the signature window and peers' retries.
intake = Table("intake", metadata, _Intake, sqlite_strict=True)
Index("uq_intake_activity", intake.c.origin_id, intake.c.activity_uri, unique=True)
Index("ix_intake_received_at", intake.c.received_at)


class _Activities(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    uri: Named[str] = Column(Text)
    actor_id: Named[int] = Column(Id)  # who signs its deliveries
    post_id: Named[int | None] = Column(Id)  # whose audience decides who may fetch it
    community_id: Named[int | None] = Column(Id)  # on whose behalf; membership decides who gets it
    recipient_id: Named[int | None] = Column(Id)  # the one member whom a relay note is for
    body: Named[bytes] = Column(LargeBinary)
    created_at: Named[int] = Column(Time)


# Documents as they were sent, stored once for all their deliveries.
activities = Table("activities", metadata, _Activities, sqlite_strict=True)
Index("uq_activities_uri", activities.c.uri, unique=True)
Index("ix_activities_post_id", activities.c.post_id)
_of_communities = activities.c.community_id.is_not(None)
Index(
    "ix_activities_community_id",
    activities.c.community_id,
    sqlite_where=_of_communities,
    postgresql_where=_of_communities,
)


class _Deliveries(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    activity_id: Named[int] = Column(Id)
    origin_id: Named[int] = Column(Id)
    inbox: Named[str] = Column(Text)
    order_key: Named[str] = Column(Text)  # rows of one key go out in sequence
    state: Named[DeliveryState] = Column(Enum8(DeliveryState))
    attempts: Named[int] = Column(Number)
    run_at: Named[int] = Column(Time)
    lease_until: Named[int] = Column(Time)
    last_error: Named[str | None] = Column(Text)
    created_at: Named[int] = Column(Time)


deliveries = Table("deliveries", metadata, _Deliveries, sqlite_strict=True)
Index("uq_deliveries_activity_inbox", deliveries.c.activity_id, deliveries.c.inbox, unique=True)
Index("ix_deliveries_due", deliveries.c.state, deliveries.c.run_at, deliveries.c.id)
Index("ix_deliveries_order", deliveries.c.order_key, deliveries.c.id)
Index("ix_deliveries_origin_id", deliveries.c.origin_id, deliveries.c.state)
