"""Which tags people follow. Tags come in the form that is compared (`domain.text.fold_tag`)."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import BindParameter, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id, any_of
from storage.queries.ids import new_id
from storage.tables.followed_tags import followed_tags
from storage.tx import Tx
from storage.views.paging import Page, Paged

_ACTOR = bindparam("actor_id", type_=Id)
_TAG: BindParameter[str] = bindparam("tag")
_ADD: Final = (
    insert(followed_tags)
    .values(id=bindparam("id", type_=Id), actor_id=_ACTOR, tag=_TAG)
    .on_conflict_do_nothing()
    .returning(followed_tags.c.id)
)
_REMOVE: Final = delete(followed_tags).where(
    followed_tags.c.actor_id == _ACTOR, followed_tags.c.tag == _TAG
)
_FORGET: Final = delete(followed_tags).where(followed_tags.c.actor_id == _ACTOR)
_COUNT: Final = select(func.count()).where(followed_tags.c.actor_id == _ACTOR)
_AMONG: Final = select(followed_tags.c.tag).where(
    followed_tags.c.actor_id == _ACTOR, any_of(followed_tags.c.tag, "tags")
)
_COUNTS: Final = (
    select(followed_tags.c.tag, func.count())
    .where(any_of(followed_tags.c.tag, "tags"))
    .group_by(followed_tags.c.tag)
)
_PAGE: Final = Paged(
    select(followed_tags.c.id, followed_tags.c.tag).where(followed_tags.c.actor_id == _ACTOR),
    followed_tags.c.id,
)


def add(tx: Tx, actor_id: int, tag: str) -> bool:
    """Follow a tag; False if it is followed already."""
    return tx.first(_ADD, id=new_id(tx), actor_id=actor_id, tag=tag) is not None


def remove(tx: Tx, actor_id: int, tag: str) -> bool:
    """Stop following a tag; False if it was not followed."""
    return tx.change(_REMOVE, actor_id=actor_id, tag=tag) > 0


def count(tx: Tx, actor_id: int) -> int:
    """How many tags somebody follows."""
    return tx.scalar(_COUNT, actor_id=actor_id) or 0


def among(tx: Tx, actor_id: int, tags: Collection[str]) -> set[str]:
    """Those of the tags that somebody follows."""
    return {row[0] for row in tx.all(_AMONG, actor_id=actor_id, tags=sorted(tags))}


def counts(tx: Tx, tags: Collection[str]) -> dict[str, int]:
    """How many follow each of these tags; who is followed by nobody is left out."""
    return dict(tx.all(_COUNTS, tags=sorted(tags)))


def page(tx: Tx, actor_id: int, page: Page, most: int) -> list[tuple[int, str]]:
    """(what pages go by, the tag), the newest first."""
    rows = _PAGE.rows(tx, page.clamped(most), {"actor_id": actor_id})
    return [(cursor, tag) for cursor, tag in rows]


def forget(tx: Tx, actor_id: int) -> None:
    """Remove what somebody followed who left."""
    tx.change(_FORGET, actor_id=actor_id)
