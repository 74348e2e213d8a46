"""Which other servers hold copies of what was said in a community of this node (protocol §6).

Nobody's name and no number of people: for each server since when it gets copies, whether anybody
there belongs now, and what it was asked to forget.
"""

from collections import defaultdict
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, case, func, or_, select

from domain.ids import HERE
from domain.kinds import MembershipState, Way
from storage.audience import fixed
from storage.columns import Id, Time
from storage.queries import purges
from storage.tables.actors import actors
from storage.tables.communities import memberships
from storage.tables.origins import origins
from storage.tx import Tx


class Request(Struct, frozen=True):
    """What a server was asked to forget, and when it said that it has. Times are ms UTC."""

    asked_at: int
    acknowledged_at: int | None


class Server(Struct, frozen=True):
    """Another server that has copies. `since`: ms UTC; `is_node`: it is one of our kind."""

    origin: str
    software: str | None
    since: int
    has_members: bool
    is_node: bool
    requests: tuple[Request, ...] = ()


WHOLE_AGREEMENT: Final = 0
"""The community of a request to forget everything of an agreement that ended."""

#: Who ever read: of them, or for them, something was sent.
_READ: Final = (
    MembershipState.ACTIVE,
    MembershipState.LEFT,
    MembershipState.REMOVED,
    MembershipState.BANNED,
)
_active = and_(
    memberships.c.state == fixed(MembershipState.ACTIVE),
    or_(memberships.c.until.is_(None), memberships.c.until > bindparam("now", type_=Time)),
)
_SERVERS: Select[*tuple[Any, ...]] = (
    select(
        origins.c.id,
        origins.c.origin,
        origins.c.software,
        func.min(memberships.c.since),
        func.max(case((_active, fixed(1)), else_=fixed(0))),
        func.max(case((memberships.c.way == fixed(Way.NODE), fixed(1)), else_=fixed(0))),
    )
    .select_from(memberships)
    .join(actors, actors.c.id == memberships.c.actor_id)
    .join(origins, origins.c.id == actors.c.origin_id)
    .where(
        memberships.c.community_id == bindparam("community_id", type_=Id),
        origins.c.id != fixed(HERE),
        or_(*(memberships.c.state == fixed(state) for state in _READ)),
    )
    .group_by(origins.c.id, origins.c.origin, origins.c.software)
    .order_by(origins.c.origin)
)


def servers(tx: Tx, community_id: int) -> list[Server]:
    """The servers that hold copies, by name. The caller made sure that a member asks."""
    asked: dict[int, list[Request]] = defaultdict(list)
    rows = [*purges.of_community(tx, community_id), *purges.of_community(tx, WHOLE_AGREEMENT)]
    for row in sorted(rows, key=lambda row: row.asked_at):
        asked[row.origin_id].append(Request(row.asked_at, row.acknowledged_at))
    return [
        Server(
            origin=origin,
            software=software,
            since=since,
            has_members=bool(active),
            is_node=bool(node),
            requests=tuple(one for one in asked[origin_id] if one.asked_at >= since),
        )
        for origin_id, origin, software, since, active, node in tx.all(
            _SERVERS, community_id=community_id, now=tx.now
        )
    ]
