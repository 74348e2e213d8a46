"""What an operator sees and changes of deliveries to other servers: per host, waiting and dead."""

from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, case, delete, func, or_, select, update

from domain.ids import HERE
from domain.kinds import DeliveryState, SignatureScheme
from storage.tables.actors import actors
from storage.tables.origins import disclosures, origins
from storage.tables.posts import posts
from storage.tables.traffic import activities, deliveries
from storage.tx import Tx


class HostRow(Struct, frozen=True):
    """One server that we know, and how it stands with deliveries. Times are ms UTC."""

    id: int
    origin: str
    software: str | None
    scheme: SignatureScheme
    failures: int  # in a row
    failing_since: int | None
    retry_at: int  # the breaker: nothing is sent before
    waiting: int
    dead: int
    oldest: int | None  # since when the oldest delivery waits


class Letter(Struct, frozen=True):
    """One delivery that waits or was given up, with the document that it brings."""

    id: int
    inbox: str
    attempts: int
    run_at: int
    created_at: int
    last_error: str | None
    body: bytes


class Known(NamedTuple):
    """How much of a server is here, and how many of ours it was told of."""

    people: int
    posts: int
    disclosed: int


_waits = deliveries.c.state == DeliveryState.WAITING
_dead = deliveries.c.state == DeliveryState.DEAD
_HOSTS: Select[*tuple[Any, ...]] = (
    select(
        origins.c.id,
        origins.c.origin,
        origins.c.software,
        origins.c.scheme,
        origins.c.failures,
        origins.c.failing_since,
        origins.c.retry_at,
        func.count(case((_waits, 1))),
        func.count(case((_dead, 1))),
        func.min(case((_waits, deliveries.c.created_at))),
    )
    .outerjoin(deliveries, deliveries.c.origin_id == origins.c.id)
    .where(origins.c.id != HERE)
    .group_by(origins.c.id)
    .order_by(origins.c.origin)
)
_HOST: Final = _HOSTS.where(origins.c.origin == bindparam("origin"))
_FAILING: Final = _HOSTS.having(or_(origins.c.failures > 0, func.count(case((_dead, 1))) > 0))
_LETTERS: Final = (
    select(
        deliveries.c.id,
        deliveries.c.inbox,
        deliveries.c.attempts,
        deliveries.c.run_at,
        deliveries.c.created_at,
        deliveries.c.last_error,
        activities.c.body,
    )
    .join(activities, activities.c.id == deliveries.c.activity_id)
    .where(
        deliveries.c.origin_id == bindparam("origin_id"),
        deliveries.c.state == bindparam("state"),
        deliveries.c.id > bindparam("after"),
    )
    .order_by(deliveries.c.id)
    .limit(bindparam("most"))
)
# Rights are asked again when it is sent: that is done for whatever was tried before.
_REVIVE: Final = (
    update(deliveries)
    .where(deliveries.c.origin_id == bindparam("key"), _dead)
    .values(
        state=DeliveryState.WAITING,
        attempts=1,
        run_at=bindparam("now"),
        created_at=bindparam("now"),
        lease_until=0,
    )
)
_WAKE: Final = (
    update(deliveries)
    .where(deliveries.c.origin_id == bindparam("key"), _waits, deliveries.c.lease_until == 0)
    .values(run_at=bindparam("now"))
)
_CLOSE_BREAKER: Final = (
    update(origins)
    .where(origins.c.id == bindparam("key"))
    .values(failures=0, failing_since=None, retry_at=0)
)
_DROP_DEAD: Final = delete(deliveries).where(
    and_(deliveries.c.origin_id == bindparam("origin_id"), _dead)
)
_PEOPLE: Final = select(func.count()).where(
    actors.c.origin_id == bindparam("origin_id"),
    actors.c.gone_at.is_(None),
    actors.c.fetched_at > 0,
)
_POSTS: Final = select(func.count()).where(
    posts.c.origin_id == bindparam("origin_id"), posts.c.deleted_at.is_(None)
)
_DISCLOSED: Final = select(func.count()).where(disclosures.c.origin_id == bindparam("origin_id"))


def hosts(tx: Tx, *, failing: bool = False) -> list[HostRow]:
    """Every server that we know, by name; `failing`: only those with a breaker or dead letters."""
    return [HostRow(*row) for row in tx.all(_FAILING if failing else _HOSTS)]


def host(tx: Tx, origin: str) -> HostRow | None:
    """One server by its origin."""
    row = tx.first(_HOST, origin=origin)
    return None if row is None else HostRow(*row)


def known(tx: Tx, origin_id: int) -> Known:
    """How much of a server is here."""
    return Known(
        tx.scalar(_PEOPLE, origin_id=origin_id) or 0,
        tx.scalar(_POSTS, origin_id=origin_id) or 0,
        tx.scalar(_DISCLOSED, origin_id=origin_id) or 0,
    )


def letters(
    tx: Tx, origin_id: int, state: DeliveryState, *, after: int = 0, most: int
) -> list[Letter]:
    """Deliveries to a server in one state, the oldest first, from after an id on."""
    rows = tx.all(_LETTERS, origin_id=origin_id, state=state, after=after, most=most)
    return [Letter(*row) for row in rows]


def revive(tx: Tx, origin_id: int) -> int:
    """Send a server's dead letters again, with all their time; how many those are."""
    revived = tx.change(_REVIVE, key=origin_id, now=tx.now)
    wake(tx, origin_id)
    return revived


def wake(tx: Tx, origin_id: int) -> None:
    """Close a server's breaker: what waits for it goes out now."""
    tx.change(_CLOSE_BREAKER, key=origin_id)
    tx.change(_WAKE, key=origin_id, now=tx.now)


def drop_dead(tx: Tx, origin_id: int) -> int:
    """Forget a server's dead letters; how many those were."""
    return tx.change(_DROP_DEAD, origin_id=origin_id)
