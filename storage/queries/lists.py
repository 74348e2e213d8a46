"""People's own lists, and who is on them. What they show: `storage/views/list_pages.py`."""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import RepliesPolicy
from storage.columns import Enum8, Flag, Id, Time, any_of
from storage.queries.ids import new_id
from storage.tables.lists import list_members, lists
from storage.tables.relations import follows
from storage.tx import Tx


class ListRow(Struct, frozen=True, gc=False):
    """One row of `lists`, in the order of its columns. Times are ms UTC."""

    id: int
    actor_id: int
    title: str
    replies_policy: RepliesPolicy
    exclusive: bool
    created_at: int


_LIST = bindparam("list_id", type_=Id)
_ACTOR = bindparam("actor_id", type_=Id)
_INSERT: Final = insert(lists).values(
    id=_LIST,
    actor_id=_ACTOR,
    title=bindparam("title"),
    replies_policy=bindparam("replies_policy", type_=Enum8(RepliesPolicy)),
    exclusive=bindparam("exclusive", type_=Flag()),
    created_at=bindparam("now", type_=Time),
)
_ROW: Select[*tuple[Any, ...]] = select(*lists.c)
_OF: Final = _ROW.where(lists.c.actor_id == _ACTOR).order_by(lists.c.id)
_FIND: Final = _ROW.where(lists.c.id == _LIST, lists.c.actor_id == _ACTOR)
_HOLDING: Select[*tuple[Any, ...]] = (
    select(*lists.c)
    .join(list_members, list_members.c.list_id == lists.c.id)
    .where(lists.c.actor_id == _ACTOR, list_members.c.member_id == bindparam("member_id"))
    .order_by(lists.c.id)
)
_COUNT: Final = select(func.count()).where(lists.c.actor_id == _ACTOR)
_CHANGE: Final = (
    update(lists)
    .where(lists.c.id == bindparam("key", type_=Id))
    .values(
        title=bindparam("to_title"),
        replies_policy=bindparam("to_policy", type_=Enum8(RepliesPolicy)),
        exclusive=bindparam("to_exclusive", type_=Flag()),
    )
)
_DELETE: Final = delete(lists).where(lists.c.id == _LIST)
_EMPTY: Final = delete(list_members).where(list_members.c.list_id == _LIST)


def insert_list(
    tx: Tx, actor_id: int, *, title: str, replies_policy: RepliesPolicy, exclusive: bool
) -> int:
    """Make a list; its id."""
    identifier = new_id(tx)
    tx.run(
        _INSERT,
        list_id=identifier,
        actor_id=actor_id,
        title=title,
        replies_policy=replies_policy,
        exclusive=exclusive,
        now=tx.now,
    )
    return identifier


def of(tx: Tx, actor_id: int) -> list[ListRow]:
    """Somebody's lists, the oldest first."""
    return [ListRow(*row) for row in tx.all(_OF, actor_id=actor_id)]


def find(tx: Tx, actor_id: int, list_id: int) -> ListRow | None:
    """One of somebody's own lists; nobody else's."""
    row = tx.first(_FIND, actor_id=actor_id, list_id=list_id)
    return None if row is None else ListRow(*row)


def holding(tx: Tx, actor_id: int, member_id: int) -> list[ListRow]:
    """Those of somebody's lists on which a person is."""
    rows = tx.all(_HOLDING, actor_id=actor_id, member_id=member_id)
    return [ListRow(*row) for row in rows]


def count(tx: Tx, actor_id: int) -> int:
    """How many lists somebody has."""
    return tx.scalar(_COUNT, actor_id=actor_id) or 0


def change(
    tx: Tx, list_id: int, *, title: str, replies_policy: RepliesPolicy, exclusive: bool
) -> None:
    """Change what a list is called and shows."""
    tx.change(
        _CHANGE, key=list_id, to_title=title, to_policy=replies_policy, to_exclusive=exclusive
    )


def remove(tx: Tx, list_id: int) -> None:
    """Remove a list; nobody is followed less for it."""
    tx.change(_EMPTY, list_id=list_id)
    tx.change(_DELETE, list_id=list_id)


# Who is on it.

_ADD: Final = (
    insert(list_members)
    .values(id=bindparam("id", type_=Id), list_id=_LIST, member_id=bindparam("member_id", type_=Id))
    .on_conflict_do_nothing()
)
_REMOVE: Final = delete(list_members).where(
    list_members.c.list_id == _LIST, any_of(list_members.c.member_id, "ids")
)
_SIZE: Final = select(func.count()).where(list_members.c.list_id == _LIST)
_FOLLOWED: Final = select(follows.c.target_id).where(
    follows.c.follower_id == _ACTOR, any_of(follows.c.target_id, "ids")
)
_mine = select(lists.c.id).where(lists.c.actor_id == _ACTOR)
_DROP_MEMBER: Final = delete(list_members).where(
    list_members.c.list_id.in_(_mine), list_members.c.member_id == bindparam("member_id", type_=Id)
)
_FORGET_MEMBERS: Final = delete(list_members).where(
    or_(list_members.c.list_id.in_(_mine), list_members.c.member_id == _ACTOR)
)
_FORGET: Final = delete(lists).where(lists.c.actor_id == _ACTOR)


def add_members(tx: Tx, list_id: int, member_ids: Collection[int]) -> None:
    """Put people on a list; who is on it already stays."""
    tx.many(
        _ADD,
        [{"id": new_id(tx), "list_id": list_id, "member_id": member} for member in member_ids],
    )


def remove_members(tx: Tx, list_id: int, member_ids: Collection[int]) -> None:
    """Take people off a list."""
    tx.change(_REMOVE, list_id=list_id, ids=sorted(member_ids))


def size(tx: Tx, list_id: int) -> int:
    """How many people are on a list."""
    return tx.scalar(_SIZE, list_id=list_id) or 0


def followed_among(tx: Tx, actor_id: int, member_ids: Collection[int]) -> set[int]:
    """Those whom somebody follows, or has asked to."""
    rows = tx.all(_FOLLOWED, actor_id=actor_id, ids=sorted(member_ids))
    return {row[0] for row in rows}


def drop_member(tx: Tx, actor_id: int, member_id: int) -> None:
    """Take somebody off all of a person's lists: the follow that put them there has ended."""
    tx.change(_DROP_MEMBER, actor_id=actor_id, member_id=member_id)


def forget(tx: Tx, actor_id: int) -> None:
    """Remove the lists of somebody who left, and their name from others' lists."""
    tx.change(_FORGET_MEMBERS, actor_id=actor_id)
    tx.change(_FORGET, actor_id=actor_id)
