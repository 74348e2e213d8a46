"""Whether a community elsewhere and we agree on who of ours belongs to it (FEP-8fcf, protocol §5).

Each delivery of a community's carries the digest of its members here. If ours differs, a removal
was lost on the way: what was delivered is stored and waits until we have asked who belongs, so that
nobody whose membership ended reads it meanwhile.
"""

from typing import Final

from activitypub.parse.fields import references
from activitypub.synchronization import Synchronization, digest
from domain.kinds import MembershipState
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import enqueue
from social import joining
from storage.queries import actors, communities
from storage.queries.communities import MemberRow
from storage.tx import Tx
from storage.views.actors import ActorView

ROLL_CALL: Final = "roll_call"
"""The kind of job that asks a community who of ours belongs to it; its payload is the id."""

LONGEST_WAIT_MS: Final = 3600 * 1000
_ASKING: Final = frozenset(
    {MembershipState.ACTIVE, MembershipState.REQUESTED, MembershipState.REMOVED}
)


def want(tx: Tx, *, community: ActorView, said: Synchronization, order_key: str) -> bool:
    """Ask the community before anything else of this order key is done, if we do not agree."""
    if said.collection != community.followers or communities.by_id(tx, community.id) is None:
        return False
    ours = actors.views(tx, [row.actor_id for row in _active(tx, community.id)])
    if digest(actor.uri for actor in ours) == said.digest:
        return False
    enqueue(
        tx,
        ROLL_CALL,
        community.id,
        order_key=order_key,
        unique=f"{ROLL_CALL} {community.id}",
        about=community.id,
    )
    return True


def _active(tx: Tx, community_id: int) -> list[MemberRow]:
    """Of our own people: no other node's are known here."""
    return communities.active_members(tx, community_id)


async def call_roll(fetcher: Fetcher, community_id: int) -> int:
    """Ask a community who of ours belongs to it, and end what ended there; how many memberships.

    Who became a member there and does not know it yet is told by the Accept, not by this. Raises
    CannotFetch if it could not be asked.
    """
    community = await fetcher.db.read(actors.by_id, community_id)
    if community is None or community.is_local or community.followers is None:
        return 0
    rows = await fetcher.db.read(communities.members, community_id)
    before = {row.actor_id for row in await fetcher.db.read(_active, community_id)}
    ended = 0
    listed = await _listed(fetcher, community, rows)
    for actor_id in sorted(before):
        ended += await fetcher.db.write(
            _end, fetcher, community=community, actor_id=actor_id, listed=listed
        )
    return ended


async def _listed(fetcher: Fetcher, community: ActorView, rows: list[MemberRow]) -> set[str]:
    """The ids of our people whom the community lists. Nobody, if it knows none of us at all."""
    url = f"{community.followers}_sync"
    asking = [row for row in rows if row.state in _ASKING]
    for row in sorted(asking, key=lambda one: one.state is not MembershipState.ACTIVE):
        try:
            found = await fetcher.document(url, as_actor_id=row.actor_id)
        except CannotFetch as problem:
            if not problem.gone:
                raise
            continue
        return set(references(found.body.get("orderedItems")))
    return set()


def _end(
    tx: Tx, fetcher: Fetcher, *, community: ActorView, actor_id: int, listed: set[str]
) -> bool:
    actor = actors.by_id(tx, actor_id)
    if actor is None or actor.uri in listed:
        return False
    return joining.rejected(tx, node=fetcher.node, community=community, actor_id=actor_id)
