"""Posts at the top of a page, whosever it is: a person's own, or a community's by its stewards.

What a community of members has at its top is told to its members' nodes by the community itself,
after the post; open communities speak to everybody's server (`social/moderating`). Nobody comes to
read a post by it: the page shows to each reader what that reader may read.
"""

from typing import Final

from domain.errors import Invalid, NotAllowed, NotFound
from domain.node import Node
from domain.permissions import Action
from outbox import pins as out
from social import moderating, pins, readers
from social.moderating import MOST_FEATURED
from social.open_communities import hosted
from social.places import community_of
from social.standing import authorise
from storage.queries import actors, communities, posts
from storage.queries import pins as rows
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

_ELSEWHERE: Final = "Its own server keeps this community: its stewards pin there"


def pin(tx: Tx, *, node: Node, actor_id: int, post_id: int) -> None:
    """Put a post at the top of the own page, or of the community that it stands in.

    Raises:
        NotFound: the post is not there for this person.
        NotAllowed: only stewards do this in a community, at its own node.
        Invalid: what cannot be pinned, or one too many.
    """
    if (row := _in_community(tx, actor_id, post_id)) is not None:
        feature(tx, node=node, post=row, by_id=actor_id)
    else:
        pins.pin(tx, node=node, actor_id=actor_id, post_id=post_id)


def unpin(tx: Tx, *, node: Node, actor_id: int, post_id: int) -> None:
    """Take a post down again; nothing happens if it was not pinned. Raises as `pin`."""
    if (row := _in_community(tx, actor_id, post_id)) is not None:
        feature(tx, node=node, post=row, by_id=actor_id, on=False)
    else:
        pins.unpin(tx, node=node, actor_id=actor_id, post_id=post_id)


def _in_community(tx: Tx, actor_id: int, post_id: int) -> PostRow | None:
    """The post, if it stands in a community; a wrapper stands for what it shows."""
    row, actor = posts.by_id(tx, post_id), actors.by_id(tx, actor_id)
    if row is not None and row.share_of_id is not None and row.author_id == row.place_id:
        row = posts.by_id(tx, row.share_of_id)
    if row is None or row.place_id is None or row.share_of_id is not None:
        return None
    if actor is None or row.deleted_at is not None:
        raise NotFound
    if not readers.may(tx, actor, posts.facts(tx, row)):
        raise NotFound
    return row


def feature(tx: Tx, *, node: Node, post: PostRow, by_id: int, on: bool = True) -> None:
    """Put a post at the top of its community's page, or take it down.

    Raises:
        NotFound: it stands in no community.
        NotAllowed: `by_id` is no steward of it, or it lives elsewhere.
        Invalid: one too many, or a post that was not taken in.
    """
    if hosted(tx, post) is not None:
        moderating.feature(tx, node=node, post=post, by_id=by_id, on=on)
        return
    community = community_of(tx, post)
    if community is None:
        raise NotFound
    if not community.is_local:
        raise NotAllowed(_ELSEWHERE)
    authorise(tx, community.id, by_id, Action.MODERATE)
    if not on:
        changed = rows.remove(tx, community.id, post.id)
    elif not post.is_accepted:
        raise Invalid("The community has not taken this post in yet")
    elif post.id in rows.of(tx, community.id):
        return
    elif rows.count(tx, community.id) >= MOST_FEATURED:
        raise Invalid(f"A community features {MOST_FEATURED} posts. Take one down first")
    else:
        changed = rows.add(tx, community.id, post.id)
    if changed:
        kind: out.Change = "Add" if on else "Remove"
        out.featured(tx, node=node, community=community, post=post, kind=kind)


def may_feature(tx: Tx, community_id: int, actor_id: int) -> bool:
    """Whether somebody may pin in a community: one of its stewards, where it lives here."""
    community = actors.by_id(tx, community_id)
    if community is None or not community.is_local:
        return False
    try:
        authorise(tx, community_id, actor_id, Action.MODERATE)
    except NotAllowed:
        return False
    return True


# What a community elsewhere says. The caller made sure that it signed.


def receive(tx: Tx, *, community: ActorView, post_uri: str, on: bool) -> str | None:
    """A community of somebody here has a post at its top, or no more; why nothing came of it."""
    if communities.by_id(tx, community.id) is None:
        return "no community of anybody here"
    row = posts.by_uri(tx, post_uri)
    if row is None or row.place_id != community.id or row.deleted_at is not None:
        return "no post of that community"
    if not on:
        return None if rows.remove(tx, community.id, row.id) else "it was not pinned"
    for old in rows.of(tx, community.id)[MOST_FEATURED - 1 :]:
        rows.remove(tx, community.id, old)
    return None if rows.add(tx, community.id, row.id) else "it is so already"
