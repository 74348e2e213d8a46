"""Servers that one person wants to see nothing of. What the node refuses is in `domains`."""

from typing import Final

from sqlalchemy import BindParameter, bindparam, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import ActorType
from storage.audience import fixed
from storage.columns import Id, Number, Time, any_of
from storage.queries.ids import new_id
from storage.tables.actors import actors
from storage.tables.relations import domain_blocks, follows
from storage.tx import Tx
from storage.views.paging import Page, Paged

_ME: Final = bindparam("actor_id", type_=Id)
_DOMAIN: BindParameter[str] = bindparam("domain")
_PAIR: Final = (domain_blocks.c.actor_id == _ME, domain_blocks.c.domain == _DOMAIN)
_ADD: Final = (
    insert(domain_blocks)
    .values(
        id=bindparam("id", type_=Id),
        actor_id=_ME,
        domain=_DOMAIN,
        created_at=bindparam("now", type_=Time),
    )
    .on_conflict_do_nothing()
    .returning(domain_blocks.c.id)
)
_FIND: Final = select(exists().where(*_PAIR))
_REMOVE: Final = delete(domain_blocks).where(*_PAIR)
_AMONG: Final = (
    select(actors.c.id)
    .join(domain_blocks, domain_blocks.c.domain == actors.c.domain)
    .where(domain_blocks.c.actor_id == _ME, any_of(actors.c.id, "ids"))
)
_LIST: Final = Paged(
    select(domain_blocks.c.id, domain_blocks.c.domain).where(domain_blocks.c.actor_id == _ME),
    domain_blocks.c.id,
)
_ALL: Final = (
    select(domain_blocks.c.domain)
    .where(domain_blocks.c.actor_id == _ME)
    .order_by(domain_blocks.c.domain)
)
_FORGET: Final = delete(domain_blocks).where(domain_blocks.c.actor_id == _ME)
_MOST: Final = bindparam("limit", type_=Number)
_there: Final = (actors.c.domain == _DOMAIN, actors.c.type != fixed(ActorType.GROUP))
_FOLLOWED: Final = (
    select(actors.c.id)
    .join(follows, follows.c.target_id == actors.c.id)
    .where(follows.c.follower_id == _ME, *_there)
    .limit(_MOST)
)
_FOLLOWERS: Final = (
    select(actors.c.id)
    .join(follows, follows.c.follower_id == actors.c.id)
    .where(follows.c.target_id == _ME, *_there)
    .limit(_MOST)
)


def add(tx: Tx, actor_id: int, domain: str) -> bool:
    """Store that somebody shuts a server out; False if it is so already."""
    return tx.first(_ADD, id=new_id(tx), actor_id=actor_id, domain=domain, now=tx.now) is not None


def stands(tx: Tx, actor_id: int, domain: str) -> bool:
    """Whether somebody shuts a server out."""
    return bool(tx.scalar(_FIND, actor_id=actor_id, domain=domain))


def remove(tx: Tx, actor_id: int, domain: str) -> bool:
    """Let a server in again; whether it was out."""
    return tx.change(_REMOVE, actor_id=actor_id, domain=domain) > 0


def among(tx: Tx, actor_id: int, ids: list[int]) -> set[int]:
    """Those of the actors who live on servers that somebody shuts out."""
    return {row[0] for row in tx.all(_AMONG, actor_id=actor_id, ids=ids)}


def listed(tx: Tx, actor_id: int, page: Page) -> list[tuple[int, str]]:
    """A page of what somebody shuts out, the newest first: what pages go by, and the domain."""
    return [(row[0], row[1]) for row in _LIST.rows(tx, page, {"actor_id": actor_id})]


def of(tx: Tx, actor_id: int) -> list[str]:
    """All of it, in order."""
    return [row[0] for row in tx.all(_ALL, actor_id=actor_id)]


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone."""
    tx.change(_FORGET, actor_id=actor_id)


def followed_there(tx: Tx, actor_id: int, domain: str, limit: int) -> list[int]:
    """People of a server whom somebody follows or asks to follow; no communities."""
    rows = tx.all(_FOLLOWED, actor_id=actor_id, domain=domain, limit=limit)
    return [row[0] for row in rows]


def followers_there(tx: Tx, actor_id: int, domain: str, limit: int) -> list[int]:
    """People of a server who follow somebody, or ask to."""
    rows = tx.all(_FOLLOWERS, actor_id=actor_id, domain=domain, limit=limit)
    return [row[0] for row in rows]
