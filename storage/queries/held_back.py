"""Requests to be heard: of whom something is held back, as rows (Mastodon's notification requests).

What a request holds is not stored: it is the filtered notifications of that one sender.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id, Number, Time, any_of
from storage.queries.ids import new_id
from storage.tables.notifying import requests
from storage.tables.timelines import notifications
from storage.tx import Tx

_ACTOR: Final = bindparam("actor_id", type_=Id)
_FROM: Final = bindparam("from_id", type_=Id)
_NOW: Final = bindparam("now", type_=Time)
_HOLD: Final = (
    insert(requests)
    .values(
        id=bindparam("id", type_=Id),
        actor_id=_ACTOR,
        from_id=_FROM,
        created_at=_NOW,
        updated_at=_NOW,
    )
    .on_conflict_do_update(
        index_elements=[requests.c.actor_id, requests.c.from_id], set_={"updated_at": _NOW}
    )
)
_AMONG: Final = select(requests.c.from_id).where(
    requests.c.actor_id == _ACTOR, any_of(requests.c.id, "ids")
)
_ENDED: Final = delete(requests).where(
    requests.c.actor_id == _ACTOR, any_of(requests.c.from_id, "senders")
)
_theirs = (
    notifications.c.actor_id == _ACTOR,
    any_of(notifications.c.from_id, "senders"),
    notifications.c.filtered,
)
_SHOW: Final = update(notifications).where(*_theirs).values(filtered=False)
_DROP: Final = delete(notifications).where(*_theirs)
_FORGET: Final = delete(requests).where(
    or_(requests.c.actor_id == _ACTOR, requests.c.from_id == _ACTOR)
)
_OLD: Final = (
    select(notifications.c.id)
    .where(notifications.c.filtered, notifications.c.created_at <= bindparam("before", type_=Time))
    .limit(bindparam("limit", type_=Number))
)
_LET_GO: Final = delete(notifications).where(
    any_of(notifications.c.id, "ids"), notifications.c.filtered
)
# By `updated_at`: where something is held back at this moment, the row is a new one for who waits.
_EMPTY: Final = delete(requests).where(
    requests.c.updated_at <= bindparam("before", type_=Time),
    ~exists()
    .where(
        notifications.c.actor_id == requests.c.actor_id,
        notifications.c.from_id == requests.c.from_id,
        notifications.c.filtered,
    )
    .correlate_except(notifications),
)


def hold(tx: Tx, actor_id: int, from_id: int) -> None:
    """Something of this sender's is held back: there is a request, or it is fresh again."""
    tx.run(_HOLD, id=new_id(tx), actor_id=actor_id, from_id=from_id, now=tx.now)


def senders_of(tx: Tx, actor_id: int, request_ids: Collection[int]) -> list[int]:
    """Of whom somebody's requests with these ids are; others' requests are not there."""
    rows = tx.all(_AMONG, actor_id=actor_id, ids=list(request_ids))
    return sorted(row[0] for row in rows)


def show(tx: Tx, actor_id: int, senders: Collection[int]) -> None:
    """End the requests of these senders: what was held back is in the list from now on."""
    _end(tx, actor_id, senders)
    tx.change(_SHOW, actor_id=actor_id, senders=list(senders))


def drop(tx: Tx, actor_id: int, senders: Collection[int]) -> None:
    """End the requests of these senders, and remove what was held back."""
    _end(tx, actor_id, senders)
    tx.change(_DROP, actor_id=actor_id, senders=list(senders))


def _end(tx: Tx, actor_id: int, senders: Collection[int]) -> None:
    """First of all: this waits for what is being held back now, and what comes later asks anew."""
    tx.change(_ENDED, actor_id=actor_id, senders=list(senders))


def old(tx: Tx, before: int, limit: int) -> list[int]:
    """Notifications that are held back since that moment or longer; reads only."""
    return [row[0] for row in tx.all(_OLD, before=before, limit=limit)]


def let_go(tx: Tx, notification_ids: Collection[int]) -> None:
    """Remove those of these that are still held back."""
    tx.change(_LET_GO, ids=list(notification_ids))


def drop_empty(tx: Tx, before: int) -> None:
    """Remove requests of which nothing is left, and to which nothing came since that moment."""
    tx.change(_EMPTY, before=before)


def forget(tx: Tx, actor_id: int) -> None:
    """Remove what is asked of somebody, and by them: they left."""
    tx.change(_FORGET, actor_id=actor_id)
