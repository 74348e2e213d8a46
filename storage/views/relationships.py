"""How one person stands to others (Mastodon API `Relationship`)."""

from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, select

from domain.audience import Viewer
from domain.kinds import FollowState
from storage.columns import Id, any_of
from storage.tables.relations import blocks, follows
from storage.tx import Tx
from storage.views.people import people


class Relationship(Struct, frozen=True, gc=False):
    """From the viewer's side; `id` is the other person."""

    id: int
    following: bool = False
    requested: bool = False
    showing_shares: bool = False
    notifying: bool = False
    followed_by: bool = False
    requested_by: bool = False
    blocking: bool = False
    blocked_by: bool = False


_ME = bindparam("viewer_id", type_=Id)
_FORTH: Final = select(
    follows.c.target_id, follows.c.state, follows.c.shares, follows.c.notify
).where(follows.c.follower_id == _ME, any_of(follows.c.target_id, "ids"))
_BACK: Final = select(follows.c.follower_id, follows.c.state).where(
    follows.c.target_id == _ME, any_of(follows.c.follower_id, "ids")
)
_BLOCKING: Final = select(blocks.c.blocked_id).where(
    blocks.c.blocker_id == _ME, any_of(blocks.c.blocked_id, "ids")
)
_BLOCKED_BY: Final = select(blocks.c.blocker_id).where(
    blocks.c.blocked_id == _ME, any_of(blocks.c.blocker_id, "ids")
)


def load(tx: Tx, viewer: Viewer, actor_ids: list[int]) -> list[Relationship]:
    """One entry per person whom the viewer may see, in the order asked for. Five statements.

    Whoever follows the viewer, or asks to, is somebody whom the viewer may see.
    """
    me = {"viewer_id": viewer.actor, "ids": actor_ids}
    forth = {row[0]: row[1:] for row in tx.all(_FORTH, **me)}
    back = dict(tx.all(_BACK, **me))
    blocking = {row[0] for row in tx.all(_BLOCKING, **me)}
    blocked_by = {row[0] for row in tx.all(_BLOCKED_BY, **me)}
    seen = {actor.id for actor in people(tx, viewer, actor_ids)} | back.keys() | forth.keys()
    return [
        _relationship(one, forth.get(one), back.get(one), one in blocking, one in blocked_by)
        for one in dict.fromkeys(actor_ids)
        if one in seen
    ]


def _relationship(
    other: int,
    forth: tuple[FollowState, bool, bool] | None,
    back: FollowState | None,
    blocking: bool,
    blocked_by: bool,
) -> Relationship:
    accepted = forth is not None and forth[0] is FollowState.ACCEPTED
    return Relationship(
        id=other,
        following=accepted,
        requested=forth is not None and not accepted,
        showing_shares=forth is not None and forth[1],
        notifying=forth is not None and forth[2],
        followed_by=back is FollowState.ACCEPTED,
        requested_by=back is FollowState.PENDING,
        blocking=blocking,
        blocked_by=blocked_by,
    )
