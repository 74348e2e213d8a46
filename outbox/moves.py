"""A move is told to the followers: first what the account says of itself now, then Move."""

from activitypub.render import moves as render
from domain.node import Node
from outbox.publish import Reach, actor_updated, publish
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView


def moved(tx: Tx, *, node: Node, old: ActorView, target_uri: str) -> None:
    """One of ours moved. Both documents go in one order: about the same actor."""
    actor_updated(tx, node=node, actor=old)
    activity_id = new_id(tx)
    document = render.move(node.activity(activity_id), old, target_uri)
    reach = Reach(subject=old.uri, followers_of=old.id, names=(old.id,))
    publish(tx, actor=old, activity_id=activity_id, document=document, reach=reach)
