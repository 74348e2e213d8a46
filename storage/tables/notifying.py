"""Whom somebody lets tell them things: policies, requests to be heard, permissions."""

from sqlalchemy import Column, Index, Named, Table, TypedColumns

from domain.notifying import Stance
from storage.columns import Enum8, Id, Time
from storage.tables.metadata import metadata


class _Policies(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    not_following: Named[Stance] = Column(Enum8(Stance))
    not_followers: Named[Stance] = Column(Enum8(Stance))
    new_accounts: Named[Stance] = Column(Enum8(Stance))
    private_mentions: Named[Stance] = Column(Enum8(Stance))
    limited_accounts: Named[Stance] = Column(Enum8(Stance))


# Of who chose something; everybody else has the defaults (domain.notifying.Policy).
policies = Table("notification_policies", metadata, _Policies, sqlite_strict=True)


class _Requests(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)  # who is asked
    from_id: Named[int] = Column(Id)  # whose notifications are held back
    created_at: Named[int] = Column(Time)
    updated_at: Named[int] = Column(Time)


# What is held back is counted from the notifications that may still be shown, never here.
requests = Table("notification_requests", metadata, _Requests, sqlite_strict=True)
Index("uq_notification_requests_pair", requests.c.actor_id, requests.c.from_id, unique=True)
Index("ix_notification_requests_from_id", requests.c.from_id)


class _Permissions(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    from_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    created_at: Named[int] = Column(Time)


# Of whom somebody wants to hear, whatever the policy says.
permissions = Table(
    "notification_permissions",
    metadata,
    _Permissions,
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("ix_notification_permissions_from_id", permissions.c.from_id)
