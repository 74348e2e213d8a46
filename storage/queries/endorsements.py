"""Whom somebody recommends. An endorsement stands on a follow, and ends with it."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import and_, bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import FollowState
from storage.columns import Id, Time, any_of
from storage.queries.ids import new_id
from storage.tables.endorsements import endorsements
from storage.tables.relations import follows
from storage.tx import Tx

_ACTOR: Final = bindparam("actor_id", type_=Id)
_TARGET: Final = bindparam("target_id", type_=Id)
_PAIR = (endorsements.c.actor_id == _ACTOR, endorsements.c.target_id == _TARGET)
_on: Final = and_(
    follows.c.follower_id == _ACTOR,
    follows.c.target_id == _TARGET,
    follows.c.state == FollowState.ACCEPTED,
)
# Whoever ends the follow just now is waited for, or waits for us and finds the row.
_ADD: Final = (
    insert(endorsements)
    .from_select(
        ["id", "actor_id", "target_id", "created_at"],
        select(
            bindparam("id", type_=Id),
            follows.c.follower_id,
            follows.c.target_id,
            bindparam("now", type_=Time),
        )
        .where(_on)
        .with_for_update(),
    )
    .on_conflict_do_nothing()
)
_REMOVE: Final = delete(endorsements).where(*_PAIR)
_COUNT: Final = select(func.count(endorsements.c.id)).where(endorsements.c.actor_id == _ACTOR)
_ENDORSED: Final = (
    select(endorsements.c.target_id)
    .join(
        follows,
        and_(
            follows.c.follower_id == endorsements.c.actor_id,
            follows.c.target_id == endorsements.c.target_id,
            follows.c.state == FollowState.ACCEPTED,
        ),
    )
    .where(endorsements.c.actor_id == _ACTOR, any_of(endorsements.c.target_id, "ids"))
)
_FORGET: Final = delete(endorsements).where(
    or_(endorsements.c.actor_id == _ACTOR, endorsements.c.target_id == _ACTOR)
)


def add(tx: Tx, actor_id: int, target_id: int) -> None:
    """Store that one recommends another whom they follow; again, or without, changes nothing."""
    tx.insert(_ADD, id=new_id(tx), actor_id=actor_id, target_id=target_id, now=tx.now)


def remove(tx: Tx, actor_id: int, target_id: int) -> None:
    """End it."""
    tx.change(_REMOVE, actor_id=actor_id, target_id=target_id)


def count(tx: Tx, actor_id: int) -> int:
    """How many somebody recommends."""
    return tx.scalar(_COUNT, actor_id=actor_id) or 0


def endorsed(tx: Tx, actor_id: int, target_ids: Collection[int]) -> set[int]:
    """Those of these whom somebody recommends."""
    if not target_ids:
        return set()
    return {row[0] for row in tx.all(_ENDORSED, actor_id=actor_id, ids=list(target_ids))}


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone: they recommend nobody, and nobody recommends them."""
    tx.change(_FORGET, actor_id=actor_id)
