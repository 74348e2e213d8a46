"""Documents that leave, stored once for all their deliveries."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import bindparam, insert, select, update

from domain.audience import Kind
from storage.columns import any_of
from storage.tables.posts import posts
from storage.tables.traffic import activities
from storage.tx import Tx

_INSERT = insert(activities).values(
    id=bindparam("id"),
    uri=bindparam("uri"),
    actor_id=bindparam("actor_id"),
    post_id=bindparam("post_id"),
    community_id=bindparam("community_id"),
    recipient_id=bindparam("recipient_id"),
    body=bindparam("body"),
    created_at=bindparam("created_at"),
)
_BY_ID = select(activities.c.actor_id, activities.c.post_id, activities.c.body).where(
    activities.c.id == bindparam("id")
)
_MEANT = select(activities.c.recipient_id, activities.c.community_id).where(
    activities.c.id == bindparam("id")
)
_BY_URI = select(
    activities.c.id, activities.c.actor_id, activities.c.post_id, activities.c.community_id
).where(activities.c.uri == bindparam("uri"))
_TO_FOLLOWERS = (
    select(activities.c.id)
    .join(posts, posts.c.id == activities.c.post_id)
    .where(
        any_of(activities.c.id, "ids"),
        activities.c.community_id.is_(None),
        activities.c.actor_id == posts.c.author_id,
        posts.c.owner_id == posts.c.author_id,
        posts.c.kind == Kind.FOLLOWERS,
    )
)
_SET_BODY = (
    update(activities).where(activities.c.id == bindparam("key")).values(body=bindparam("body"))
)


def insert_activity(
    tx: Tx,
    *,
    activity_id: int,
    uri: str,
    actor_id: int,
    post_id: int | None,
    body: bytes,
    community_id: int | None = None,
    recipient_id: int | None = None,
) -> None:
    """Store a document that is about to be sent, signed later by `actor_id`.

    `community_id`: on whose behalf, so that its deliveries end with the right to them;
    `recipient_id`: the one member whom it is for.
    """
    tx.insert(
        _INSERT,
        id=activity_id,
        uri=uri,
        actor_id=actor_id,
        post_id=post_id,
        community_id=community_id,
        recipient_id=recipient_id,
        body=body,
        created_at=tx.now,
    )


def activity(tx: Tx, activity_id: int) -> tuple[int, int | None, bytes] | None:
    """(signing actor, post whose audience decides, body), or nothing."""
    return tx.first(_BY_ID, id=activity_id)


class Meant(NamedTuple):
    """Whom a document is for: one member alone, and the members of one community alone."""

    recipient_id: int | None = None
    community_id: int | None = None


def meant_for(tx: Tx, activity_id: int) -> Meant:
    """Whom a document is for, beside its post's audience."""
    row = tx.first(_MEANT, id=activity_id)
    return Meant() if row is None else Meant(*row)


class Sent(NamedTuple):
    """What is known of a document that left: who signed it, about which post, to which place."""

    id: int
    actor_id: int
    post_id: int | None
    community_id: int | None


def sent(tx: Tx, uri: str) -> Sent | None:
    """The document of ours with this id, for answers that name it."""
    row = tx.first(_BY_URI, uri=uri)
    return None if row is None else Sent(*row)


def set_body(tx: Tx, activity_id: int, body: bytes) -> None:
    """Replace a document before its first delivery: a proof was added."""
    tx.change(_SET_BODY, key=activity_id, body=body)


def to_followers(tx: Tx, activity_ids: Iterable[int]) -> set[int]:
    """Those of these activities that are for their actor's followers alone."""
    return {row[0] for row in tx.all(_TO_FOLLOWERS, ids=sorted(set(activity_ids)))}
