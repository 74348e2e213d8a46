"""Deliveries: one row per (activity, inbox), with an order key and a lease.

Rows of one order key go out in sequence. An origin that fails is left alone until its
`retry_at`; nothing is ever lost silently: what is given up stays as a dead letter.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from domain.ids import HERE
from domain.kinds import DeliveryState, FollowState, Limit, MembershipState, SignatureScheme, Way
from storage.columns import any_of
from storage.tables.actors import actors
from storage.tables.communities import memberships
from storage.tables.origins import disclosures, origins
from storage.tables.posts import copies
from storage.tables.relations import follows
from storage.tables.traffic import activities, deliveries
from storage.tx import Tx

LEASE_MS = 120_000


class Inbox(Struct, frozen=True, gc=False):
    """Where something is delivered: an address and the origin that it belongs to."""

    address: str
    origin_id: int
    origin: str
    actor_id: int = 0  # whose inbox, or on whose behalf the shared one is used

    @property
    def host(self) -> str:
        """`host[:port]` of the origin."""
        return self.origin.partition("://")[2]


class Delivery(Struct, frozen=True, gc=False):
    """A claimed delivery with what signing and sending it needs."""

    id: int
    activity_id: int
    origin_id: int
    inbox: str
    attempts: int
    created_at: int
    actor_id: int
    body: bytes
    scheme: SignatureScheme
    origin: str
    failures: int = 0  # of its origin, in a row
    community_id: int | None = None  # on whose behalf it goes
    recipient_id: int | None = None  # the one member whom it is for
    collection: str = ""  # what FEP-8fcf says beside it, worked out when it is claimed

    @property
    def host(self) -> str:
        """`host[:port]` of the origin."""
        return self.origin.partition("://")[2]


_SHARED = cast("ColumnElement[str]", func.coalesce(actors.c.shared_inbox, actors.c.inbox))
# Gone, or suspended: nothing is sent any more.
_is_there = and_(actors.c.gone_at.is_(None), actors.c.limited < Limit.SUSPENDED)
_OF_FOLLOWERS = (
    select(_SHARED, actors.c.origin_id, origins.c.origin, actors.c.id)
    .select_from(follows)
    .join(actors, actors.c.id == follows.c.follower_id)
    .join(origins, origins.c.id == actors.c.origin_id)
    .where(
        follows.c.target_id == bindparam("actor_id"),
        follows.c.state == FollowState.ACCEPTED,
        actors.c.origin_id != HERE,
        _is_there,
    )
)
_OF_ACTORS = (
    select(_SHARED, actors.c.inbox, actors.c.origin_id, origins.c.origin, actors.c.id)
    .join(origins, origins.c.id == actors.c.origin_id)
    .where(
        any_of(actors.c.id, "ids"),
        actors.c.origin_id != HERE,
        _is_there,
        actors.c.inbox != "",  # known from a community's card alone: nobody whom we write to
    )
)
_OF_COPIES = (
    select(copies.c.inbox, copies.c.origin_id, origins.c.origin)
    .join(origins, origins.c.id == copies.c.origin_id)
    .where(copies.c.post_id == bindparam("post_id"))
)
_candidate = actors.alias("candidate")
# Of a server's actors the first whose inbox is shared; without one, the first of all.
_SPOKESPERSON = (
    select(_candidate.c.id)
    .where(
        _candidate.c.origin_id == disclosures.c.origin_id,
        _candidate.c.gone_at.is_(None),
        _candidate.c.inbox != "",
    )
    .order_by(_candidate.c.shared_inbox.is_(None), _candidate.c.id)
    .limit(1)
    .correlate(disclosures)
    .scalar_subquery()
)
_OF_HOLDERS = (
    select(_SHARED, actors.c.origin_id, origins.c.origin, actors.c.id)
    .select_from(disclosures)
    .join(actors, actors.c.id == _SPOKESPERSON)
    .join(origins, origins.c.id == actors.c.origin_id)
    .where(disclosures.c.actor_id == bindparam("actor_id"), actors.c.origin_id != HERE)
)
_OF_MEMBERS = (
    select(_SHARED, actors.c.origin_id, origins.c.origin, actors.c.id)
    .select_from(memberships)
    .join(actors, actors.c.id == memberships.c.actor_id)
    .join(origins, origins.c.id == actors.c.origin_id)
    .where(
        memberships.c.community_id == bindparam("community_id"),
        memberships.c.state == MembershipState.ACTIVE,
        or_(memberships.c.until.is_(None), memberships.c.until > bindparam("now")),
        memberships.c.way == Way.NODE,
        actors.c.origin_id != HERE,
        _is_there,
    )
    .order_by(actors.c.shared_inbox.is_(None), actors.c.id)
)
_INSERT = (
    insert(deliveries)
    .values(
        id=bindparam("id"),
        activity_id=bindparam("activity_id"),
        origin_id=bindparam("origin_id"),
        inbox=bindparam("inbox"),
        order_key=bindparam("order_key"),
        state=DeliveryState.WAITING,
        attempts=0,
        run_at=bindparam("run_at"),
        lease_until=0,
        last_error=None,
        created_at=bindparam("run_at"),
    )
    .on_conflict_do_nothing(index_elements=["activity_id", "inbox"])
)
_REMEMBER_COPY = (
    insert(copies)
    .values(
        post_id=bindparam("post_id"), inbox=bindparam("inbox"), origin_id=bindparam("origin_id")
    )
    .on_conflict_do_nothing(index_elements=["post_id", "inbox"])
)

_earlier = deliveries.alias("earlier")
_due = deliveries.alias("due")
_CLAIM = (
    update(deliveries)
    .where(
        deliveries.c.id.in_(
            select(_due.c.id)
            .join(origins, origins.c.id == _due.c.origin_id)
            .where(
                _due.c.state == DeliveryState.WAITING,
                _due.c.run_at <= bindparam("now"),
                _due.c.lease_until <= bindparam("now"),
                origins.c.retry_at <= bindparam("now"),
                ~exists().where(
                    _earlier.c.order_key == _due.c.order_key,
                    _earlier.c.id < _due.c.id,
                    _earlier.c.state == DeliveryState.WAITING,
                ),
            )
            .order_by(_due.c.run_at, _due.c.id)
            .limit(bindparam("most"))
            .with_for_update(skip_locked=True, of=_due)
        )
    )
    .values(lease_until=bindparam("lease_until"))
    .returning(deliveries.c.id)
)
_CLAIMED: Select[*tuple[Any, ...]] = (
    select(
        deliveries.c.id,
        deliveries.c.activity_id,
        deliveries.c.origin_id,
        deliveries.c.inbox,
        deliveries.c.attempts,
        deliveries.c.created_at,
        activities.c.actor_id,
        activities.c.body,
        origins.c.scheme,
        origins.c.origin,
        origins.c.failures,
        activities.c.community_id,
        activities.c.recipient_id,
    )
    .join(activities, activities.c.id == deliveries.c.activity_id)
    .join(origins, origins.c.id == deliveries.c.origin_id)
    .where(any_of(deliveries.c.id, "ids"))
    .order_by(deliveries.c.id)
)
_ABOUT: Select[*tuple[Any, ...]] = select(activities.c.id, activities.c.post_id).where(
    any_of(activities.c.id, "ids"), activities.c.post_id.is_not(None)
)
_RELEASE = update(deliveries).where(deliveries.c.lease_until > 0).values(lease_until=0)
_DONE = delete(deliveries).where(any_of(deliveries.c.id, "ids"))
_AGAIN = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("key"))
    .values(
        attempts=deliveries.c.attempts + 1,
        run_at=bindparam("at"),
        lease_until=0,
        last_error=bindparam("error"),
    )
)
_GIVE_UP = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("key"))
    .values(
        attempts=deliveries.c.attempts + 1,
        state=DeliveryState.DEAD,
        lease_until=0,
        last_error=bindparam("error"),
    )
)
_REACHED = (
    update(origins)
    .where(
        origins.c.id == bindparam("key"),
        or_(origins.c.failures != 0, origins.c.scheme != bindparam("seen")),
    )
    .values(failures=0, failing_since=None, retry_at=0, scheme=bindparam("seen"))
)
_MISSED = (
    update(origins)
    .where(origins.c.id == bindparam("key"))
    .values(
        failures=origins.c.failures + 1,
        failing_since=func.coalesce(origins.c.failing_since, bindparam("at")),
        retry_at=bindparam("until"),
    )
)
_FAILING = select(origins.c.id, origins.c.failures, origins.c.failing_since).where(
    any_of(origins.c.id, "ids")
)
_DROP_ORIGIN = delete(deliveries).where(deliveries.c.origin_id == bindparam("origin_id"))
_WAITING = select(func.count()).where(deliveries.c.state == DeliveryState.WAITING)


def inboxes_of_followers(tx: Tx, actor_id: int) -> list[Inbox]:
    """Inboxes of remote accepted followers, one each; shared ones where there are any."""
    return [Inbox(*row) for row in tx.all(_OF_FOLLOWERS, actor_id=actor_id)]


def inboxes_of_members(tx: Tx, community_id: int) -> list[Inbox]:
    """One inbox of every node of ours' kind that an active member of a community lives on."""
    rows = tx.all(_OF_MEMBERS, community_id=community_id, now=tx.now)
    found: dict[int, Inbox] = {}
    for row in rows:
        inbox = Inbox(*row)
        found.setdefault(inbox.origin_id, inbox)
    return list(found.values())


def inboxes_of_holders(tx: Tx, actor_id: int) -> list[Inbox]:
    """One inbox of every server that this actor of ours is disclosed to."""
    return [Inbox(*row) for row in tx.all(_OF_HOLDERS, actor_id=actor_id)]


def inboxes_of_actors(tx: Tx, actor_ids: Sequence[int], *, personal: bool = False) -> list[Inbox]:
    """Inboxes of these remote actors."""
    rows = tx.all(_OF_ACTORS, ids=list(actor_ids)) if actor_ids else []
    return [
        Inbox(own if personal else shared, origin_id, origin, actor_id)
        for shared, own, origin_id, origin, actor_id in rows
    ]


def inboxes_of_copies(tx: Tx, post_id: int) -> list[Inbox]:
    """Every inbox that a post was ever sent to."""
    return [Inbox(*row) for row in tx.all(_OF_COPIES, post_id=post_id)]


def insert_deliveries(
    tx: Tx, activity_id: int, inboxes: Iterable[tuple[int, Inbox]], *, subject: str
) -> None:
    """Queue one delivery per inbox (with the id given), in order with others about `subject`.

    The order holds for a server, whichever of its inboxes is used.
    """
    tx.many(
        _INSERT,
        [
            {
                "id": delivery_id,
                "activity_id": activity_id,
                "origin_id": inbox.origin_id,
                "inbox": inbox.address,
                "order_key": f"{inbox.origin_id} {subject}",
                "run_at": tx.now,
            }
            for delivery_id, inbox in inboxes
        ],
    )


def remember_copies(tx: Tx, post_id: int, inboxes: Iterable[Inbox]) -> None:
    """Record where a post goes, so that its Delete can follow it."""
    tx.many(
        _REMEMBER_COPY,
        [
            {"post_id": post_id, "inbox": inbox.address, "origin_id": inbox.origin_id}
            for inbox in inboxes
        ],
    )


def claim(tx: Tx, most: int) -> list[Delivery]:
    """Lease up to `most` deliveries that are due, in the order in which they were queued."""
    ids = [row[0] for row in tx.all(_CLAIM, now=tx.now, lease_until=tx.now + LEASE_MS, most=most)]
    return [Delivery(*row) for row in tx.all(_CLAIMED, ids=ids)] if ids else []


def posts_of(tx: Tx, activity_ids: Iterable[int]) -> dict[int, int]:
    """The posts whose audience decides who may have these activities, by activity."""
    return dict(tx.all(_ABOUT, ids=sorted(set(activity_ids))))


def release(tx: Tx) -> int:
    """Take every lease back: nobody else can be sending when one process has the database."""
    return tx.change(_RELEASE)


def finish(tx: Tx, delivery_ids: Sequence[int]) -> None:
    """These arrived, or are not to be sent any more."""
    if delivery_ids:
        tx.change(_DONE, ids=list(delivery_ids))


def postpone(tx: Tx, delivery_id: int, at: int, error: str) -> None:
    """Try this one again at `at`."""
    tx.change(_AGAIN, key=delivery_id, at=at, error=error)


def give_up(tx: Tx, delivery_id: int, error: str) -> None:
    """Keep this one as a dead letter."""
    tx.change(_GIVE_UP, key=delivery_id, error=error)


def origin_reached(tx: Tx, origin_id: int, scheme: SignatureScheme) -> None:
    """An origin answered: close its breaker and remember the signature scheme that worked."""
    tx.change(_REACHED, key=origin_id, seen=scheme)


def failing(tx: Tx, origin_ids: Sequence[int]) -> dict[int, tuple[int, int | None]]:
    """How often in a row, and since when, these origins failed."""
    return {row[0]: (row[1], row[2]) for row in tx.all(_FAILING, ids=list(origin_ids))}


def origin_missed(tx: Tx, origin_id: int, until: int) -> None:
    """An origin did not answer: nothing is sent to it before `until`."""
    tx.change(_MISSED, key=origin_id, at=tx.now, until=until)


def drop_origin(tx: Tx, origin_id: int) -> int:
    """Forget everything queued for an origin: it was blocked (O16)."""
    return tx.change(_DROP_ORIGIN, origin_id=origin_id)


def waiting(tx: Tx) -> int:
    """How many deliveries are waiting."""
    return tx.scalar(_WAITING) or 0
