"""Who follows whom. A pair is a key of its own: ids of other servers' activities are not."""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import HERE
from domain.kinds import FollowState
from storage.columns import Id, any_of
from storage.queries import endorsements
from storage.tables.actors import actors
from storage.tables.posts import mentions
from storage.tables.relations import blocks, follows
from storage.tx import Tx


class FollowRow(Struct, frozen=True, gc=False):
    """One row of `follows`, in the order of its columns. Times are ms UTC."""

    id: int
    follower_id: int
    target_id: int
    state: FollowState
    uri: str
    shares: bool
    notify: bool
    created_at: int
    accepted_at: int | None
    languages: str = ""  # "de fr"; empty: whatever comes

    @property
    def is_accepted(self) -> bool:
        """Pending is not accepted."""
        return self.state is FollowState.ACCEPTED


_COLUMNS: Final = tuple(follows.c)
_PAIR = (
    follows.c.follower_id == bindparam("follower_id"),
    follows.c.target_id == bindparam("target_id"),
)
_FIND: Final = select(*_COLUMNS).where(*_PAIR)
_INSERT: Final = (
    insert(follows)
    .values({column.name: bindparam(column.name) for column in _COLUMNS})
    .on_conflict_do_nothing(index_elements=[follows.c.follower_id, follows.c.target_id])
    .returning(follows.c.id)
)
_ACCEPT: Final = (
    update(follows)
    .where(*_PAIR, follows.c.state == FollowState.PENDING)
    .values(state=FollowState.ACCEPTED, accepted_at=bindparam("now"))
)
_SET_URI: Final = update(follows).where(*_PAIR).values(uri=bindparam("uri"))
_SET_WISHES: Final = (
    update(follows)
    .where(*_PAIR)
    .values(
        shares=bindparam("shares"), notify=bindparam("notify"), languages=bindparam("languages")
    )
)
_REMOVE: Final = delete(follows).where(*_PAIR).returning(*_COLUMNS)
_FOLLOWS: Final = select(exists().where(*_PAIR, follows.c.state == FollowState.ACCEPTED))
_OF_ACTOR: Final = (
    select(*_COLUMNS)
    .where(
        or_(
            follows.c.follower_id == bindparam("actor_id"),
            follows.c.target_id == bindparam("actor_id"),
        )
    )
    .order_by(follows.c.id)
)
_LOCAL_FOLLOWERS: Final = (
    select(follows.c.follower_id)
    .join(actors, actors.c.id == follows.c.follower_id)
    .where(
        follows.c.target_id == bindparam("target_id"),
        follows.c.state == FollowState.ACCEPTED,
        actors.c.origin_id == HERE,
    )
)
_reader = actors.alias("reader")
_FOLLOWED_HERE: Final = select(actors.c.id).where(
    any_of(actors.c.id, "ids"),
    exists(
        select(follows.c.id)
        .join(_reader, _reader.c.id == follows.c.follower_id)
        .where(
            follows.c.target_id == actors.c.id,
            follows.c.state == FollowState.ACCEPTED,
            _reader.c.origin_id == HERE,
        )
        .correlate(actors)
    ),
)
_BELLS: Final = (
    select(follows.c.target_id, func.count())
    .where(
        any_of(follows.c.target_id, "ids"),
        follows.c.notify,
        follows.c.state == FollowState.ACCEPTED,
    )
    .group_by(follows.c.target_id)
)
_FOLLOWERS_FROM: Final = (
    select(actors.c.uri)
    .join(follows, follows.c.follower_id == actors.c.id)
    .where(
        follows.c.target_id == bindparam("target_id"),
        follows.c.state == FollowState.ACCEPTED,
        actors.c.origin_id == bindparam("origin_id"),
        actors.c.gone_at.is_(None),
    )
    .order_by(actors.c.uri)
)
_FROM_HERE: Final = (
    select(*_COLUMNS, actors.c.uri)
    .join(actors, actors.c.id == follows.c.follower_id)
    .where(follows.c.target_id == bindparam("target_id"), actors.c.origin_id == HERE)
    .order_by(follows.c.id)
)
_BLOCKED: Final = select(
    exists().where(
        or_(
            (blocks.c.blocker_id == bindparam("one")) & (blocks.c.blocked_id == bindparam("other")),
            (blocks.c.blocker_id == bindparam("other")) & (blocks.c.blocked_id == bindparam("one")),
        )
    )
)
_WANTING: Final = select(follows.c.follower_id, follows.c.target_id, follows.c.languages).where(
    any_of(follows.c.target_id, "targets"),
    follows.c.notify,
    follows.c.state == FollowState.ACCEPTED,
    ~exists().where(
        mentions.c.post_id == bindparam("post_id", type_=Id),
        mentions.c.actor_id == follows.c.follower_id,
        ~mentions.c.silent,
    ),
)
_LOCAL_IDS: Final = select(actors.c.id).where(
    any_of(actors.c.id, "ids"), actors.c.origin_id == HERE
)


def find(tx: Tx, follower_id: int, target_id: int) -> FollowRow | None:
    """What stands between two actors, whatever its state."""
    row = tx.first(_FIND, follower_id=follower_id, target_id=target_id)
    return None if row is None else FollowRow(*row)


def insert_follow(tx: Tx, row: FollowRow) -> bool:
    """Store a follow; False if the pair already has one."""
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    return tx.first(_INSERT, **values) is not None


def accept(tx: Tx, follower_id: int, target_id: int) -> bool:
    """Turn a request into a follow; False if none waited."""
    return tx.change(_ACCEPT, follower_id=follower_id, target_id=target_id, now=tx.now) > 0


def set_uri(tx: Tx, follower_id: int, target_id: int, uri: str) -> None:
    """Keep the newest Follow's id: what an Accept, Reject or Undo will name."""
    tx.change(_SET_URI, follower_id=follower_id, target_id=target_id, uri=uri)


def set_wishes(
    tx: Tx, follower_id: int, target_id: int, *, shares: bool, notify: bool, languages: str
) -> None:
    """Keep what of the target the follower wants to see."""
    pair = {"follower_id": follower_id, "target_id": target_id}
    tx.change(_SET_WISHES, **pair, shares=shares, notify=notify, languages=languages)


def remove(tx: Tx, follower_id: int, target_id: int) -> FollowRow | None:
    """End a follow or request; what it was."""
    rows = tx.all(_REMOVE, follower_id=follower_id, target_id=target_id)
    endorsements.remove(tx, follower_id, target_id)
    return FollowRow(*rows[0]) if rows else None


def is_following(tx: Tx, follower_id: int, target_id: int) -> bool:
    """Whether the target has accepted the follower."""
    return bool(tx.scalar(_FOLLOWS, follower_id=follower_id, target_id=target_id))


def of_actor(tx: Tx, actor_id: int) -> list[FollowRow]:
    """Every follow and request in which an actor takes part."""
    return [FollowRow(*row) for row in tx.all(_OF_ACTOR, actor_id=actor_id)]


def local_followers(tx: Tx, target_id: int) -> list[int]:
    """Accepted followers who live here."""
    return [row[0] for row in tx.all(_LOCAL_FOLLOWERS, target_id=target_id)]


def followed_here(tx: Tx, target_ids: Collection[int]) -> set[int]:
    """Those of these actors whom somebody who lives here follows."""
    return {row[0] for row in tx.all(_FOLLOWED_HERE, ids=list(target_ids))}


def bells(tx: Tx, target_ids: Collection[int]) -> dict[int, int]:
    """How many want to be told of each post of these actors; who has no bell is left out."""
    return dict(tx.all(_BELLS, ids=list(target_ids)))


def followers_from(tx: Tx, target_id: int, origin_id: int) -> list[str]:
    """The ids on the wire of accepted followers who live on one server, in order."""
    return [row[0] for row in tx.all(_FOLLOWERS_FROM, target_id=target_id, origin_id=origin_id)]


def from_here(tx: Tx, target_id: int) -> dict[str, FollowRow]:
    """Follows and requests of ours, by the follower's id on the wire."""
    width = len(_COLUMNS)
    rows = tx.all(_FROM_HERE, target_id=target_id)
    return {row[width]: FollowRow(*row[:width]) for row in rows}


def wanting_notice(
    tx: Tx, post_id: int, target_ids: Sequence[int], language: str | None
) -> dict[int, set[int]]:
    """Who wants to be told of a post by these, and by which of them; nobody whom it names."""
    found: dict[int, set[int]] = {}
    for follower, target, languages in tx.all(_WANTING, post_id=post_id, targets=target_ids):
        if not languages or language is None or language.lower() in languages.split():
            found.setdefault(follower, set()).add(target)
    return found


def local_ids(tx: Tx, actor_ids: Sequence[int]) -> set[int]:
    """Which of these actors live here."""
    return {row[0] for row in tx.all(_LOCAL_IDS, ids=actor_ids)} if actor_ids else set()


def is_blocked(tx: Tx, one: int, other: int) -> bool:
    """Whether either of two actors blocks the other."""
    return bool(tx.scalar(_BLOCKED, one=one, other=other))
