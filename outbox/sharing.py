"""Whether a server may get one relay note for all members there (protocol §5, `timeline`).

A server shows what is addressed to followers to everybody there whom it takes for one. So that is
asked from the moment a Follow arrives, for each post anew, and again when it is sent: whoever asks,
was removed or may not read this post makes everybody there get a note of their own.
"""

from collections.abc import Collection, Iterable
from typing import Final

from msgspec.structs import replace

from domain.communities import forgets_nobody, may_share
from domain.kinds import FollowState, MembershipState
from outbox.publish import FAN_OUT
from storage.audience import readers_among
from storage.queries import actors, communities, jobs, origins, plain_servers, posts
from storage.queries.relay_notes import EVERYBODY_THERE, Recipient
from storage.tx import Tx
from storage.views.actors import ActorView

_OVER: Final = frozenset({MembershipState.REMOVED, MembershipState.LEFT, MembershipState.BANNED})


def shared_origins(
    tx: Tx, community_id: int, entitled: Iterable[Recipient], *, author_id: int
) -> set[int]:
    """Servers that may get one note for all of `entitled` there, who may read the post."""
    community = actors.by_id(tx, community_id)
    if community is None or jobs.waiting_keys(tx, [f"{FAN_OUT} {community.uri}"]):
        return set()  # an Accept, a Reject or a Block is on its way: nothing overtakes it
    there: dict[int, set[int]] = {}
    for one in entitled:
        there.setdefault(one.origin_id, set())
        if one.shared_inbox is not None:
            there[one.origin_id].add(one.actor_id)
    return {
        origin_id
        for origin_id, readers in there.items()
        if _may_share(tx, community_id, origin_id, readers=readers, author_id=author_id)
    }


def everybody(community: ActorView, one: Recipient) -> Recipient:
    """All members on somebody's server, for whom one delivery is enough."""
    return replace(
        one,
        actor_id=EVERYBODY_THERE,
        uri=community.followers or "",
        handle="",
        inbox=one.shared_inbox or one.inbox,
    )


def still_may(tx: Tx, community_id: int, origin_id: int, post_id: int) -> bool:
    """The same of a note that is about to be sent."""
    row = posts.by_id(tx, post_id)
    if row is None:
        return False
    found = communities.members_at(tx, community_id, origin_id)
    members = {one.actor_id for one in found} - {row.author_id}
    readers = readers_among(tx, post_id, members) if members else set()
    return _may_share(tx, community_id, origin_id, readers=readers, author_id=row.author_id)


def _may_share(
    tx: Tx, community_id: int, origin_id: int, *, readers: Collection[int], author_id: int
) -> bool:
    settings, origin = communities.by_id(tx, community_id), origins.by_id(tx, origin_id)
    if settings is None or origin is None or not readers:
        return False
    if not may_share(origin.software, takes_wider=settings.takes_wider):
        return False
    followers = plain_servers.followers_there(tx, community_id, origin_id)
    if {one for one in followers if one != author_id} != set(readers):
        return False  # one would see it who may not read it, or not see it who may
    if any(state is not FollowState.ACCEPTED for state in followers.values()):
        return False
    if not forgets_nobody(origin.software):
        return True
    past = plain_servers.standings_there(tx, community_id, origin_id)
    out = plain_servers.shut_out_there(tx, community_id, origin_id)
    return all(one in out for one, state in past.items() if state in _OVER)
