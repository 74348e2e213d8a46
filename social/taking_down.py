"""What a report can end with for a post: it is taken down, by who looks at the report.

In a community of ours it is taken out of the community, and stays its author's, who is told why.
Elsewhere a moderator deletes it: somebody's here for everybody who got it, somebody else's on this
node alone.
"""

from domain.audience import Kind
from domain.errors import NotAllowed, NotFound
from domain.ids import HERE
from domain.kinds import Deed, ModerationDeed
from domain.node import Node
from outbox.departures import taken_back_for
from social import helper, moderating, notices, posts, reports, storing
from social.open_communities import hosted
from storage.queries import actors, communities, limits
from storage.queries import posts as stored
from storage.queries import reports as kept
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, for_delivery


def take_down(
    tx: Tx, *, node: Node, report_id: int, post_id: int, by_id: int, reason: str = ""
) -> None:
    """Take a reported post down; again changes nothing. `by_id` 0 is the operator.

    Raises:
        NotFound: there is no such report for who asks, or it is about another post.
        NotAllowed: a steward, of what stands in no community of theirs.
    """
    report = kept.by_id(tx, report_id)
    if report is None or (by_id and not reports.may_handle(tx, report, by_id)):
        raise NotFound
    row = stored.by_id(tx, post_id) if post_id in kept.posts_of(tx, report_id) else None
    if row is None:
        raise NotFound
    if row.deleted_at is not None:
        return
    place = actors.by_id(tx, row.place_id) if row.place_id is not None else None
    if place is not None and place.is_local and _stands_in(tx, row):
        _out_of(tx, node, place, row, by_id=by_id, reason=reason)
    elif by_id and not (reports.knows_reporter(tx, by_id) or _is_ours(place)):
        raise NotAllowed("Only moderators of this node do this")
    else:
        _delete(tx, node, row, reason)
    limits.log(
        *(tx, ModerationDeed.TAKEN_DOWN),
        by_id=by_id,
        about_id=row.author_id,
        report_id=report_id,
        reason=reason,
    )


def _stands_in(tx: Tx, row: PostRow) -> bool:
    """Whether it is its community that shows a post, and not the author or the network."""
    return row.kind is Kind.COMMUNITY or hosted(tx, row) is not None


def _is_ours(place: ActorView | None) -> bool:
    """Whether a report's steward answers for the place of a post."""
    return place is not None and place.is_local


def _out_of(
    tx: Tx, node: Node, community: ActorView, row: PostRow, *, by_id: int, reason: str
) -> None:
    if hosted(tx, row) is not None:
        moderating.withdraw(tx, node=node, post=row, by_id=by_id, reason=reason)
        return
    view = for_delivery(tx, row.id)
    if not moderating.hide(tx, community, row):
        return
    taken_back_for(tx, node=node, community=community, post=view)
    communities.log(tx, community.id, Deed.WITHDRAWN, by_id=by_id, about_id=row.id, reason=reason)
    if row.origin_id == HERE and row.author_id != by_id:
        text = f"{notices.withdrawn(community, reason)}\n\nOnly you can see it now: {row.url}"
        helper.tell(tx, node=node, person_id=row.author_id, text=text)


def _delete(tx: Tx, node: Node, row: PostRow, reason: str) -> None:
    if row.origin_id == HERE:
        posts.delete_post(tx, node=node, author_id=row.author_id, post_id=row.id)
        helper.tell(tx, node=node, person_id=row.author_id, text=notices.taken_down(reason))
        return
    author = actors.by_id(tx, row.author_id)
    storing.remove(tx, row)
    if author is not None:
        stored.bury(tx, row.uri, author.uri)
