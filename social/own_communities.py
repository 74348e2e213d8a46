"""What the helper answers to whoever asks where they belong."""

from domain.commands import Command
from domain.kinds import MembershipState
from domain.node import Node
from domain.roles import CommunityRole
from social import notices
from storage.queries import actors, communities
from storage.tx import Tx
from storage.views.actors import ActorView


def own_communities(tx: Tx, node: Node, sender: ActorView, _command: Command) -> str:
    """Where somebody belongs and as what; for stewards, who waits for an answer."""
    rows = [row for row in communities.of_actor(tx, sender.id) if row.is_active(tx.now)]
    found = {one.id: one for one in actors.views(tx, [row.community_id for row in rows])}
    lines = [
        f"{notices.shown_name(found[row.community_id])}"
        f" ({notices.address(found[row.community_id], node, to=sender)},"
        f" {row.role.name.lower()}){_asking(tx, node, sender, row)}"
        for row in rows
        if row.community_id in found
    ]
    return "\n".join(lines) or "You do not belong to a community yet."


def _asking(tx: Tx, node: Node, sender: ActorView, row: communities.MemberRow) -> str:
    """Who waits for an answer, for those who give it."""
    if row.role is not CommunityRole.STEWARD:
        return ""
    everybody = communities.members(tx, row.community_id)
    waiting = [one.actor_id for one in everybody if one.state is MembershipState.REQUESTED]
    names = [notices.address(one, node, to=sender) for one in actors.views(tx, waiting)]
    return f"; waiting: {', '.join(names)}" if names else ""
