"""Somebody as a reader: whether an actor whom we only name may read a post.

For posts that are about to be stored; whoever asks for a post is asked by the SQL twin.
"""

from domain.audience import PostFacts, Viewer, may_read
from storage.audience import StoredFacts
from storage.queries import accounts
from storage.tx import Tx
from storage.views.actors import ActorView


def viewer_for(tx: Tx, actor: ActorView) -> Viewer:
    """The viewer that an actor is: a full member, a guest, or somebody of another server."""
    if actor.is_local:
        return Viewer.local(actor.id, full=accounts.is_full_member(tx, actor.id))
    return Viewer.remote(actor.id, actor.origin_id)


def may(tx: Tx, actor: ActorView, post: PostFacts) -> bool:
    """Whether the actor may read a post with these facts."""
    return may_read(viewer_for(tx, actor), post, StoredFacts(tx))
