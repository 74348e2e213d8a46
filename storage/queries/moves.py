"""Accounts that moved to other accounts, and the names by which accounts are known elsewhere."""

from collections.abc import Sequence
from typing import Final

import orjson
from msgspec import Struct
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import HERE
from domain.kinds import ActorType
from storage.columns import Id
from storage.queries.ids import new_id
from storage.tables.actors import actors
from storage.tables.moves import moves
from storage.tables.relations import blocks, follows
from storage.tx import Tx


class Follower(Struct, frozen=True, gc=False):
    """Somebody here who follows, or asks to follow, an account that moved."""

    actor_id: int
    shares: bool
    notify: bool
    languages: str


_ADD: Final = insert(moves).values(
    id=bindparam("id"),
    actor_id=bindparam("actor_id"),
    target_uri=bindparam("target_uri"),
    moved_at=bindparam("now"),
)
_LAST: Final = select(func.max(moves.c.moved_at)).where(moves.c.actor_id == bindparam("actor_id"))
_SET: Final = (
    update(actors)
    .where(actors.c.id == bindparam("actor_id"))
    .values(moved_to=bindparam("moved_to"), version=actors.c.version + 1)
)
_SET_ALIASES: Final = (
    update(actors)
    .where(actors.c.id == bindparam("actor_id"), actors.c.origin_id == HERE)
    .values(also_known_as=bindparam("aliases"), version=actors.c.version + 1)
)
_FOLLOWERS: Final = (
    select(follows.c.follower_id, follows.c.shares, follows.c.notify, follows.c.languages)
    .join(actors, actors.c.id == follows.c.follower_id)
    .where(
        follows.c.target_id == bindparam("target_id"),
        follows.c.follower_id > bindparam("after", type_=Id),
        actors.c.origin_id == HERE,
    )
    .order_by(follows.c.follower_id)
    .limit(bindparam("limit"))
)
_BLOCKERS: Final = (
    select(blocks.c.blocker_id)
    .join(actors, actors.c.id == blocks.c.blocker_id)
    .where(
        blocks.c.blocked_id == bindparam("blocked_id"),
        actors.c.origin_id == HERE,
        actors.c.type != ActorType.GROUP,
    )
    .order_by(blocks.c.blocker_id)
)


def remember(tx: Tx, actor_id: int, target_uri: str) -> None:
    """Write down that an account moves now."""
    tx.run(_ADD, id=new_id(tx), actor_id=actor_id, target_uri=target_uri, now=tx.now)


def last_at(tx: Tx, actor_id: int) -> int | None:
    """When an account moved last, in ms; None: never, as far as is known here."""
    return tx.scalar(_LAST, actor_id=actor_id)


def lead_to(tx: Tx, actor_id: int, target_uri: str | None) -> None:
    """Let an account lead to another, or to none any more."""
    tx.change(_SET, actor_id=actor_id, moved_to=target_uri)


def set_aliases(tx: Tx, actor_id: int, aliases: Sequence[str]) -> None:
    """Store as whom somebody here is known elsewhere (`alsoKnownAs`)."""
    tx.change(_SET_ALIASES, actor_id=actor_id, aliases=orjson.dumps(list(aliases)))


def followers_here(tx: Tx, target_id: int, *, after: int, limit: int) -> list[Follower]:
    """People here who follow or ask to follow, by their id, from after one on."""
    rows = tx.all(_FOLLOWERS, target_id=target_id, after=after, limit=limit)
    return [Follower(*row) for row in rows]


def blockers_here(tx: Tx, blocked_id: int) -> list[int]:
    """People here who block this account."""
    return [row[0] for row in tx.all(_BLOCKERS, blocked_id=blocked_id)]
