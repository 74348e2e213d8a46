"""Our people in communities of other nodes: what they ask, and what is answered.

The community's node decides; here stands what it said. A group of another kind of server, which
never says that somebody is a member, is followed like anybody else.
"""

from typing import Final

from msgspec.structs import replace

from activitypub.groups import Terms
from domain.addresses import parse_url
from domain.errors import NotAllowed
from domain.kinds import FollowState, MembershipState, Way
from domain.node import Node
from domain.roles import CommunityRole
from federation.policy import may_exchange
from jobs.queue import enqueue
from outbox import memberships as outbox
from social import helper, notices, purging, standing
from social.communities import remember
from social.purging import Asked
from storage.queries import accounts, actors, communities, follows, ids
from storage.queries.communities import MemberRow
from storage.tx import Tx
from storage.views.actors import ActorView

_OVER: Final = frozenset({MembershipState.ACTIVE, MembershipState.LEFT, MembershipState.REMOVED})
BACKFILL: Final = "backfill"
"""The job that reads what a community has said so far."""


def ask(tx: Tx, *, node: Node, person: ActorView, community: ActorView) -> FollowState:
    """One of ours asks a community elsewhere to be let in. Raises NotAllowed."""
    tx.lock(f"member {community.id} {person.id}")
    row = follows.find(tx, person.id, community.id)
    if row is not None:
        return row.state
    if not may_exchange(tx, node, parse_url(community.uri).authority):
        raise NotAllowed("This node does not exchange anything with that server")
    uri = node.activity(ids.new_id(tx))
    communities.put_member(tx, _row(tx, community.id, person.id, MembershipState.REQUESTED))
    standing.follow(tx, person.id, community.id, uri=uri, state=FollowState.PENDING)
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
        if active:
            purging.forget_later(tx, community.id, Asked(uri, "Undo", person.uri))
    return True


# What the community's node says. The caller made sure that the community itself signed it.


def accepted(
    tx: Tx, *, node: Node, community: ActorView, actor_id: int, terms: Terms | None
) -> bool:
    """A community elsewhere took one of ours in, on these terms; False if nobody asked.

    Without terms it is no community of our kind: the membership that was asked for is forgotten,
    and the follow alone remains to be accepted by the caller.
    """
    tx.lock(f"member {community.id} {actor_id}")
    known = communities.member(tx, community.id, actor_id)
    follow = follows.find(tx, actor_id, community.id)
    if follow is None or known is None:
        return False
    if terms is None:
        if known.state is MembershipState.REQUESTED:
            communities.forget_members(tx, community.id, [actor_id])
        return False
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
    if uri is not None and known.state in _OVER:
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
