"""Tags on somebody's own page."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id, Time, any_of
from storage.queries.ids import new_id
from storage.tables.featured_tags import featured_tags
from storage.tx import Tx


class FeaturedTag(Struct, frozen=True, gc=False):
    """A tag on a page. `name` is as its owner typed it."""

    id: int
    tag: str
    name: str


_ACTOR: Final = bindparam("actor_id", type_=Id)
_SHOWN = (featured_tags.c.id, featured_tags.c.tag, featured_tags.c.name)
_OF: Final = select(*_SHOWN).where(featured_tags.c.actor_id == _ACTOR).order_by(featured_tags.c.id)
_ADD: Final = (
    insert(featured_tags)
    .values(
        id=bindparam("id", type_=Id),
        actor_id=_ACTOR,
        tag=bindparam("tag"),
        name=bindparam("name"),
        created_at=bindparam("now", type_=Time),
    )
    .on_conflict_do_nothing(index_elements=[featured_tags.c.actor_id, featured_tags.c.tag])
)
_REMOVE: Final = delete(featured_tags).where(
    featured_tags.c.actor_id == _ACTOR, featured_tags.c.tag == bindparam("tag")
)
_REMOVE_ID: Final = delete(featured_tags).where(
    featured_tags.c.actor_id == _ACTOR, featured_tags.c.id == bindparam("id", type_=Id)
)
_COUNT: Final = select(func.count(featured_tags.c.id)).where(featured_tags.c.actor_id == _ACTOR)
_AMONG: Final = select(featured_tags.c.tag).where(
    featured_tags.c.actor_id == _ACTOR, any_of(featured_tags.c.tag, "tags")
)
_FORGET: Final = delete(featured_tags).where(featured_tags.c.actor_id == _ACTOR)


def of(tx: Tx, actor_id: int) -> list[FeaturedTag]:
    """What stands on somebody's page, in the order of its coming."""
    return [FeaturedTag(*row) for row in tx.all(_OF, actor_id=actor_id)]


def add(tx: Tx, actor_id: int, tag: str, name: str) -> None:
    """Put a tag on a page; nothing happens if it stands there."""
    tx.insert(_ADD, id=new_id(tx), actor_id=actor_id, tag=tag, name=name, now=tx.now)


def remove(tx: Tx, actor_id: int, tag: str) -> None:
    """Take a tag off a page."""
    tx.change(_REMOVE, actor_id=actor_id, tag=tag)


def remove_by_id(tx: Tx, actor_id: int, identifier: int) -> bool:
    """Take the tag with this id off the owner's page; False if none stands there."""
    return tx.change(_REMOVE_ID, actor_id=actor_id, id=identifier) > 0


def count(tx: Tx, actor_id: int) -> int:
    """How many stand there."""
    return tx.scalar(_COUNT, actor_id=actor_id) or 0


def among(tx: Tx, actor_id: int, tags: Collection[str]) -> set[str]:
    """Those of these folded tags that stand on somebody's page."""
    if not tags or not actor_id:
        return set()
    return {row[0] for row in tx.all(_AMONG, actor_id=actor_id, tags=list(tags))}


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone, and their page with them."""
    tx.change(_FORGET, actor_id=actor_id)
