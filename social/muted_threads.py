"""Hearing nothing more of a thread: no mention, like, share or poll in it is told any more.

It is shown as before, wherever it stands; notices of the node and of stewards arrive all the same.
"""

from domain.audience import Viewer
from storage.queries import muted_threads
from storage.tx import Tx
from storage.views.posts import visible


def mute(tx: Tx, *, viewer: Viewer, post_id: int) -> int:
    """Mute the thread of a post; the post's id, of a share that of what is shared.

    Again changes nothing. Raises NotFound.
    """
    meant = visible(tx, post_id, viewer).shown
    muted_threads.add(tx, viewer.actor, meant.row.root_id)
    return meant.id


def unmute(tx: Tx, *, viewer: Viewer, post_id: int) -> int:
    """Hear of the thread again; nothing happens if it was not muted. Raises NotFound."""
    meant = visible(tx, post_id, viewer).shown
    muted_threads.remove(tx, viewer.actor, meant.row.root_id)
    return meant.id
