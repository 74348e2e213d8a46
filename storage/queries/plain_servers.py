"""What plain servers show to whom: who of a server follows a community, belonged to it, or is kept
out by a Block; and whom of a community's authors a member there muted.
"""

from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import DeliveryState, FollowState, MembershipState
from storage.audience import fixed
from storage.columns import Id, Time
from storage.queries.ids import new_id
from storage.queries.relay_notes import EVERYBODY_THERE
from storage.tables.actors import actors
from storage.tables.communities import memberships, relay_mutes
from storage.tables.relations import blocks, follows
from storage.tables.traffic import activities, deliveries
from storage.tx import Tx

_FOLLOWERS_THERE: Final = (
    select(follows.c.follower_id, follows.c.state)
    .join(actors, actors.c.id == follows.c.follower_id)
    .where(
        follows.c.target_id == bindparam("community_id", type_=Id),
        actors.c.origin_id == bindparam("origin_id", type_=Id),
    )
)
_STANDINGS_THERE: Final = (
    select(memberships.c.actor_id, memberships.c.state)
    .join(actors, actors.c.id == memberships.c.actor_id)
    .where(
        memberships.c.community_id == bindparam("community_id", type_=Id),
        actors.c.origin_id == bindparam("origin_id", type_=Id),
        actors.c.gone_at.is_(None),
    )
)
_SHUT_OUT: Final = (
    select(blocks.c.blocked_id)
    .join(actors, actors.c.id == blocks.c.blocked_id)
    .where(
        blocks.c.blocker_id == bindparam("community_id", type_=Id),
        actors.c.origin_id == bindparam("origin_id", type_=Id),
    )
)


def followers_there(tx: Tx, community_id: int, origin_id: int) -> dict[int, FollowState]:
    """Who on a server follows a community or asks to, as far as we were told."""
    rows = tx.all(_FOLLOWERS_THERE, community_id=community_id, origin_id=origin_id)
    return {row[0]: row[1] for row in rows}


def standings_there(tx: Tx, community_id: int, origin_id: int) -> dict[int, MembershipState]:
    """How the people of a server, who are still there, stand or stood to a community."""
    rows = tx.all(_STANDINGS_THERE, community_id=community_id, origin_id=origin_id)
    return {row[0]: row[1] for row in rows}


def shut_out_there(tx: Tx, community_id: int, origin_id: int) -> set[int]:
    """Whom of a server a community keeps out by a Block."""
    return {row[0] for row in tx.all(_SHUT_OUT, community_id=community_id, origin_id=origin_id)}


_SHUT_OUT_ONE: Final = (
    insert(blocks)
    .values(
        blocker_id=bindparam("community_id", type_=Id),
        blocked_id=bindparam("actor_id", type_=Id),
        id=bindparam("id", type_=Id),
        created_at=bindparam("now", type_=Time),
    )
    .on_conflict_do_nothing()
)
_LET_BACK: Final = delete(blocks).where(
    blocks.c.blocker_id == bindparam("community_id", type_=Id),
    blocks.c.blocked_id == bindparam("actor_id", type_=Id),
)


def shut_out(tx: Tx, community_id: int, actor_id: int) -> None:
    """A community keeps somebody out by a Block, until they are let back."""
    tx.insert(
        _SHUT_OUT_ONE, id=new_id(tx), community_id=community_id, actor_id=actor_id, now=tx.now
    )


def let_back(tx: Tx, community_id: int, actor_id: int) -> bool:
    """That Block ends; False if there was none."""
    return tx.change(_LET_BACK, community_id=community_id, actor_id=actor_id) > 0


_WAITING_FOR_ALL: Final = (
    select(deliveries.c.id, activities.c.post_id)
    .join(activities, activities.c.id == deliveries.c.activity_id)
    .where(
        activities.c.community_id == bindparam("community_id", type_=Id),
        activities.c.recipient_id == fixed(EVERYBODY_THERE),
        activities.c.post_id.is_not(None),
        deliveries.c.origin_id == bindparam("origin_id", type_=Id),
        deliveries.c.state == fixed(DeliveryState.WAITING),
    )
    .order_by(deliveries.c.id)
)


def waiting_for_all(tx: Tx, community_id: int, origin_id: int) -> list[tuple[int, int]]:
    """Deliveries of notes for all members on a server that wait, with the posts they bring."""
    rows = tx.all(_WAITING_FOR_ALL, community_id=community_id, origin_id=origin_id)
    return [(row[0], row[1] or 0) for row in rows]


_MUTE: Final = (
    insert(relay_mutes)
    .values({column.name: bindparam(column.name) for column in relay_mutes.c})
    .on_conflict_do_nothing()
)
_UNMUTE: Final = delete(relay_mutes).where(
    *(column == bindparam(column.name, type_=Id) for column in relay_mutes.c)
)


def mute(tx: Tx, community_id: int, member_id: int, author_id: int) -> None:
    """A member on a plain server is not sent what this author writes from now on."""
    tx.insert(_MUTE, community_id=community_id, member_id=member_id, author_id=author_id)


def unmute(tx: Tx, community_id: int, member_id: int, author_id: int) -> bool:
    """They are sent it again; False if they were not spared it."""
    given = {"community_id": community_id, "member_id": member_id, "author_id": author_id}
    return tx.change(_UNMUTE, **given) > 0
