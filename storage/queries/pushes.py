"""Subscriptions to Web Push: one for each access token, and gone with it."""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import AccountState
from domain.pushes import Audience
from storage.audience import fixed
from storage.columns import Enum8, Id, Number, any_of
from storage.tables.accounts import accounts, tokens
from storage.tables.push import subscriptions
from storage.tx import Tx

MOST: Final = 50
"""Apps of one person that are told."""


class Subscription(Struct, frozen=True, gc=False):
    """Where one app wants to be told of what, in the order of its columns."""

    id: int
    token_id: int
    actor_id: int
    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool
    alerts: int
    audience: Audience
    sealed_token: bytes
    created_at: int

    def __repr__(self) -> str:
        """Nothing of the secrets."""
        return f"<Subscription {self.id}>"


_COLUMNS: Final = tuple(subscriptions.c)
_TOKEN: Final = bindparam("token_id", type_=Id)
_ACTOR: Final = bindparam("actor_id", type_=Id)
_INSERT = insert(subscriptions).values({column.name: bindparam(column.name) for column in _COLUMNS})
_PUT: Final = _INSERT.on_conflict_do_update(
    index_elements=[subscriptions.c.token_id],
    set_={name: _INSERT.excluded[name] for name in Subscription.__struct_fields__},
)
_lives = and_(
    tokens.c.id == subscriptions.c.token_id,
    tokens.c.account_id == subscriptions.c.actor_id,
    tokens.c.revoked_at.is_(None),
)
_OF_TOKEN: Select[*tuple[Any, ...]] = (
    select(*_COLUMNS).join(tokens, _lives).where(subscriptions.c.token_id == _TOKEN)
)
_BY_ID: Select[*tuple[Any, ...]] = (
    select(*_COLUMNS)
    .join(tokens, _lives)
    .join(accounts, accounts.c.id == subscriptions.c.actor_id)
    .where(
        subscriptions.c.id == bindparam("id", type_=Id),
        accounts.c.state == fixed(AccountState.ACTIVE),
    )
)
_WANTING: Final = (
    select(subscriptions.c.actor_id, subscriptions.c.id)
    .where(
        any_of(subscriptions.c.actor_id, "actor_ids"),
        subscriptions.c.alerts.op("&")(bindparam("bit", type_=Number)) != fixed(0),
        subscriptions.c.audience != fixed(Audience.NONE),
    )
    .order_by(subscriptions.c.id)
)
_CHOOSE: Final = (
    update(subscriptions)
    .where(subscriptions.c.token_id == _TOKEN)
    .values(
        alerts=bindparam("new_alerts", type_=Number),
        audience=bindparam("new_audience", type_=Enum8(Audience)),
    )
)
_REMOVE: Final = delete(subscriptions).where(subscriptions.c.token_id == _TOKEN)
_GONE: Final = delete(subscriptions).where(
    subscriptions.c.id == bindparam("id", type_=Id),
    subscriptions.c.endpoint == bindparam("endpoint"),
)
_FORGET: Final = delete(subscriptions).where(subscriptions.c.actor_id == _ACTOR)
_SWEEP: Final = delete(subscriptions).where(~exists().where(_lives))


def put(tx: Tx, row: Subscription) -> None:
    """Store a subscription in place of the one that its token had."""
    tx.run(_PUT, **{name: getattr(row, name) for name in row.__struct_fields__})


def of_token(tx: Tx, token_id: int) -> Subscription | None:
    """The subscription of an access token, if there is one."""
    row = tx.first(_OF_TOKEN, token_id=token_id)
    return None if row is None else Subscription(*row)


def live(tx: Tx, subscription_id: int) -> Subscription | None:
    """A subscription whose token and account are still good."""
    row = tx.first(_BY_ID, id=subscription_id)
    return None if row is None else Subscription(*row)


def wanting(tx: Tx, actor_ids: Collection[int], bit: int) -> dict[int, list[int]]:
    """The subscriptions of these people to the alert with this bit (domain.pushes), if any."""
    found: dict[int, list[int]] = {}
    for actor_id, subscription_id in tx.all(_WANTING, actor_ids=list(actor_ids), bit=bit):
        found.setdefault(actor_id, []).append(subscription_id)
    return {actor_id: ids[:MOST] for actor_id, ids in found.items()}


def choose(tx: Tx, token_id: int, *, alerts: int, audience: Audience) -> None:
    """Change what an app is told of."""
    tx.change(_CHOOSE, token_id=token_id, new_alerts=alerts, new_audience=audience)


def remove(tx: Tx, token_id: int) -> None:
    """End the subscription of a token."""
    tx.change(_REMOVE, token_id=token_id)


def gone(tx: Tx, subscription_id: int, endpoint: str) -> None:
    """The push service says that there is no such address any more."""
    tx.change(_GONE, id=subscription_id, endpoint=endpoint)


def forget(tx: Tx, actor_id: int) -> None:
    """Remove the subscriptions of somebody who left."""
    tx.change(_FORGET, actor_id=actor_id)


def sweep(tx: Tx) -> int:
    """Remove subscriptions whose token has ended; how many."""
    return tx.change(_SWEEP)
