"""What was meant for all members on a server, and waits, goes to each of them alone instead.

So it is done as soon as somebody there asks to belong to the community, comes, or belongs to it no
more: their server might show them what reaches it late (private-groups-observed.md §4).
"""

from domain.node import Node
from outbox import relay
from storage.queries import deliveries, plain_servers, relay_notes
from storage.tx import Tx


def apart(tx: Tx, *, node: Node, community_id: int, origin_id: int) -> int:
    """Replace the shared notes of a community that wait for a server; how many."""
    waiting = plain_servers.waiting_for_all(tx, community_id, origin_id)
    if not waiting:
        return 0
    deliveries.finish(tx, [delivery_id for delivery_id, _ in waiting])
    about = {post_id for _, post_id in waiting}
    shared = relay_notes.shared_at(tx, community_id, origin_id)
    meant = [note for note in shared if note.is_live and note.post_id in about]
    for note in meant:
        relay.reissue(tx, node=node, note=note)
    return len(meant)
