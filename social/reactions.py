"""Liking and sharing, by people here and elsewhere. Nobody reacts to what they may not read."""

from domain.addressing import may_share
from domain.audience import Viewer
from domain.errors import Invalid, NotAllowed, NotFound
from domain.ids import HERE
from domain.kinds import NotificationKind
from domain.node import Node
from domain.reactions import PLAIN, Reaction, is_one_emoji
from outbox import communities as out
from outbox import publish
from social import readers, storing
from social.notifications import notify, retract
from social.open_communities import check_may_react, hosted
from social.places import community_of, show_card, travels_through
from storage.queries import actors, communities, figures, follows, likes, posts
from storage.queries.ids import id_at, new_id
from storage.queries.likes import Liked
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView, for_delivery, visible


def like(tx: Tx, *, node: Node, actor_id: int, post_id: int, emoji: str = "") -> None:
    """Like a post, with an emoji or without; doing it again changes nothing, or the emoji.

    A plain like keeps the emoji of an earlier one. Raises NotFound, Invalid for what is no single
    emoji, or NotAllowed in an open community for whom its stewards shut out.
    """
    if emoji and not is_one_emoji(emoji):
        raise Invalid("Choose one emoji", "emoji")
    actor, _, post = _reacting(tx, actor_id, post_id)
    check_may_react(tx, actor_id, post.row)
    community, said_with = _community(tx, actor_id, post.row), Reaction(emoji)
    earlier = likes.of(tx, actor_id, post_id=post.id)
    like_id = new_id(tx)
    uri = node.activity(like_id)
    if not add_like(
        tx, actor_id=actor_id, post=post.row, uri=uri, like_id=like_id, said_with=said_with
    ):
        return
    if earlier is not None:
        _say_unliked(tx, node, actor, post, community=community, was=earlier)
    now = Liked(uri, said_with)
    if community is None:
        publish.liked(tx, actor=actor, post=post, like=now)
    else:
        show_card(tx, node, community, actor_id)
        out.liked(tx, node=node, community=community, actor=actor, post=post.row, like=now)


def unlike(tx: Tx, *, node: Node, actor_id: int, post_id: int) -> None:
    """Take a like back; nothing happens if there was none. Raises NotFound."""
    actor, _, post = _reacting(tx, actor_id, post_id)
    community = _community(tx, actor_id, post.row)
    was = likes.of(tx, actor_id, post.id)
    if was is None or drop_like(tx, actor_id=actor_id, post=post.row) is None:
        return
    _say_unliked(tx, node, actor, post, community=community, was=was)


def _say_unliked(
    tx: Tx,
    node: Node,
    actor: ActorView,
    post: PostView,
    *,
    community: ActorView | None,
    was: Liked,
) -> None:
    if community is None:
        publish.unliked(tx, node=node, actor=actor, post=post, like=was)
    else:
        show_card(tx, node, community, actor.id)
        out.unliked(tx, node=node, community=community, actor=actor, post=post.row, like=was)


def add_like(
    tx: Tx,
    *,
    actor_id: int,
    post: PostRow,
    uri: str,
    like_id: int | None = None,
    said_with: Reaction = PLAIN,
) -> bool:
    """Keep and count a like that was found allowed, and tell the post's author; False if known.

    Each person has one: another emoji takes the place of the earlier one, a plain like does not.
    """
    number, pair = like_id or new_id(tx), {"actor_id": actor_id, "post_id": post.id}
    if likes.add(tx, like_id=number, **pair, uri=uri, said_with=said_with):
        figures.count_like(tx, post.id, 1)
        _tell_author(tx, NotificationKind.LIKE, actor_id, post)
    else:
        known = likes.of(tx, actor_id, post.id)
        if known is None or not said_with.emoji or known.said_with == said_with:
            return False
        likes.change(tx, **pair, uri=uri, said_with=said_with)
    if said_with.emoji:
        likes.recount_reactions(tx, post.id)
    return True


def drop_like(tx: Tx, *, actor_id: int, post: PostRow) -> str | None:
    """Forget a like, its count and what its author was told; its activity's id, None: no like."""
    was = likes.of(tx, actor_id, post.id)
    uri = likes.remove(tx, actor_id, post.id)
    if uri is not None:
        _unlike(tx, actor_id, post)
        if was is not None and was.said_with.emoji:
            likes.recount_reactions(tx, post.id)
    return uri


def take_back(
    tx: Tx, *, actor_id: int, post: PostRow, uri: str | None, said_with: Reaction = PLAIN
) -> str | None:
    """Forget the like that somebody elsewhere names; its id as it was kept, None: no such like.

    Some servers name it by another id than they gave it. That is not enough where the like says
    something else by now: what is taken back then was replaced before.
    """
    known = likes.of(tx, actor_id, post.id)
    if known is None:
        return None
    meant = uri in {None, known.uri} or known.said_with.emoji in {"", said_with.emoji}
    return drop_like(tx, actor_id=actor_id, post=post) if meant else None


def _community(tx: Tx, actor_id: int, post: PostRow) -> ActorView | None:
    """The community that a reaction goes to, and nobody else (protocol §5).

    Whoever has left it still reads the own words there, and reacts to nothing. Raises NotFound, or
    NotAllowed for the own words that wait there.
    """
    if not travels_through(post):
        return None
    community = community_of(tx, post)
    if community is None or not communities.is_member(tx, community.id, actor_id):
        raise NotFound
    if not post.is_accepted:
        raise NotAllowed("The community has not taken this post in yet")
    return community


def share(tx: Tx, *, node: Node, actor_id: int, post_id: int) -> int:
    """Share a post inside its own audience; the share's id, the same one if it is shared already.

    Raises:
        NotFound: the post is not there for the sharer.
        NotAllowed: posts to a community, to followers and to named people are not shared, not even
            by their author; guests share nothing.
    """
    actor, viewer, post = _reacting(tx, actor_id, post_id)
    if not may_share(post.row.audience, post.row.root_audience):
        raise NotAllowed("This post is for those who can read it now; it cannot be shared")
    if not viewer.full:
        raise NotAllowed("Sharing is for members; as a guest you write in your communities")
    earlier = posts.share_of(tx, post.id, actor_id)
    if earlier is not None:
        return earlier.id
    identifier = new_id(tx)
    uri = node.activity(identifier)
    row = storing.share_row(tx, actor, post.row, identifier=identifier, uri=uri, created_at=tx.now)
    if not storing.store(tx, row):
        return _share_id(tx, post.id, actor_id)
    _tell_author(tx, NotificationKind.SHARE, actor_id, post.row)
    storing.spread(tx, identifier)
    publish.shared(tx, share=for_delivery(tx, identifier))
    return identifier


def unshare(tx: Tx, *, node: Node, actor_id: int, post_id: int) -> None:
    """Take a share back; nothing happens if there was none. Raises NotFound."""
    _, _, post = _reacting(tx, actor_id, post_id)
    row = posts.share_of(tx, post.id, actor_id)
    if row is None:
        return
    view = for_delivery(tx, row.id)
    _unshare(tx, actor_id, row, post.row)
    publish.unshared(tx, node=node, share=view)


def _reacting(tx: Tx, actor_id: int, post_id: int) -> tuple[ActorView, Viewer, PostView]:
    """Who reacts, and to which post: that of a share is what it shares. Raises NotFound."""
    actor = actors.by_id(tx, actor_id)
    if actor is None:
        raise NotFound
    viewer = readers.viewer_for(tx, actor)
    post = visible(tx, post_id, viewer).shown
    if follows.is_blocked(tx, actor_id, post.author.id):
        raise NotFound
    return actor, viewer, post


def _share_id(tx: Tx, post_id: int, actor_id: int) -> int:
    row = posts.share_of(tx, post_id, actor_id)
    if row is None:
        raise NotFound
    return row.id


def _tell_author(tx: Tx, kind: NotificationKind, from_id: int, post: PostRow) -> None:
    if post.origin_id == HERE:
        notify(tx, actor_id=post.author_id, kind=kind, from_id=from_id, post_id=post.id)


def _unlike(tx: Tx, actor_id: int, post: PostRow) -> None:
    figures.count_like(tx, post.id, -1)
    kind = NotificationKind.LIKE
    retract(tx, actor_id=post.author_id, kind=kind, from_id=actor_id, post_id=post.id)


def _unshare(tx: Tx, actor_id: int, row: PostRow, original: PostRow) -> None:
    storing.remove(tx, row)
    kind = NotificationKind.SHARE
    retract(tx, actor_id=original.author_id, kind=kind, from_id=actor_id, post_id=original.id)


# What other servers say. The caller made sure that the signer is the actor who acts. An unknown
# post, a deleted one, and one that the actor may not read give the same answer: False (O10, O11).


def receive_like(
    tx: Tx,
    *,
    node: Node,  # noqa: ARG001
    actor_id: int,
    post_uri: str,
    uri: str,
    said_with: Reaction = PLAIN,
) -> bool:
    """Somebody elsewhere likes a post that was written here, or in an open community of ours.

    Perhaps with an emoji.
    """
    post = _readable_by(tx, actor_id, post_uri)
    if post is None or not (post.is_local or hosted(tx, post) is not None):
        return False
    add_like(tx, actor_id=actor_id, post=post, uri=uri, said_with=said_with)
    return True


def receive_undo_like(
    tx: Tx,
    *,
    node: Node,  # noqa: ARG001
    actor_id: int,
    uri: str | None,
    post_uri: str | None,
    said_with: Reaction = PLAIN,
) -> bool:
    """Somebody elsewhere takes a like back: named by its id, or by the post."""
    post_id = likes.post_liked_by(tx, actor_id, uri) if uri is not None else None
    if post_id is not None:
        post = posts.by_id(tx, post_id)
    else:
        post = posts.by_uri(tx, post_uri) if post_uri is not None else None
    if post is None:
        return False
    return take_back(tx, actor_id=actor_id, post=post, uri=uri, said_with=said_with) is not None


def receive_share(
    tx: Tx,
    *,
    node: Node,  # noqa: ARG001
    actor_id: int,
    post_uri: str,
    uri: str,
    published: int | None = None,
) -> bool:
    """Somebody elsewhere shares a post: kept if it is ours, or if somebody here follows them."""
    post = _readable_by(tx, actor_id, post_uri)
    sharer = actors.by_id(tx, actor_id)
    if post is None or sharer is None or not may_share(post.audience, post.root_audience):
        return False
    if not post.is_local and not follows.local_followers(tx, actor_id):
        return False
    if posts.share_of(tx, post.id, actor_id) is not None:
        return True
    created_at = min(published or tx.now, tx.now)
    identifier = id_at(tx, created_at)
    row = storing.share_row(tx, sharer, post, identifier=identifier, uri=uri, created_at=created_at)
    if not storing.store(tx, row):
        return False
    _tell_author(tx, NotificationKind.SHARE, actor_id, post)
    storing.spread(tx, identifier)
    return True


def receive_undo_share(
    tx: Tx,
    *,
    node: Node,  # noqa: ARG001
    actor_id: int,
    uri: str | None,
    post_uri: str | None,
) -> bool:
    """Somebody elsewhere takes a share back: named by its id, or by the post."""
    row = _own_share(tx, actor_id, uri, post_uri)
    original = posts.by_id(tx, row.share_of_id) if row and row.share_of_id is not None else None
    if row is None or original is None:
        return False
    _unshare(tx, actor_id, row, original)
    return True


def _own_share(tx: Tx, actor_id: int, uri: str | None, post_uri: str | None) -> PostRow | None:
    row = posts.by_uri(tx, uri) if uri is not None else None
    if row is not None and row.author_id == actor_id and row.share_of_id is not None:
        return row if row.deleted_at is None else None
    post = posts.by_uri(tx, post_uri) if post_uri is not None else None
    return posts.share_of(tx, post.id, actor_id) if post is not None else None


def _readable_by(tx: Tx, actor_id: int, post_uri: str) -> PostRow | None:
    """The post that somebody elsewhere means; what is shared, if they mean a share."""
    actor = actors.by_id(tx, actor_id)
    row = posts.by_uri(tx, post_uri)
    if row is not None and row.share_of_id is not None:
        row = posts.by_id(tx, row.share_of_id)
    if actor is None or row is None or row.deleted_at is not None:
        return None
    if follows.is_blocked(tx, actor_id, row.author_id):
        return None
    return row if readers.may(tx, actor, posts.facts(tx, row)) else None
