"""What stewards do in an open community of ours: posts taken out, threads closed, people shut out.

Each deed can be undone, is written into the community's log, and is told to the servers that follow
the community in the words of FEP-1b12 (`activitypub/render/moderation`). It concerns the community
alone: a post that is taken out stays its author's, who is told why.

`by_id` 0 is the operator of the node. `body`: the deed as a steward elsewhere said it, which is
passed on unchanged.
"""

from typing import Final

from msgspec.structs import replace

from activitypub.render import moderation as render
from activitypub.vocabulary import JsonDict
from domain.errors import Conflict, Invalid, NotFound
from domain.kinds import Acceptance, Deed, MembershipState, Way
from domain.node import Node
from domain.permissions import Action
from domain.roles import CommunityRole
from jobs.queue import enqueue
from social import admission, helper, notices, standing, storing
from social.communities import community_here
from social.deeds import listing, tell
from social.open_communities import hosted
from social.standing import OPERATOR, authorise, way_of
from social.streaming import announce, edited
from storage.queries import (
    actors,
    closed,
    communities,
    figures,
    ids,
    notifications,
    pins,
    posts,
    timelines,
    wrappers,
)
from storage.queries.communities import MemberRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

TAKE_OUT_ALL: Final = "take_out_all"
"""The job that takes out what somebody wrote who was shut out."""
AT_ONCE: Final = 50
"""Posts that one unit of work takes out."""
MOST_FEATURED: Final = 10

# Posts.


def withdraw(
    tx: Tx, *, node: Node, post: PostRow, by_id: int, reason: str = "", body: bytes = b""
) -> None:
    """Take a post out of its community: only its author reads it here from now on.

    Raises:
        NotFound: it stands in no open community of ours.
        NotAllowed: `by_id` is no steward of it.
    """
    community = _moderated(tx, post, by_id)
    _take_out(tx, node, community, post, by_id=by_id, speaker=by_id, reason=reason, body=body)


def _take_out(
    tx: Tx,
    node: Node,
    community: ActorView,
    post: PostRow,
    *,
    by_id: int,
    speaker: int,
    reason: str,
    body: bytes = b"",
) -> None:
    """`by_id` decided it; `speaker` is who says so to the servers that follow."""
    if not hide(tx, community, post):
        return
    communities.log(tx, community.id, Deed.WITHDRAWN, by_id=by_id, about_id=post.id, reason=reason)
    if post.is_local and post.author_id != by_id:
        _tell_author(tx, node, post, notices.withdrawn(community, reason))
    tell(
        *(tx, node, community, speaker),
        lambda uri, place, by: render.withdrawn(uri, place, by, post.uri, reason),
        post_id=post.id,
        body=body,
    )


def restore(tx: Tx, *, node: Node, post: PostRow, by_id: int, body: bytes = b"") -> None:
    """Put a post back that was taken out; nothing happens if it was not.

    Raises NotFound and NotAllowed, as `withdraw`.
    """
    community = _moderated(tx, post, by_id)
    if not show(tx, node, community, post):
        return
    communities.log(tx, community.id, Deed.RESTORED, by_id=by_id, about_id=post.id)

    def shape(uri: str, place: ActorView, by: ActorView) -> JsonDict:
        inner = node.activity(ids.new_id(tx))
        return render.undone(uri, render.withdrawn(inner, place, by, post.uri, ""))

    tell(tx, node, community, by_id, shape, post_id=post.id, body=body)


def hide(tx: Tx, community: ActorView, post: PostRow) -> bool:
    """Let nobody but its author read a post that stands in a community; False: nobody could."""
    if post.deleted_at is not None or not post.is_accepted:
        return False
    if not posts.set_acceptance(tx, post.id, Acceptance.REFUSED):
        return False  # another steward, or its author, was faster
    if post.reply_to_id is not None and storing.counts(tx, post):
        figures.count_reply(tx, post.reply_to_id, -1)
    if post.is_world_public:
        figures.recount_author(tx, post.author_id)
    wrapper = posts.share_of(tx, post.id, community.id)
    if wrapper is not None:
        storing.remove(tx, wrapper)
    pins.remove(tx, community.id, post.id)
    timelines.drop_post(tx, post.id)
    notifications.forget_post(tx, post.id)
    announce(tx, edited(post.id))
    return True


def show(
    tx: Tx, node: Node, community: ActorView, post: PostRow, *, uri: str | None = None
) -> bool:
    """Undo of `hide`, with a new wrapper; `uri`: its Announce's id where it lives elsewhere."""
    if post.deleted_at is not None or post.acceptance is not Acceptance.REFUSED:
        return False
    if not storing.accept(tx, post):
        return False
    now = posts.by_id(tx, post.id) or post
    if community.is_local or uri is not None:
        at = post.created_at
        storing.wrap(tx, now, community=community, uri=uri, announced_at=at, node=node, fresh=False)
    return True


# Threads.


def close(
    tx: Tx, *, node: Node, post: PostRow, by_id: int, reason: str = "", body: bytes = b""
) -> None:
    """Let nobody answer in the thread of a post any more. Raises NotFound and NotAllowed."""
    community = _moderated(tx, post, by_id)
    if not closed.close(tx, post.root_id, community_id=community.id, by_id=by_id):
        return
    communities.log(tx, community.id, Deed.CLOSED, by_id=by_id, about_id=post.root_id)
    root = _root(tx, post)
    tell(
        *(tx, node, community, by_id),
        lambda uri, place, by: render.closed(uri, place, by, root.uri, reason),
        post_id=root.id,
        body=body,
    )


def reopen(tx: Tx, *, node: Node, post: PostRow, by_id: int, body: bytes = b"") -> None:
    """Go on in a thread that was closed. Raises NotFound and NotAllowed."""
    community = _moderated(tx, post, by_id)
    if not closed.reopen(tx, post.root_id):
        return
    communities.log(tx, community.id, Deed.REOPENED, by_id=by_id, about_id=post.root_id)
    root = _root(tx, post)

    def shape(uri: str, place: ActorView, by: ActorView) -> JsonDict:
        inner = node.activity(ids.new_id(tx))
        return render.undone(uri, render.closed(inner, place, by, root.uri, ""))

    tell(tx, node, community, by_id, shape, post_id=root.id, body=body)


def feature(
    tx: Tx, *, node: Node, post: PostRow, by_id: int, on: bool = True, body: bytes = b""
) -> None:
    """Put a post at the top of its community's page, or take it down.

    Raises:
        NotFound: it stands in no open community of ours.
        NotAllowed: `by_id` is no steward of it.
        Invalid: one too many.
    """
    community = _moderated(tx, post, by_id)
    if on and pins.count(tx, community.id) >= MOST_FEATURED:
        raise Invalid(f"A community features {MOST_FEATURED} posts. Take one down first")
    change = pins.add if on else pins.remove
    if not change(tx, community.id, post.id):
        return
    target, shaped = node.collection(community.id, "featured"), listing(on)
    tell(
        *(tx, node, community, by_id),
        lambda uri, place, by: shaped(uri, place, by, post.uri, target=target),
        post_id=post.id,
        body=body,
    )


# People.


def ban(
    tx: Tx,
    *,
    node: Node,
    community_id: int,
    actor_id: int,
    by_id: int,
    reason: str = "",
    until: int | None = None,
    remove_posts: bool = False,
    body: bytes = b"",
) -> None:
    """Shut somebody out of an open community, whether they belong or not.

    `until`: ms UTC, None: for good. `remove_posts`: what they wrote there is taken out, too.

    Raises:
        NotFound: there is no such community or person.
        NotAllowed: `by_id` is no steward.
        Invalid: an end that has passed.
        Conflict: a steward: they are given another role first.
    """
    case = admission.case_of(tx, node=node, community_id=community_id, actor_id=actor_id)
    authorise(tx, community_id, by_id, Action.MODERATE)
    if not case.row.is_for_the_world:
        raise NotFound
    if until is not None and until <= tx.now:
        raise Invalid("The end date has passed already")
    known = case.before
    if known is not None and known.is_active(tx.now) and known.role is CommunityRole.STEWARD:
        raise Conflict("This is a steward. Please give them another role first")
    _shut_out(tx, case, until)
    communities.log(tx, community_id, Deed.BANNED, by_id=by_id, about_id=actor_id, reason=reason)
    if case.person.is_local:
        admission.tell(tx, case, notices.banned(case.community, reason, until))
    if remove_posts:
        wanted = {"community": community_id, "author": actor_id, "by": by_id, "reason": reason}
        enqueue(tx, TAKE_OUT_ALL, wanted)
    tell(
        *(tx, node, case.community, by_id),
        lambda uri, place, by: render.banned(
            *(uri, place, by, case.person.uri),
            reason=reason,
            until=until,
            remove_posts=remove_posts,
        ),
        body=body,
    )


def _shut_out(tx: Tx, case: admission.Case, until: int | None) -> None:
    known = case.before
    if known is not None and known.is_active(tx.now):
        row = standing.end(tx, known, MembershipState.BANNED)
        if row is not None:
            admission.reject_elsewhere(tx, case, row.uri, "")
    elif known is not None:
        standing.forget(tx, known)
    banned = replace(known or _nobody(tx, case), state=MembershipState.BANNED, until=until)
    communities.put_member(tx, banned)


def _nobody(tx: Tx, case: admission.Case) -> MemberRow:
    way = way_of(tx, case.person) or Way.OPEN
    return admission.wish_of(tx, case, admission.way_into(case, way))


def unban(
    tx: Tx, *, node: Node, community_id: int, actor_id: int, by_id: int, body: bytes = b""
) -> None:
    """Let somebody come again; nothing happens if they were not shut out.

    Raises NotFound and NotAllowed, as `ban`.
    """
    community_here(tx, community_id)
    authorise(tx, community_id, by_id, Action.MODERATE)
    known = communities.member(tx, community_id, actor_id)
    community, person = actors.by_id(tx, community_id), actors.by_id(tx, actor_id)
    if known is None or community is None or person is None:
        raise NotFound("Nobody of that name was shut out")
    if known.state is not MembershipState.BANNED:
        return
    communities.put_member(tx, replace(known, state=MembershipState.LEFT, until=None))
    communities.log(tx, community_id, Deed.UNBANNED, by_id=by_id, about_id=actor_id)

    def shape(uri: str, place: ActorView, by: ActorView) -> JsonDict:
        act = render.banned(
            *(node.activity(ids.new_id(tx)), place, by, person.uri),
            reason="",
            until=None,
            remove_posts=False,
        )
        return render.undone(uri, act)

    tell(tx, node, community, by_id, shape, body=body)


def take_out_all(
    tx: Tx, *, node: Node, community_id: int, author_id: int, by_id: int, reason: str
) -> bool:
    """Take out the newest posts of somebody who was shut out; whether there may be more.

    `by_id` decided so as a steward, and may be none any more: the community itself says it.
    """
    found = wrappers.written_by(tx, community_id, author_id, AT_ONCE)
    rows = [posts.by_id(tx, one) for one in found]
    shown = [row for row in rows if row is not None and row.is_accepted]
    community = hosted(tx, shown[0]) if shown else None
    if community is None:
        return False
    for row in shown:
        _take_out(tx, node, community, row, by_id=by_id, speaker=OPERATOR, reason=reason)
    return len(found) == AT_ONCE


# What the deeds have in common.


def _moderated(tx: Tx, post: PostRow, by_id: int) -> ActorView:
    community = hosted(tx, post)
    if community is None:
        raise NotFound("This stands in no community that is open to the world")
    authorise(tx, community.id, by_id, Action.MODERATE)
    return community


def _root(tx: Tx, post: PostRow) -> PostRow:
    return posts.by_id(tx, post.root_id) or post


def _tell_author(tx: Tx, node: Node, post: PostRow, what: str) -> None:
    text = f"{what}\n\nOnly you can see it now: {post.url}"
    helper.tell(tx, node=node, person_id=post.author_id, text=text)
