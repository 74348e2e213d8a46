"""A report goes to another server: to the accused person's, or to a community's.

It is said by the node, never by who reported, and names only what the other server has already.
"""

from collections.abc import Sequence

from activitypub.render.flags import flag
from domain.ids import HERE
from domain.node import Node
from outbox.publish import to_one
from storage.queries.actors import application_of
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView


def forwarded(
    tx: Tx, *, node: Node, to: ActorView, accused: str, posts: Sequence[str], comment: str
) -> None:
    """Send a Flag to the inbox of `to`: the accused, or the community where it was said."""
    application = application_of(tx, HERE)
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = flag(uri, application, to, [accused, *posts], comment)
    to_one(tx, application, to, activity_id, document, subject=uri)
