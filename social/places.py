"""What people here say in a community, and how it travels: through the community alone (§5).

A community that lives here takes it in at once. One that lives elsewhere is handed it, and until it
announces it the post waits: nobody but its author reads it, it counts nowhere, nobody is told.
"""

from collections.abc import Collection

from domain.audience import Kind
from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import Acceptance
from domain.node import Node
from outbox import communities as out
from outbox import publish
from social import cards, storing
from social.notifications import tell_named
from social.streaming import announce, posted
from storage.queries import actors, communities, posts
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView, for_delivery


def community_of(tx: Tx, row: PostRow) -> ActorView | None:
    """The community that a post was written in, or nothing: it stands on a profile."""
    return actors.by_id(tx, row.place_id) if row.place_id is not None else None


def travels_through(row: PostRow) -> bool:
    """Whether only the members of a community read it: then it goes the community's way."""
    return row.place_id is not None and row.kind is Kind.COMMUNITY


def acceptance_of(tx: Tx, row: PostRow) -> Acceptance:
    """How a new post of ours begins: what a community elsewhere has to take in first, waits."""
    community = community_of(tx, row) if travels_through(row) else None
    waits = community is not None and not community.is_local
    return Acceptance.WAITING if waits else Acceptance.ACCEPTED


def say(tx: Tx, *, node: Node, row: PostRow, community: ActorView, named: Collection[int]) -> None:
    """A post of ours in a community was stored: pass it on, and show it if it is accepted."""
    wrapper_id = None
    if row.is_accepted:
        tell_named(tx, row, named)
    if row.is_accepted and community.is_local:  # one elsewhere announces it itself
        at = row.created_at
        wrapper_id = storing.wrap(
            tx, row, community=community, uri=None, announced_at=at, node=node
        )
    if travels_through(row):
        show_card(tx, node, community, row.author_id)
        post = for_delivery(tx, row.id)
        out.written(tx, node=node, community=community, post=post, wrapper_id=wrapper_id)
        return
    if row.is_world_public:
        storing.spread(tx, row.id)  # to who follows its author, and not the community
    else:
        announce(tx, posted(row.id))  # everybody who may read it hears of it, not members alone
    if not row.stays_here:
        publish.post_created(tx, node=node, post=for_delivery(tx, row.id))


def show_card(tx: Tx, node: Node, community: ActorView, actor_id: int) -> None:
    """Have the card of somebody here say with which key their words are proven, as of now."""
    if community.is_local:
        cards.make(tx, node, community.id, actor_id)


def check_may_answer(parent: PostRow | None) -> None:
    """Nobody else can read what was refused, so nobody answers it. Raises NotAllowed."""
    if parent is not None and parent.acceptance is Acceptance.REFUSED:
        raise NotAllowed("The community did not take this post in")


def check_may_change(tx: Tx, row: PostRow) -> None:
    """Whoever has left a community changes nothing there any more. Raises NotAllowed.

    Words for the world are their author's in any case.
    """
    if row.place_id is None or row.is_world_public:
        return
    if not communities.is_member(tx, row.place_id, row.author_id):
        raise NotAllowed("You are no member of this community any more; you can still delete this")


def changed(tx: Tx, *, node: Node, row: PostRow) -> None:
    """A post of ours in a community says something else now; what was refused stays here."""
    community = community_of(tx, row)
    if community is not None and row.acceptance is not Acceptance.REFUSED:
        show_card(tx, node, community, row.author_id)
        out.edited(tx, node=node, community=community, post=for_delivery(tx, row.id))


def taken_back(tx: Tx, *, node: Node, post: PostView) -> None:
    """A post of ours in a community was deleted; `post` as it was."""
    community = community_of(tx, post.row)
    if community is not None and post.row.acceptance is not Acceptance.REFUSED:
        show_card(tx, node, community, post.row.author_id)
        out.deleted(tx, node=node, community=community, post=post)


def send_again(tx: Tx, *, node: Node, author_id: int, post_id: int) -> None:
    """Hand a post that a community elsewhere refused in once more, as it is now.

    Raises:
        NotFound: it is not the author's, or was not refused.
        Invalid: the author is no member any more.
    """
    row = posts.by_id(tx, post_id)
    if row is None or row.author_id != author_id or row.deleted_at is not None:
        raise NotFound
    community = community_of(tx, row)
    if community is None or row.acceptance is not Acceptance.REFUSED or not travels_through(row):
        raise NotFound
    if not communities.is_member(tx, community.id, author_id):
        raise Invalid("You are no member of this community any more; follow it to join again")
    posts.set_acceptance(tx, row.id, Acceptance.WAITING)
    out.written(tx, node=node, community=community, post=for_delivery(tx, row.id))
