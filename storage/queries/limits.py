"""What moderators decided about actors, what follows for their posts, and the log of it."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import Acceptance, Limit, ModerationDeed
from storage.audience import fixed
from storage.columns import Enum8, Id
from storage.queries.ids import new_id
from storage.tables.actors import actors
from storage.tables.posts import posts
from storage.tables.reports import moderation_log
from storage.tables.traffic import activities, deliveries
from storage.tx import Tx

_SET: Final = (
    update(actors)
    .where(
        actors.c.id == bindparam("actor_id", type_=Id),
        actors.c.limited != bindparam("to", type_=Enum8(Limit)),
    )
    .values(limited=bindparam("to", type_=Enum8(Limit)), version=actors.c.version + 1)
)


def hold(tx: Tx, actor_id: int) -> None:
    """Let nobody else decide about an actor until the unit ends; before its row is read."""
    tx.lock(f"limit {actor_id}")


def set_limit(tx: Tx, actor_id: int, to: Limit) -> bool:
    """Write down what an actor may do here; False if it was so already."""
    return tx.change(_SET, actor_id=actor_id, to=to) > 0


def _from_to(before: Acceptance, after: Acceptance) -> Any:
    return (
        update(posts)
        .where(posts.c.author_id == bindparam("author_id", type_=Id), posts.c.acceptance == before)
        .values(acceptance=after, version=posts.c.version + 1)
    )


_WITHHOLD: Final = _from_to(Acceptance.ACCEPTED, Acceptance.WITHHELD)
_RELEASE: Final = _from_to(Acceptance.WITHHELD, Acceptance.ACCEPTED)


def withhold(tx: Tx, author_id: int) -> int:
    """Let nobody read what an author wrote or shared; how many posts. It can be taken back."""
    return tx.change(_WITHHOLD, author_id=author_id)


def release(tx: Tx, author_id: int) -> int:
    """Take that back; how many posts."""
    return tx.change(_RELEASE, author_id=author_id)


_UNSENT_BY: Final = delete(deliveries).where(
    deliveries.c.activity_id.in_(
        select(activities.c.id).where(activities.c.actor_id == bindparam("actor_id", type_=Id))
    )
)
_UNSENT_TO: Final = delete(deliveries).where(deliveries.c.inbox == bindparam("inbox"))


def drop_deliveries_by(tx: Tx, actor_id: int) -> int:
    """Send nothing more of what an actor of ours said; how many deliveries."""
    return tx.change(_UNSENT_BY, actor_id=actor_id)


def drop_deliveries_to(tx: Tx, inbox: str) -> int:
    """Send nothing more to one person's own inbox; how many deliveries."""
    return tx.change(_UNSENT_TO, inbox=inbox)


class LogRow(Struct, frozen=True, gc=False):
    """One row of `moderation_log`; `by_id` 0 is the operator on the command line."""

    id: int
    deed: ModerationDeed
    by_id: int
    about_id: int
    report_id: int
    reason: str
    at: int


_LOG: Final = insert(moderation_log).values(
    {column.name: bindparam(column.name) for column in moderation_log.c}
)
_LOG_ABOUT: Select[*tuple[Any, ...]] = (
    select(*moderation_log.c)
    .where(moderation_log.c.about_id == bindparam("actor_id", type_=Id))
    .order_by(moderation_log.c.id)
)


def log(
    tx: Tx,
    deed: ModerationDeed,
    *,
    by_id: int,
    about_id: int,
    report_id: int = 0,
    reason: str = "",
) -> None:
    """Write down who did what about whom, and why."""
    tx.run(
        _LOG,
        id=new_id(tx),
        deed=deed,
        by_id=by_id,
        about_id=about_id,
        report_id=report_id,
        reason=reason,
        at=tx.now,
    )


_DECIDED: Final = (
    select(moderation_log.c.deed)
    .where(
        moderation_log.c.about_id == bindparam("actor_id", type_=Id),
        moderation_log.c.deed <= fixed(ModerationDeed.FREED),  # the deeds stand in this order
    )
    .order_by(moderation_log.c.id.desc())
    .limit(1)
)
_MEANS: Final = {
    ModerationDeed.SILENCED: Limit.SILENCED,
    ModerationDeed.SUSPENDED: Limit.SUSPENDED,
}


def decided(tx: Tx, actor_id: int) -> Limit:
    """What a moderator here decided last about an actor, whatever its own server says."""
    deed = tx.scalar(_DECIDED, actor_id=actor_id)
    return Limit.NONE if deed is None else _MEANS.get(deed, Limit.NONE)


def log_about(tx: Tx, actor_id: int) -> list[LogRow]:
    """What was done about an actor, in its order."""
    return [LogRow(*row) for row in tx.all(_LOG_ABOUT, actor_id=actor_id)]
