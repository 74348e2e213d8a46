"""Belonging to communities: asked for, answered, given (protocol §4); ended in `social.endings`.

A membership is keyed by its pair of community and actor and never by an activity's id, and lives at
the community's node. How our people stand to communities elsewhere is in `social.joining`.
"""

from typing import Final

from msgspec.structs import replace

from domain.communities import Newcomer, comes_in_at_once, outsiders_refused
from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import Deed, FollowState, MembershipState, Way
from domain.node import Node
from domain.permissions import Action
from domain.roles import CommunityRole
from jobs.queue import enqueue
from outbox import memberships as outbox
from social import admission, joining, notices, standing
from social.admission import Case, case_of, newcomer_of, somebody
from social.communities import may_know
from social.endings import end_due, leave, leave_all, remove
from social.joining import accepted, invited, rejected
from social.standing import authorise
from storage.queries import accounts, actors, communities, follows, ids
from storage.queries.communities import MemberRow
from storage.queries.disclosures import disclose
from storage.tx import Tx
from storage.views.actors import ActorView

__all__ = [
    "INVITE",
    "accepted",
    "add",
    "approve",
    "ask",
    "asked",
    "end_due",
    "invite",
    "invited",
    "is_for_guests",
    "leave",
    "leave_all",
    "refuse",
    "rejected",
    "remove",
]

INVITE: Final = "invite"
"""The job that asks what kind of server somebody lives on, and then invites them."""

_UNKNOWN: Final = "there is nobody of that id"
_NOBODY_ASKS: Final = "Nobody of that name asks to join"
_STANDING: Final = {
    MembershipState.ACTIVE: FollowState.ACCEPTED,
    MembershipState.REQUESTED: FollowState.PENDING,
}


# Asking.


def ask(tx: Tx, *, node: Node, actor_id: int, community_id: int) -> FollowState:
    """One of ours follows a community, here or elsewhere: joins it, or asks to.

    Raises:
        NotFound: there is no such community.
        NotAllowed: it cannot be, with the reason.
    """
    community = somebody(tx, community_id)
    if not community.is_local:
        person = somebody(tx, actor_id)
        return joining.ask(tx, node=node, person=person, community=community)
    case = case_of(tx, node=node, community_id=community_id, actor_id=actor_id)
    if case.state in _STANDING:
        return _STANDING[case.state]
    newcomer = newcomer_of(tx, case, Way.HERE)
    if (refusal := admission.refusal_of(case, newcomer)) is not None:
        raise NotAllowed(refusal.value)
    uri = node.activity(ids.new_id(tx))
    wish = admission.wish_of(tx, case, Way.HERE)
    if comes_in_at_once(case.row.preset, case.row.joining, newcomer, case.state):
        admission.enter(tx, case, wish, uri, by_id=actor_id)
        admission.tell_what_is_open(tx, case)
        return FollowState.ACCEPTED
    admission.wait(tx, case, wish, uri)
    return FollowState.PENDING


def asked(
    tx: Tx, *, node: Node, actor: ActorView, community_id: int, uri: str, way: Way
) -> str | None:
    """Somebody elsewhere follows a community of ours; why nothing came of it, if nothing did.

    A repeated Follow of a member is accepted again: the answer may have been lost (rule 24 of
    private-groups-observed.md). Who may not know of the community is left without an answer.

    Raises:
        NotFound: there is no such community.
    """
    case = case_of(tx, node=node, community_id=community_id, actor_id=actor.id)
    if case.before is not None and case.state in _STANDING:
        follows.set_uri(tx, actor.id, community_id, uri)
        if case.state is MembershipState.ACTIVE:
            admission.accept_elsewhere(tx, case, case.before, uri)
        return None
    way = admission.way_into(case, way)
    if case.before is None and not may_know(tx, case.community, case.row, actor.origin_id):
        return _UNKNOWN
    newcomer = newcomer_of(tx, case, way)
    if (refusal := admission.refusal_of(case, newcomer)) is not None:
        admission.reject_elsewhere(tx, case, uri, refusal.value)
        return None
    wish = admission.wish_of(tx, case, way)
    if not comes_in_at_once(case.row.preset, case.row.joining, newcomer, case.state):
        admission.wait(tx, case, wish, uri)
        return None
    wish = admission.sponsored(tx, case, wish, by_id=standing.OPERATOR)
    member = admission.enter(tx, case, wish, uri, by_id=actor.id)
    admission.greet(tx, case, member)
    return None


# Answers of the stewards. `by_id` 0 is the operator of the node.


def approve(
    tx: Tx,
    *,
    node: Node,
    community_id: int,
    actor_id: int,
    by_id: int,
    until: int | None = None,
    sponsor_id: int | None = None,
) -> None:
    """Let somebody in who asks; of a member, only sponsor and end date change.

    Raises:
        NotFound: nobody of that name asks.
        NotAllowed: `by_id` is no steward.
        Invalid: an end that has passed, or a sponsor who is no member.
    """
    case = case_of(tx, node=node, community_id=community_id, actor_id=actor_id)
    authorise(tx, community_id, by_id, Action.MANAGE_MEMBERS)
    if case.before is None or case.state not in _STANDING:
        raise NotFound(_NOBODY_ASKS)
    wish = admission.sponsored(
        tx, case, case.before, by_id=by_id, until=until, sponsor_id=sponsor_id
    )
    uri = admission.follow_uri(tx, case)
    if case.state is MembershipState.ACTIVE:
        _amend(tx, case, wish, uri)
        return
    _refuse_impossible(case, newcomer_of(tx, case, wish.way))
    admission.greet(tx, case, admission.enter(tx, case, wish, uri, by_id=by_id))


def _amend(tx: Tx, case: Case, member: MemberRow, uri: str) -> None:
    if member != case.before:
        communities.put_member(tx, member)
        admission.accept_elsewhere(tx, case, member, uri)


def _refuse_impossible(case: Case, newcomer: Newcomer) -> None:
    if (refusal := outsiders_refused(case.row.preset, newcomer)) is not None:
        raise NotAllowed(refusal.value)


def refuse(
    tx: Tx, *, node: Node, community_id: int, actor_id: int, by_id: int, reason: str = ""
) -> None:
    """Say no to somebody who asks, or take an invitation back. Asking again is possible.

    Raises:
        NotFound: nobody of that name asks or was invited.
        NotAllowed: `by_id` is no steward.
    """
    case = case_of(tx, node=node, community_id=community_id, actor_id=actor_id)
    authorise(tx, community_id, by_id, Action.MANAGE_MEMBERS)
    if case.before is None or case.state not in {
        MembershipState.REQUESTED,
        MembershipState.INVITED,
    }:
        raise NotFound(_NOBODY_ASKS)
    uri = admission.follow_uri(tx, case)
    standing.forget(tx, case.before)
    _log(tx, case, Deed.REFUSED, by_id, reason)
    if case.state is MembershipState.INVITED:
        return
    admission.reject_elsewhere(tx, case, uri, reason)
    if case.before.way is not Way.NODE:  # another of our nodes tells its people itself
        admission.tell(tx, case, notices.refused(case.community, reason))


def add(
    tx: Tx,
    *,
    node: Node,
    community_id: int,
    actor_id: int,
    by_id: int,
    role: CommunityRole = CommunityRole.MEMBER,
    until: int | None = None,
    sponsor_id: int | None = None,
) -> None:
    """Make somebody who lives here a member at once. A guest needs a sponsor and an end date.

    Raises:
        NotFound: nobody of that name lives here.
        NotAllowed: it cannot be, with the reason.
        Invalid: a guest without a sponsor or an end.
    """
    case = case_of(tx, node=node, community_id=community_id, actor_id=actor_id)
    authorise(tx, community_id, by_id, Action.MANAGE_MEMBERS)
    if not case.person.is_local or accounts.by_id(tx, actor_id) is None:
        raise NotFound("People of other servers are invited: they say yes themselves")
    newcomer = newcomer_of(tx, case, Way.HERE)
    _refuse_impossible(case, newcomer)
    if not newcomer.full and (until is None or not sponsor_id):
        raise Invalid("A guest needs a sponsor and an end date")
    wish = replace(admission.wish_of(tx, case, Way.HERE), role=role)
    active = case.state is MembershipState.ACTIVE
    wish = admission.sponsored(
        *(tx, case, case.before if active and case.before else wish),
        by_id=by_id,
        until=until,
        sponsor_id=sponsor_id,
    )
    uri = admission.follow_uri(tx, case)
    if active:
        _amend(tx, case, wish, uri)
        return
    admission.greet(tx, case, admission.enter(tx, case, wish, uri, by_id=by_id))


def invite(
    tx: Tx,
    *,
    node: Node,
    community_id: int,
    actor_id: int,
    by_id: int,
    role: CommunityRole = CommunityRole.MEMBER,
    until: int | None = None,
    sponsor_id: int | None = None,
    way: Way | None = None,
) -> None:
    """Invite somebody, here or elsewhere; they accept by following. Who asks already is let in.

    Of a server that is not known yet, a job asks first what it is, and then says the `way`.

    Raises:
        NotFound: there is no such community or person.
        NotAllowed: the community is not for them, or `by_id` may not invite.
        Invalid: an end that has passed, or a sponsor who is no member.
    """
    case = case_of(tx, node=node, community_id=community_id, actor_id=actor_id)
    way = admission.known_way(tx, case) or way
    newcomer = newcomer_of(tx, case, way or Way.PLAIN)
    authorise(tx, community_id, by_id, Action.INVITE if newcomer.full else Action.INVITE_OUTSIDER)
    _refuse_impossible(case, newcomer)
    wish = replace(admission.wish_of(tx, case, way or Way.PLAIN), role=role)
    wish = admission.sponsored(tx, case, wish, by_id=by_id, until=until, sponsor_id=sponsor_id)
    if case.state is MembershipState.ACTIVE:
        return
    if way is None:
        wanted = {"community": community_id, "actor": actor_id, "by": by_id, "role": int(role)}
        enqueue(tx, INVITE, wanted | {"until": until, "sponsor": sponsor_id})
    elif case.state is MembershipState.REQUESTED and case.before is not None:
        granted = replace(wish, asked_at=case.before.asked_at)
        uri = admission.follow_uri(tx, case)
        admission.greet(tx, case, admission.enter(tx, case, granted, uri, by_id=by_id))
    else:
        communities.put_member(tx, replace(wish, state=MembershipState.INVITED))
        _log(tx, case, Deed.INVITED, by_id)
        _send_invitation(tx, case, wish, by_id)


def _send_invitation(tx: Tx, case: Case, wish: MemberRow, by_id: int) -> None:
    if not case.person.is_local:
        disclose(tx, [case.community.id], [case.person.origin_id])
        admission.let_back(tx, case)
    if wish.way is Way.NODE:
        outbox.invited(
            tx,
            node=case.node,
            community=case.community,
            person=case.person,
            terms=admission.terms_of(case, wish),
        )
        return
    by = actors.by_id(tx, by_id) if case.person.is_local else None  # who stays among colleagues
    text = notices.invitation(
        *(case.node,),
        to=case.person,
        community=case.community,
        purpose=case.row.purpose,
        by=by,
        until=wish.until,
    )
    admission.tell(tx, case, text)


def is_for_guests(tx: Tx, actor_id: int) -> bool:
    """Whether an actor is a community in which guests may be."""
    row = communities.by_id(tx, actor_id)
    return row is not None and (row.is_members_only or row.is_for_the_world)


def _log(tx: Tx, case: Case, deed: Deed, by_id: int, reason: str = "") -> None:
    communities.log(
        tx, case.community.id, deed, by_id=by_id, about_id=case.person.id, reason=reason
    )
