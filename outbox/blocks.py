"""One of ours blocks somebody elsewhere: their server is told, if it knows ours at all.

A server that never had anything of who blocks is told nothing: the Block itself would tell it that
there is such a person (protocol §3, docs/decisions/0019).
"""

from activitypub.render import blocks as render
from domain.node import Node
from outbox.publish import to_one
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView


def blocked(tx: Tx, *, blocker: ActorView, other: ActorView, activity_id: int, uri: str) -> None:
    """One of ours blocks somebody elsewhere: Block, at the blocked person's own inbox."""
    document = render.block(uri, blocker, other)
    to_one(tx, blocker, other, activity_id, document, subject=_about(blocker, other))


def unblocked(tx: Tx, *, node: Node, blocker: ActorView, other: ActorView, block_uri: str) -> None:
    """One of ours takes a Block back: Undo."""
    activity_id = new_id(tx)
    document = render.undo_block(node.activity(activity_id), block_uri, blocker, other)
    to_one(tx, blocker, other, activity_id, document, subject=_about(blocker, other))


def _about(blocker: ActorView, other: ActorView) -> str:
    """A Block and its Undo go in their order."""
    return f"block {blocker.uri} {other.uri}"
