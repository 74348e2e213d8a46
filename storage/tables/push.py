"""Web Push: to which address of which app somebody's notifications are sent."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from domain.pushes import Audience
from storage.columns import Enum8, Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Subscriptions(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    token_id: Named[int] = Column(Id)  # one for each access token; it ends with it
    actor_id: Named[int] = Column(Id)  # whose notifications
    endpoint: Named[str] = Column(Text)
    p256dh: Named[bytes] = Column(LargeBinary)  # the app's public key, an uncompressed point
    auth: Named[bytes] = Column(LargeBinary)  # the app's secret, 16 bytes
    standard: Named[bool] = Column(Flag())  # RFC 8291; else the draft that older apps read
    alerts: Named[int] = Column(Number)  # one bit for each kind (domain.pushes)
    audience: Named[Audience] = Column(Enum8(Audience))  # caused by whom
    # The access token, for the app to recognise its account by: encrypted under a key that the
    # database does not hold (federation/web_push.py).
    sealed_token: Named[bytes] = Column(LargeBinary)
    created_at: Named[int] = Column(Time)


subscriptions = Table("push_subscriptions", metadata, _Subscriptions, sqlite_strict=True)
Index("uq_push_subscriptions_token_id", subscriptions.c.token_id, unique=True)
Index("ix_push_subscriptions_actor_id", subscriptions.c.actor_id)
