"""What `domain.audience.may_read` asks of the world, answered by the database."""

from typing import Final

from sqlalchemy import bindparam, select

from domain.audience import Membership, Sisterhood
from domain.kinds import AgreementKind, FollowState
from storage.audience import fixed
from storage.columns import Id
from storage.tables.communities import communities, memberships
from storage.tables.origins import agreements
from storage.tables.relations import follows
from storage.tx import Tx

_SISTER: Final = select(agreements.c.since, agreements.c.until).where(
    agreements.c.origin_id == bindparam("origin_id", type_=Id),
    agreements.c.kind == fixed(AgreementKind.SISTER),
    agreements.c.active,
)
_MEMBERSHIP: Final = (
    select(memberships.c.state, memberships.c.since, memberships.c.until, communities.c.history)
    .join(communities, communities.c.actor_id == memberships.c.community_id)
    .where(
        memberships.c.community_id == bindparam("community_id", type_=Id),
        memberships.c.actor_id == bindparam("actor_id", type_=Id),
    )
)
_FOLLOWS: Final = select(follows.c.id).where(
    follows.c.follower_id == bindparam("follower_id", type_=Id),
    follows.c.target_id == bindparam("target_id", type_=Id),
    follows.c.state == fixed(FollowState.ACCEPTED),
)


class StoredFacts:
    """What the Python predicate asks (`domain.audience.Facts`), answered by the database.

    For posts that are not stored yet; stored posts are asked by `readable`.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    @property
    def now(self) -> int:
        """The present, in Unix milliseconds."""
        return self._tx.now

    def sister(self, origin: int) -> Sisterhood | None:
        """The agreement that makes `origin` a sister of this node, if one stands."""
        row = self._tx.first(_SISTER, origin_id=origin)
        return Sisterhood(*row) if row else None

    def membership(self, community: int, actor: int) -> Membership | None:
        """The membership of `actor` in `community`, whatever its state."""
        row = self._tx.first(_MEMBERSHIP, community_id=community, actor_id=actor)
        return Membership(*row) if row else None

    def follows(self, follower: int, target: int) -> bool:
        """Whether `target` has accepted `follower`."""
        return self._tx.first(_FOLLOWS, follower_id=follower, target_id=target) is not None
