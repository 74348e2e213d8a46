"""Keeping posts for later. Nobody but the person learns of it."""

from domain.audience import Viewer
from storage.queries import bookmarks
from storage.tx import Tx
from storage.views.posts import visible


def bookmark(tx: Tx, *, viewer: Viewer, post_id: int) -> int:
    """Keep a post, of a share what is shared; its id. Again changes nothing. Raises NotFound."""
    meant = visible(tx, post_id, viewer).shown.id
    bookmarks.add(tx, viewer.actor, meant)
    return meant


def unbookmark(tx: Tx, *, viewer: Viewer, post_id: int) -> int:
    """Keep it no longer; its id. Nothing happens if it was not kept. Raises NotFound."""
    meant = visible(tx, post_id, viewer).shown.id
    bookmarks.remove(tx, viewer.actor, meant)
    return meant
