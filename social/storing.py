"""What every new post has in common, wherever it was written, and what its end undoes."""

from collections.abc import Collection, Iterable

from domain.audience import counts_for
from social.streaming import announce, deleted, posted
from storage.queries import notifications, posts
from storage.queries import timelines as homes
from storage.tx import Tx
from storage.views.posts import PostRow, Tag


def store(
    tx: Tx,
    row: PostRow,
    *,
    named: Collection[int] = (),
    silent: Collection[int] = (),
    tags: Iterable[Tag] = (),
) -> bool:
    """Store a post with whom it names and its tags, and count it; False if it is there already."""
    if not posts.insert_post(tx, row):
        return False
    posts.add_mentions(tx, row.id, named, silent)
    posts.set_tags(tx, row.id, tags, fresh=True)
    _count(tx, row, 1)
    if row.is_world_public and row.share_of_id is None:
        posts.count_author(tx, row.author_id, row.created_at)
    return True


def spread(tx: Tx, post_id: int) -> None:
    """Write a new post or share into homes, and tell those who are connected."""
    homes.fan_out(tx, post_id)
    announce(tx, posted(post_id))


def remove(tx: Tx, row: PostRow) -> None:
    """Make a post unreadable at once, with its shares, its lines in homes, and what was told.

    The row stays until a job erases it: the Delete that other servers get needs to know where it
    went. Doing it again changes nothing.
    """
    if row.deleted_at is not None:
        return
    shares = posts.shares(tx, row.id)
    _count(tx, row, -1)
    homes.drop_post(tx, row.id)
    notifications.forget_post(tx, row.id)
    for gone in (*shares, row):
        if posts.mark_deleted(tx, gone.id):
            announce(tx, deleted(gone.id))
    if row.is_world_public and row.share_of_id is None:
        posts.recount_author(tx, row.author_id)


def _count(tx: Tx, row: PostRow, by: int) -> None:
    """Count an answer or a share where all who read the post may read it too (protocol §1)."""
    if row.share_of_id is not None:
        posts.count_share(tx, row.share_of_id, by)
    elif row.reply_to_id is not None and counts(tx, row):
        posts.count_reply(tx, row.reply_to_id, by)


def counts(tx: Tx, reply: PostRow) -> bool:
    """Whether a stored answer counts in the figures of the post that it answers."""
    parent = posts.by_id(tx, reply.reply_to_id) if reply.reply_to_id is not None else None
    return parent is not None and counts_for(posts.facts(tx, parent), posts.facts(tx, reply))
