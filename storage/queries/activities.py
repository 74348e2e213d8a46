"""Documents that leave, stored once for all their deliveries."""

from sqlalchemy import bindparam, insert, select, update

from storage.tables.traffic import activities
from storage.tx import Tx

_INSERT = insert(activities).values(
    id=bindparam("id"),
    uri=bindparam("uri"),
    actor_id=bindparam("actor_id"),
    post_id=bindparam("post_id"),
    body=bindparam("body"),
    created_at=bindparam("created_at"),
)
_BY_ID = select(activities.c.actor_id, activities.c.post_id, activities.c.body).where(
    activities.c.id == bindparam("id")
)
_SET_BODY = (
    update(activities).where(activities.c.id == bindparam("key")).values(body=bindparam("body"))
)


def insert_activity(
    tx: Tx, *, activity_id: int, uri: str, actor_id: int, post_id: int | None, body: bytes
) -> None:
    """Store a document that is about to be sent, signed later by `actor_id`."""
    tx.insert(
        _INSERT,
        id=activity_id,
        uri=uri,
        actor_id=actor_id,
        post_id=post_id,
        body=body,
        created_at=tx.now,
    )


def activity(tx: Tx, activity_id: int) -> tuple[int, int | None, bytes] | None:
    """(signing actor, post whose audience decides, body), or nothing."""
    return tx.first(_BY_ID, id=activity_id)


def set_body(tx: Tx, activity_id: int, body: bytes) -> None:
    """Replace a document before its first delivery: a proof was added."""
    tx.change(_SET_BODY, key=activity_id, body=body)
