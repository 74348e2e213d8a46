"""What other servers sent us: kept until it is processed, and remembered against repetition.

An activity is known by (origin, id), so one server can neither claim nor suppress another's. The
row outlives the signed bytes: it refuses repetitions for as long as a signature or a peer's retry
could come back.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, func, null, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import IntakeState
from storage.columns import any_of
from storage.queries.ids import new_id, new_ids
from storage.tables.jobs import JobState, jobs
from storage.tables.relations import follows
from storage.tables.traffic import intake
from storage.tx import Tx


class Received(Struct, frozen=True, gc=False):
    """An activity that waits to be processed: who signed it, and the signed bytes."""

    id: int
    origin_id: int
    activity_uri: str
    signer_id: int
    body: bytes
    received_at: int

    def __repr__(self) -> str:
        """Nothing of the words."""
        return f"<Received {self.id}>"


_NEW: Final = ("id", "origin_id", "activity_uri", "signer_id", "body", "state", "received_at")
_TAKE: Final = (
    insert(intake)
    .values({name: bindparam(name) for name in _NEW} | {"reason": null()})
    .on_conflict_do_nothing(index_elements=[intake.c.origin_id, intake.c.activity_uri])
)
_TAKE_ONE: Final = _TAKE.returning(intake.c.id)
_QUEUED: Final = (
    select(
        intake.c.id,
        intake.c.origin_id,
        intake.c.activity_uri,
        intake.c.signer_id,
        intake.c.body,
        intake.c.received_at,
    )
    .where(
        any_of(intake.c.id, "ids"),
        intake.c.state == IntakeState.QUEUED,
        intake.c.body.is_not(None),
    )
    .order_by(intake.c.id)
)
_SETTLE: Final = (
    update(intake)
    .where(intake.c.id == bindparam("key"), intake.c.state == IntakeState.QUEUED)
    .values(state=bindparam("state"), reason=bindparam("reason"), body=None)
)
_DROP: Final = (
    update(intake)
    .where(intake.c.id == bindparam("key"))
    .values(state=IntakeState.DROPPED, reason=bindparam("reason"))
)
_OLD: Final = (
    select(intake.c.id)
    .where(intake.c.received_at < bindparam("before"), intake.c.state != IntakeState.QUEUED)
    .order_by(intake.c.received_at)
    .limit(bindparam("most"))
)
_FORGET: Final = delete(intake).where(any_of(intake.c.id, "ids"))
_BOUNDED = (
    select(jobs.c.id)
    .where(jobs.c.state == JobState.READY, jobs.c.kind == bindparam("kind"))
    .limit(bindparam("most"))
    .subquery()
)
_WAITING: Final = select(func.count()).select_from(_BOUNDED)
_ASKED_BY: Final = select(follows.c.follower_id, follows.c.target_id).where(
    follows.c.id == bindparam("id"), follows.c.uri == bindparam("uri")
)


def take(
    tx: Tx, *, origin_id: int, activity_uri: str, signer_id: int, body: bytes | None
) -> int | None:
    """Keep an activity; None if this origin sent one with this id before.

    Without a `body` nothing waits: it is done in this very unit of work.
    """
    state = IntakeState.DONE if body is None else IntakeState.QUEUED
    row = (new_id(tx), origin_id, activity_uri, signer_id, body, state, tx.now)
    identifier: int | None = tx.scalar(_TAKE_ONE, **dict(zip(_NEW, row, strict=True)))
    return identifier


_THERE: Final = select(intake.c.id).where(any_of(intake.c.id, "ids"))
_LEDGER_KEY: Final = itemgetter(1, 2)  # the origin, and the activity's id


def take_done(tx: Tx, activities: Sequence[tuple[int, str, int]]) -> list[bool]:
    """Keep activities that are done in this unit of work; for each, whether it is new.

    Each is an origin's id, the activity's own and its signer's, as `take` has them.
    """
    rows = [
        (identifier, *activity, None, IntakeState.DONE, tx.now)
        for identifier, activity in zip(new_ids(tx, len(activities)), activities, strict=True)
    ]
    # In one order: two processes that are told the same do not wait for each other.
    tx.many_lines(_TAKE, _NEW, sorted(rows, key=_LEDGER_KEY))
    stored = {row[0] for row in tx.all(_THERE, ids=[row[0] for row in rows])}
    return [row[0] in stored for row in rows]


def queued(tx: Tx, identifiers: Sequence[int]) -> list[Received]:
    """Those of these activities that still wait, in the order in which they came."""
    rows = tx.all(_QUEUED, ids=identifiers)
    return [Received(*row[:4], row[4] or b"", row[5]) for row in rows]


def settle(tx: Tx, identifier: int, state: IntakeState, reason: str | None = None) -> bool:
    """Write down what became of an activity and drop its bytes; False if that was done before."""
    return tx.change(_SETTLE, key=identifier, state=state, reason=reason) > 0


def drop(tx: Tx, identifier: int, reason: str) -> None:
    """Write down why an activity that was taken without its bytes had no effect."""
    tx.change(_DROP, key=identifier, reason=reason)


def waiting(tx: Tx, kind: str, most: int) -> int:
    """How many jobs of a kind wait, counted up to `most`."""
    return tx.scalar(_WAITING, kind=kind, most=most) or 0


def forget(tx: Tx, *, before: int, most: int = 500) -> int:
    """Forget settled activities that came before then; how many. Call it until it says 0."""
    old = [row[0] for row in tx.all(_OLD, before=before, most=most)]
    return tx.change(_FORGET, ids=old) if old else 0


def asked_by(tx: Tx, follow_id: int, uri: str) -> tuple[int, int] | None:
    """(follower, target) of the follow that our activity with this id and address asked for."""
    return tx.first(_ASKED_BY, id=follow_id, uri=uri)
