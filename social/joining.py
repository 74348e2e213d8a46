"""Our people in communities of other nodes: what they ask, and what is answered.

The community's node decides; here stands what it said. A group of another kind of server never says
what a membership is like: it is open to the world, and following is belonging (FEP-1b12).
"""

from typing import Final

from msgspec.structs import replace

from activitypub.groups import Terms
from domain.addresses import parse_url
from domain.errors import NotAllowed
from domain.kinds import FollowState, History, Joining, MembershipState, Preset, Way
from domain.node import Node
from domain.roles import CommunityRole
from federation.policy import may_exchange
from jobs.queue import enqueue
from outbox import memberships as outbox
from social import helper, notices, purging, standing
from social.communities import remember
from social.deeds import may_be_named
from social.purging import Asked
from storage.queries import accounts, actors, communities, follows, ids
from storage.queries.communities import MemberRow
from storage.tx import Tx
from storage.views.actors import ActorView

_OVER: Final = frozenset({MembershipState.ACTIVE, MembershipState.LEFT, MembershipState.REMOVED})
BACKFILL: Final = "backfill"
"""The job that reads what a community has said so far."""

_OF_THE_WORLD: Final = Terms(
    preset=Preset.WORLD, joining=Joining.OPEN, history=History.ALL, purpose=""
)
"""What is taken to be true of a group that says nothing of itself."""


def ask(tx: Tx, *, node: Node, person: ActorView, community: ActorView) -> FollowState:
    """One of ours asks a community elsewhere to be let in. Raises NotAllowed."""
    tx.lock(f"member {community.id} {person.id}")
    row = follows.find(tx, person.id, community.id)
    if row is not None:
        return row.state
    if not may_exchange(tx, node, parse_url(community.uri).authority):
        raise NotAllowed("This node does not exchange anything with that server")
    number, pending = ids.new_id(tx), FollowState.PENDING
    uri = node.activity(number)
    communities.put_member(tx, _row(tx, community.id, person.id, MembershipState.REQUESTED))
    standing.follow(tx, person.id, community.id, uri=uri, state=pending, number=number)
    outbox.asked(tx, person=person, community=community, follow_uri=uri)
    return FollowState.PENDING


def leave(tx: Tx, *, node: Node, person: ActorView, community: ActorView) -> bool:
    """One of ours leaves, asks no more, or turns an invitation down; False: nothing of these."""
    tx.lock(f"member {community.id} {person.id}")
    known = communities.member(tx, community.id, person.id)
    if known is None:
        return False
    active = known.state is MembershipState.ACTIVE
    if active:
        row = standing.end(tx, known, MembershipState.LEFT)
    elif known.state in {MembershipState.REQUESTED, MembershipState.INVITED}:
        row = standing.forget(tx, known)
    else:
        return False
    if row is not None:
        uri = outbox.left(tx, node=node, person=person, community=community, follow_uri=row.uri)
        if active and not _is_open(tx, community.id):
            purging.forget_later(tx, community.id, Asked(uri, "Undo", person.uri))
    return True


# What the community's node says. The caller made sure that the community itself signed it.


def accepted(
    tx: Tx, *, node: Node, community: ActorView, actor_id: int, terms: Terms | None
) -> bool:
    """A community elsewhere took one of ours in, on these terms; False if nobody asked.

    Without terms it is a group that is open to the world, unless it said something else before.
    """
    tx.lock(f"member {community.id} {actor_id}")
    known = communities.member(tx, community.id, actor_id)
    follow = follows.find(tx, actor_id, community.id)
    if follow is None or known is None:
        return False
    if terms is None:
        return _followed(tx, node, community, known, follow.uri)
    row = remember(tx, actor=community, terms=terms)
    since = min(terms.since or tx.now, tx.now)
    member = replace(known, state=MembershipState.ACTIVE, since=since, until=terms.until)
    if known.state is MembershipState.ACTIVE:
        communities.put_member(tx, replace(member, since=known.since))
        return True
    if known.state is not MembershipState.REQUESTED:
        return False
    standing.begin(tx, member, uri=follow.uri)
    backfill = {"community": community.id, "actor": actor_id}
    enqueue(tx, BACKFILL, backfill, about=community.id)
    person = actors.by_id(tx, actor_id)
    if person is not None:
        text = notices.welcome(
            node, to=person, community=community, purpose=row.purpose, until=terms.until
        )
        helper.tell(tx, node=node, person_id=actor_id, text=text)
    return True


def _followed(tx: Tx, node: Node, group: ActorView, known: MemberRow, uri: str) -> bool:
    """A group of the world let one of ours follow: shown as a community.

    Without a welcome; but whoever is not known outside is told what writing there means.
    """
    before = communities.by_id(tx, group.id)
    if known.state is not MembershipState.REQUESTED:
        return known.state is MembershipState.ACTIVE
    if before is not None and not before.is_for_the_world:
        communities.forget_members(tx, group.id, [known.actor_id])
        return False
    joining = Joining.BY_REQUEST if group.locked else Joining.OPEN
    remember(tx, actor=group, terms=replace(_OF_THE_WORLD, joining=joining))
    standing.begin(tx, replace(known, state=MembershipState.ACTIVE, since=tx.now), uri=uri)
    wanted = {"community": group.id, "actor": known.actor_id}
    enqueue(tx, BACKFILL, wanted, about=group.id)
    person = actors.by_id(tx, known.actor_id)
    if person is not None and not may_be_named(tx, person):
        helper.tell(tx, node=node, person_id=person.id, text=notices.in_the_open(group))
    return True


def rejected(
    tx: Tx,
    *,
    node: Node,
    community: ActorView,
    actor_id: int,
    reason: str = "",
    uri: str | None = None,
) -> bool:
    """A community elsewhere refused one of ours, or ended the membership; False: neither.

    `uri`: the Reject that said so. The end of a membership is acknowledged once it is forgotten
    here, and once more if it is said again: the acknowledgement may have been lost.
    """
    tx.lock(f"member {community.id} {actor_id}")
    known = communities.member(tx, community.id, actor_id)
    if known is None:
        return False
    if uri is not None and known.state in _OVER and not _is_open(tx, community.id):
        purging.forget_later(tx, community.id, Asked(uri, "Reject", community.uri))
    if known.state is MembershipState.ACTIVE:
        standing.end(tx, known, MembershipState.REMOVED)
        text = notices.removed(community, reason)
    elif known.state is MembershipState.REQUESTED:
        standing.forget(tx, known)
        text = notices.refused(community, reason)
    else:
        return uri is not None and known.state in _OVER
    helper.tell(tx, node=node, person_id=actor_id, text=text)
    return True


def invited(tx: Tx, *, node: Node, community: ActorView, actor_id: int, terms: Terms) -> bool:
    """A community elsewhere invites one of ours, who is told once how to accept.

    False if it cannot be: nobody with an account, somebody who belongs already, or a block.
    """
    tx.lock(f"member {community.id} {actor_id}")
    person, account = actors.by_id(tx, actor_id), accounts.by_id(tx, actor_id)
    if person is None or account is None or not account.is_active:
        return False
    known = communities.member(tx, community.id, actor_id)
    if known is not None and known.state not in {MembershipState.LEFT, MembershipState.REMOVED}:
        return False
    if follows.is_blocked(tx, actor_id, community.id):
        return False
    row = remember(tx, actor=community, terms=terms)
    communities.put_member(tx, _row(tx, community.id, actor_id, MembershipState.INVITED))
    text = notices.invitation(node, to=person, community=community, purpose=row.purpose, by=None)
    helper.tell(tx, node=node, person_id=actor_id, text=text)
    return True


def _row(tx: Tx, community_id: int, actor_id: int, state: MembershipState) -> MemberRow:
    return MemberRow(
        community_id=community_id,
        actor_id=actor_id,
        state=state,
        since=tx.now,
        until=None,
        role=CommunityRole.MEMBER,
        way=Way.HERE,
        sponsor_id=None,
        asked_at=tx.now,
    )


def _is_open(tx: Tx, community_id: int) -> bool:
    """Whether anybody reads it anyway: then nothing needs to be forgotten."""
    row = communities.by_id(tx, community_id)
    return row is not None and row.is_for_the_world
