"""How one person stands to others (Mastodon API `Relationship`)."""

from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, select

from domain.audience import Viewer
from domain.kinds import FollowState
from storage.columns import Id, any_of
from storage.queries import domain_blocks, endorsements, mutes, notes
from storage.tables.relations import blocks, follows
from storage.tx import Tx
from storage.views.people import people


class Relationship(Struct, frozen=True, gc=False):
    """From the viewer's side; `id` is the other person. `muted_until`: ms UTC, None has no end."""

    id: int
    following: bool = False
    requested: bool = False
    showing_shares: bool = False
    notifying: bool = False
    languages: tuple[str, ...] = ()
    followed_by: bool = False
    requested_by: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: bool = False
    muting_notifications: bool = False
    muted_until: int | None = None
    shut_out: bool = False  # with their whole server
    endorsed: bool = False
    note: str = ""


_ME = bindparam("viewer_id", type_=Id)
_FORTH: Final = select(
    follows.c.target_id, follows.c.state, follows.c.shares, follows.c.notify, follows.c.languages
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

Forth = tuple[FollowState, bool, bool, str]


def load(tx: Tx, viewer: Viewer, actor_ids: list[int]) -> list[Relationship]:
    """One entry per person whom the viewer may see, in the order asked for. Nine statements.

    Whoever follows the viewer, or asks to, is somebody whom the viewer may see.
    """
    me = {"viewer_id": viewer.actor, "ids": actor_ids}
    forth: dict[int, Forth] = {row[0]: row[1:] for row in tx.all(_FORTH, **me)}
    back = dict(tx.all(_BACK, **me))
    seen = {actor.id for actor in people(tx, viewer, actor_ids)} | back.keys() | forth.keys()
    blocking = {row[0] for row in tx.all(_BLOCKING, **me)}
    blocked_by = {row[0] for row in tx.all(_BLOCKED_BY, **me)}
    muted = mutes.among(tx, viewer.actor, actor_ids)
    shut_out = domain_blocks.among(tx, viewer.actor, actor_ids)
    noted = notes.among(tx, viewer.actor, actor_ids)
    endorsed = endorsements.endorsed(tx, viewer.actor, actor_ids)

    def standing(other: int) -> Relationship:
        state, shares, notify, languages = forth.get(other, (None, False, False, ""))
        mute = muted.get(other)
        return Relationship(
            id=other,
            following=state is FollowState.ACCEPTED,
            requested=state is FollowState.PENDING,
            showing_shares=shares,
            notifying=notify,
            languages=tuple(languages.split()),
            followed_by=back.get(other) is FollowState.ACCEPTED,
            requested_by=back.get(other) is FollowState.PENDING,
            blocking=other in blocking,
            blocked_by=other in blocked_by,
            muting=mute is not None,
            muting_notifications=mute is not None and mute.notifications,
            muted_until=None if mute is None else mute.until,
            shut_out=other in shut_out,
            endorsed=other in endorsed,
            note=noted.get(other, ""),
        )

    return [standing(one) for one in dict.fromkeys(actor_ids) if one in seen]
