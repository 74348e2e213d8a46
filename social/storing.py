"""What every new post has in common, wherever it was written, and what its end undoes.

A post in a community gets a *wrapper*: one share by the community that says "this was said here".
Homes, lists and streams show the wrapper, so that every app names the community; it is no share in
any figure. The post itself stands in no home.
"""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from domain.audience import counts_for
from domain.errors import Conflict
from domain.kinds import Acceptance, PostType
from domain.node import Node
from social import bells, consent, conversations, link_previews
from social.streaming import announce, deleted, edited, posted
from storage.queries import figures, notifications, pins, posts, wrappers
from storage.queries import timelines as homes
from storage.queries.ids import id_at
from storage.tx import Tx
from storage.views.actors import ActorView
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
    row = link_previews.with_link(tx, row)
    if not posts.insert_post(tx, row):
        return False
    posts.add_mentions(tx, row.id, named, silent)
    posts.add_tags(tx, [(row, tags)])
    conversations.take_up(tx, row, {*named, *silent})
    if row.is_accepted:
        _count(tx, row, 1)
        if row.is_world_public and row.share_of_id is None:
            figures.count_authors(tx, [(row.author_id, row.created_at)])
    return True


def accept(tx: Tx, row: PostRow) -> bool:
    """A community elsewhere took this post in: others may read it now; False if it did before."""
    if row.deleted_at is not None or not posts.set_acceptance(tx, row.id, Acceptance.ACCEPTED):
        return False
    accepted = posts.by_id(tx, row.id)
    if accepted is not None:
        _count(tx, accepted, 1)
        if accepted.is_world_public:
            figures.recount_author(tx, accepted.author_id)
    announce(tx, edited(row.id))
    return True


def wrap(
    tx: Tx,
    row: PostRow,
    *,
    community: ActorView,
    uri: str | None,
    announced_at: int,
    node: Node,
    fresh: bool = True,
) -> int:
    """Store the wrapper of a community's post and spread it; its id, the same one if it is there.

    `uri`: the Announce's id where the community lives elsewhere; here the wrapper's own id makes
    it. `fresh`: false for what is read up later, which is nobody's news. Raises Conflict if the
    address belongs to something else.
    """
    at = min(announced_at, tx.now)
    for _ in range(3):  # an id made from a past moment may be taken
        earlier = posts.share_of(tx, row.id, community.id)
        if earlier is not None:
            return earlier.id
        identifier = id_at(tx, at)
        named = uri or node.activity(identifier)
        wrapper = share_row(tx, community, row, identifier=identifier, uri=named, created_at=at)
        wrapper = replace(wrapper, place_id=community.id)
        if posts.insert_post(tx, wrapper):
            if fresh:
                spread(tx, identifier)
                bells.ring(tx, row, place_id=community.id)
            return identifier
    raise Conflict  # its address belongs to something else


def spread_late(tx: Tx, row: PostRow, wrapper: PostRow) -> bool:
    """Spread a wrapper that was stored as nobody's news; False if each home has it already.

    Doing it again tells nobody twice.
    """
    community_id = wrapper.author_id
    bells.ring(tx, row, place_id=community_id)
    before = wrappers.homes_with(tx, wrapper.id, community_id)
    homes.fan_out(tx, wrapper.id)
    if wrappers.homes_with(tx, wrapper.id, community_id) == before:
        return False
    announce(tx, posted(wrapper.id))
    return True


def share_row(
    tx: Tx, sharer: ActorView, original: PostRow, *, identifier: int, uri: str, created_at: int
) -> PostRow:
    """A share or a wrapper: it carries its original's pairs, so one predicate answers for both."""
    return PostRow(
        id=identifier,
        uri=uri,
        url=uri,
        origin_id=sharer.origin_id,
        author_id=sharer.id,
        type=PostType.NOTE,
        place_id=original.place_id,
        share_of_id=original.id,
        kind=original.kind,
        owner_id=original.owner_id,
        root_id=original.root_id,
        root_kind=original.root_kind,
        root_owner_id=original.root_owner_id,
        root_author_id=original.root_author_id,
        quiet=False,
        reply_to_id=None,
        reply_to_uri=None,
        reply_to_author_id=None,
        content="",
        source=None,
        summary="",
        sensitive=False,
        language=None,
        app_id=None,
        created_at=created_at,
        stored_at=tx.now,
        edited_at=None,
        deleted_at=None,
        replies_count=0,
        likes_count=0,
        shares_count=0,
        version=1,
    )


def is_wrapper(row: PostRow) -> bool:
    """Whether this share is a community's word that something was said in it."""
    return row.share_of_id is not None and row.author_id == row.place_id


def spread(tx: Tx, post_id: int) -> None:
    """Write a new post or share into homes, and tell those who are connected."""
    homes.fan_out(tx, post_id)
    announce(tx, posted(post_id))


def spread_to_followers(tx: Tx, row: PostRow) -> None:
    """The same for a post of another server that all its author's followers may read."""
    homes.fan_out_to_followers(tx, [row.id])
    announce(tx, posted(row.id))


def remove(tx: Tx, row: PostRow) -> None:
    """Make a post unreadable at once, with its shares, its lines in homes, and what was told.

    The row stays until a job erases it: the Delete that other servers get needs to know where it
    went. Doing it again changes nothing.
    """
    # Two servers may say so at once, each in a unit that read the row before the other was done.
    if row.deleted_at is not None or not posts.mark_deleted(tx, row.id):
        return
    # And what was waiting then may have been taken in and counted meanwhile.
    row = posts.by_id(tx, row.id) or row
    leave_no_trace(tx, row)
    if row.is_world_public and row.share_of_id is None:
        figures.recount_author(tx, row.author_id)


def leave_no_trace(tx: Tx, row: PostRow) -> None:
    """What `remove` does beside the author's own figures; also for what is unreadable already.

    Once for each post: figures are counted down.
    """
    shares = posts.shares(tx, row.id)
    if row.is_accepted and not is_wrapper(row):
        _count(tx, row, -1)
    homes.drop_post(tx, row.id)
    pins.drop_post(tx, row.id)
    notifications.forget_post(tx, row.id)
    conversations.put_down(tx, row)
    for gone in (*shares, row):
        if posts.mark_deleted(tx, gone.id) or gone.id == row.id:
            announce(tx, deleted(gone.id))
    if row.share_of_id is None:
        consent.gone(tx, row)


def _count(tx: Tx, row: PostRow, by: int) -> None:
    """Count an answer or a share where all who read the post may read it too (protocol §1)."""
    if row.share_of_id is not None:
        figures.count_share(tx, row.share_of_id, by)
    elif row.reply_to_id is not None and counts(tx, row):
        figures.count_reply(tx, row.reply_to_id, by)


def counts(tx: Tx, reply: PostRow) -> bool:
    """Whether a stored answer counts in the figures of the post that it answers."""
    parent = posts.by_id(tx, reply.reply_to_id) if reply.reply_to_id is not None else None
    return parent is not None and counts_for(posts.facts(tx, parent), posts.facts(tx, reply))
