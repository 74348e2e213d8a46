"""Memberships end: by a steward, by the member, by their date (protocol §5).

What an end takes along is in `social.removal`.
"""

from typing import Final

from domain.errors import NotFound
from domain.kinds import Deed, MembershipState, Way
from domain.node import Node
from domain.permissions import Action
from social import admission, helper, joining, notices, removal, standing
from social.admission import case_of, somebody
from social.standing import authorise
from storage.queries import actors, communities
from storage.queries.communities import MemberRow
from storage.tx import Tx
from storage.views.actors import ActorView

_BEFORE: Final = {MembershipState.ACTIVE, MembershipState.REQUESTED, MembershipState.INVITED}


def remove(
    tx: Tx, *, node: Node, community_id: int, actor_id: int, by_id: int, reason: str = ""
) -> None:
    """End somebody's membership now.

    Raises:
        NotFound: they do not belong to the community.
        NotAllowed: `by_id` is no steward.
    """
    case = case_of(tx, node=node, community_id=community_id, actor_id=actor_id)
    authorise(tx, community_id, by_id, Action.MANAGE_MEMBERS)
    if case.before is None or case.state is not MembershipState.ACTIVE:
        raise NotFound("Nobody of that name belongs to this community")
    words = notices.removed(case.community, reason)
    removal.end(tx, case, case.before, by_id=by_id, reason=reason, words=words)


def leave(
    tx: Tx,
    *,
    node: Node,
    actor_id: int,
    community_id: int,
    by_command: bool = False,
    uri: str | None = None,
) -> bool:
    """Leave a community, ask no more, or turn an invitation down: one act, without a reason.

    False if there was nothing to leave. `by_command`: said to the helper, so that the server of
    somebody elsewhere still thinks that they follow. `uri`: the activity by which it was said.
    """
    community = somebody(tx, community_id)
    if not community.is_local:
        person = somebody(tx, actor_id)
        return joining.leave(tx, node=node, person=person, community=community)
    case = case_of(tx, node=node, community_id=community_id, actor_id=actor_id)
    if case.before is None or case.state not in _BEFORE:
        return False
    if case.state is not MembershipState.ACTIVE:
        standing.forget(tx, case.before)
        return True
    row = standing.end(tx, case.before, MembershipState.LEFT)
    if by_command and row is not None:
        removal.ask_to_forget(tx, case, row.uri, "")
    elif uri is not None and case.before.way is Way.NODE:  # other servers forget nothing
        removal.asked(tx, community_id, case.person, uri)
    communities.log(tx, community_id, Deed.LEFT, by_id=actor_id, about_id=actor_id)
    if case.before.way is Way.PLAIN and not by_command:
        # Its server may go on showing that it follows (rule 25).
        admission.tell(tx, case, notices.left(community))
    return True


def leave_all(tx: Tx, *, node: Node, actor_id: int) -> None:
    """Leave every community, here and elsewhere, and take every wish to join back."""
    for known in communities.of_actor(tx, actor_id):
        leave(tx, node=node, actor_id=actor_id, community_id=known.community_id)


def end_due(tx: Tx, *, node: Node, limit: int = 100) -> int:
    """Close memberships whose end date has come; they gave no rights since then. How many."""
    due = communities.due(tx, limit)
    for known in due:
        pair = actors.views(tx, [known.community_id, known.actor_id])
        community = next((one for one in pair if one.id == known.community_id), None)
        gone = any(one.gone_at is not None for one in pair)
        if community is None or gone or not community.is_local:
            standing.end(tx, known, MembershipState.REMOVED)
            if community is not None and not gone:  # one of ours elsewhere; its node says so too
                _tell_over(tx, node, community, known)
            continue
        case = case_of(tx, node=node, community_id=community.id, actor_id=known.actor_id)
        removal.end(
            *(tx, case, known),
            by_id=standing.OPERATOR,
            reason=notices.OVER,
            words=notices.over(community),
        )
    return len(due)


def _tell_over(tx: Tx, node: Node, community: ActorView, known: MemberRow) -> None:
    helper.tell(tx, node=node, person_id=known.actor_id, text=notices.over(community))
