"""Following tags: posts with one that the follower may read come home, whoever wrote them."""

from typing import Final

from domain.audience import Viewer
from domain.errors import Invalid
from storage.queries import followed_tags, timelines
from storage.tx import Tx

MOST: Final = 1000
"""Tags that one person follows."""


def follow(tx: Tx, *, viewer: Viewer, tag: str) -> None:
    """Follow a tag (folded); the newest posts with it come home at once.

    Raises:
        Invalid: one too many.
    """
    tx.lock(f"followed tags {viewer.actor}")
    if not followed_tags.add(tx, viewer.actor, tag):
        return
    if followed_tags.count(tx, viewer.actor) > MOST:
        raise Invalid(f"You can follow {MOST} tags. Unfollow one first")
    if timelines.fresh_until(tx, viewer.actor) > tx.now:
        timelines.merge_tag(tx, viewer, tag)


def unfollow(tx: Tx, *, actor_id: int, tag: str) -> None:
    """Stop following a tag (folded); what only it brought leaves the home."""
    if followed_tags.remove(tx, actor_id, tag):
        timelines.drop_tag(tx, actor_id, tag)
