"""Everything of one server, for an operator who has it forgotten: in small steps, oldest first."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, delete, or_, select, update

from domain.ids import HERE
from storage.columns import Id, Number, any_of
from storage.tables.actors import actors, keys
from storage.tables.origins import disclosures
from storage.tables.posts import posts
from storage.tables.traffic import deliveries, intake
from storage.tx import Tx

_ORIGIN: Final = bindparam("origin_id", type_=Id)
_LIMIT: Final = bindparam("limit", type_=Number)

# Whose own server was never asked, or is forgotten, has no inbox here.
_PEOPLE: Final = (
    select(actors.c.id)
    .where(actors.c.origin_id == _ORIGIN, actors.c.origin_id != HERE, actors.c.fetched_at > 0)
    .order_by(actors.c.id)
    .limit(_LIMIT)
)
_POSTS: Final = (
    select(posts.c.id)
    .where(
        posts.c.origin_id == _ORIGIN,
        posts.c.origin_id != HERE,
        or_(
            posts.c.deleted_at.is_(None),
            posts.c.content != "",
            posts.c.summary != "",
            posts.c.title != "",
        ),
    )
    .order_by(posts.c.id)
    .limit(_LIMIT)
)
# The row and its id stay: whoever comes back under this address is the same as before.
_UNKNOWN: Final = (
    update(actors)
    .where(any_of(actors.c.id, "ids"), actors.c.origin_id != HERE)
    .values(
        name="",
        summary="",
        fields=b"[]",
        emojis=b"",
        also_known_as=b"[]",
        avatar=None,
        header=None,
        avatar_text=None,
        header_text=None,
        inbox="",
        shared_inbox=None,
        outbox=None,
        followers=None,
        following=None,
        featured=None,
        moved_to=None,
        discoverable=False,
        indexable=False,
        fetched_at=0,
        gone_at=None,
        version=actors.c.version + 1,
    )
)
_BLANK: Final = (
    update(posts)
    .where(any_of(posts.c.id, "ids"), posts.c.origin_id != HERE)
    .values(title="", emojis=b"", quote_uri=None, language=None)
)
_MARK: Final = (
    update(posts)
    .where(any_of(posts.c.id, "ids"), posts.c.origin_id != HERE, posts.c.deleted_at.is_(None))
    .values(deleted_at=bindparam("now"), version=posts.c.version + 1)
)
_KEYS: Final = delete(keys).where(any_of(keys.c.actor_id, "ids"))
_OF_SERVER: Final = tuple(
    delete(table).where(table.c.origin_id == _ORIGIN) for table in (deliveries, disclosures)
)
_UNREAD: Final = (
    update(intake).where(intake.c.origin_id == bindparam("key", type_=Id)).values(body=None)
)


def people(tx: Tx, origin_id: int, limit: int) -> list[int]:
    """Actors of a server that are still described here; reads only."""
    return [row[0] for row in tx.all(_PEOPLE, origin_id=origin_id, limit=limit)]


def written(tx: Tx, origin_id: int, limit: int) -> list[int]:
    """Posts of a server that can be read or still hold words; reads only."""
    return [row[0] for row in tx.all(_POSTS, origin_id=origin_id, limit=limit)]


def make_unknown(tx: Tx, actor_ids: Collection[int]) -> None:
    """Keep of these actors of other servers nothing but their addresses and handles."""
    ids = list(actor_ids)
    tx.change(_UNKNOWN, ids=ids)
    tx.change(_KEYS, ids=ids)


def mark_deleted(tx: Tx, post_ids: Collection[int]) -> None:
    """Make posts of another server unreadable, and forget what is not words in them."""
    ids = list(post_ids)
    tx.change(_MARK, ids=ids, now=tx.now)
    tx.change(_BLANK, ids=ids)


def forget_traffic(tx: Tx, origin_id: int) -> None:
    """Forget what waits for a server, what came and waits to be read, and who was disclosed to it.

    The ledger of what came stays: nothing old is taken in again.
    """
    for statement in _OF_SERVER:
        tx.change(statement, origin_id=origin_id)
    tx.change(_UNREAD, key=origin_id)
