"""The pictures of people here. Their bytes are blobs."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import Limit, Portrait
from storage.columns import Enum8, Id, Time, any_of
from storage.tables.actors import actors
from storage.tables.portraits import portraits
from storage.tx import Tx

_ACTOR: Final = bindparam("actor_id", type_=Id)
_NEW: Final = insert(portraits).values(
    actor_id=_ACTOR,
    part=bindparam("part", type_=Enum8(Portrait)),
    digest=bindparam("digest"),
    media_type=bindparam("media_type"),
    made_at=bindparam("now", type_=Time),
)
_PUT: Final = _NEW.on_conflict_do_update(
    index_elements=[portraits.c.actor_id, portraits.c.part],
    set_={
        "digest": _NEW.excluded.digest,
        "media_type": _NEW.excluded.media_type,
        "made_at": _NEW.excluded.made_at,
    },
)
_DROP: Final = delete(portraits).where(
    portraits.c.actor_id == _ACTOR, portraits.c.part == bindparam("part", type_=Enum8(Portrait))
)
_FORGET: Final = delete(portraits).where(portraits.c.actor_id == _ACTOR)
_FIND: Final = (
    select(portraits.c.media_type)
    .join(actors, actors.c.id == portraits.c.actor_id)
    .where(
        portraits.c.actor_id == _ACTOR,
        portraits.c.digest == bindparam("digest"),
        actors.c.gone_at.is_(None),
        actors.c.limited < Limit.SUSPENDED,
    )
    .limit(1)
)
_NEEDED: Final = select(portraits.c.digest).where(any_of(portraits.c.digest, "names"))


def put(tx: Tx, *, actor_id: int, part: Portrait, digest: str, media_type: str) -> None:
    """Keep somebody's picture, in place of the one before."""
    values = {"actor_id": actor_id, "part": part, "digest": digest, "media_type": media_type}
    tx.run(_PUT, **values, now=tx.now)


def drop(tx: Tx, *, actor_id: int, part: Portrait) -> None:
    """Forget somebody's picture."""
    tx.change(_DROP, actor_id=actor_id, part=part)


def forget(tx: Tx, actor_id: int) -> None:
    """Forget all pictures of somebody."""
    tx.change(_FORGET, actor_id=actor_id)


def media_type(tx: Tx, actor_id: int, digest: str) -> str | None:
    """What a picture of somebody who is there is; None if it is not theirs, or not any more."""
    return tx.scalar(_FIND, actor_id=actor_id, digest=digest)


def needed(tx: Tx, names: Collection[str]) -> set[str]:
    """Those of the blobs that are somebody's picture."""
    return {row[0] for row in tx.all(_NEEDED, names=sorted(names))}
