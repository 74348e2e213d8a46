"""Communities as places to write in: who belongs to them."""

from typing import Final

from sqlalchemy import bindparam, or_, select

from domain.ids import HERE
from domain.kinds import MembershipState
from storage.audience import fixed
from storage.columns import Id, Time
from storage.tables.actors import actors
from storage.tables.relations import communities, memberships
from storage.tx import Tx

_active = (
    memberships.c.community_id == bindparam("community_id", type_=Id),
    memberships.c.state == fixed(MembershipState.ACTIVE),
    or_(memberships.c.until.is_(None), memberships.c.until > bindparam("now", type_=Time)),
)
_IS_MEMBER: Final = (
    select(memberships.c.actor_id)
    .join(communities, communities.c.actor_id == memberships.c.community_id)
    .where(*_active, memberships.c.actor_id == bindparam("actor_id", type_=Id))
)
_ELSEWHERE: Final = (
    select(memberships.c.actor_id)
    .join(actors, actors.c.id == memberships.c.actor_id)
    .where(*_active, actors.c.origin_id != fixed(HERE))
    .limit(1)
)


def is_member(tx: Tx, community_id: int, actor_id: int) -> bool:
    """Whether somebody is an active member now."""
    return (
        tx.scalar(_IS_MEMBER, community_id=community_id, actor_id=actor_id, now=tx.now) is not None
    )


def has_members_elsewhere(tx: Tx, community_id: int) -> bool:
    """Whether a member lives on another server."""
    return tx.scalar(_ELSEWHERE, community_id=community_id, now=tx.now) is not None
