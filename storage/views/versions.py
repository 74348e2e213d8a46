"""What a post said before it was edited, from the first version that the viewer could read.

Protocol §1. The version that was current when the viewer's right began is the first one shown, so
an edit history tells nobody what was taken back before they came. Who may read the post at all is
not asked here: callers hold a post that they loaded for this viewer.
"""

from typing import Final

import orjson
from msgspec import Struct
from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select

from domain.audience import Kind, Viewer
from domain.kinds import FollowState, History
from storage.audience import BOUND, fixed
from storage.columns import Id, Time
from storage.tables.accounts import accounts
from storage.tables.communities import communities, memberships
from storage.tables.origins import agreements
from storage.tables.posts import mentions, post_versions, posts
from storage.tables.relations import follows
from storage.tx import Tx


class Version(Struct, frozen=True, gc=False):
    """What a post said from `made_at` (ms UTC) until its next edit."""

    made_at: int
    content: str
    summary: str
    sensitive: bool
    title: str = ""
    options: str | None = None
    files: str | None = None

    @property
    def answers(self) -> tuple[str, ...]:
        """What could be chosen in its poll."""
        return tuple(orjson.loads(self.options)) if self.options else ()

    @property
    def descriptions(self) -> dict[int, str]:
        """Its files by id, in their order, with what was said of them."""
        return dict(orjson.loads(self.files)) if self.files else {}


_ALWAYS: Final = fixed(0)
_NOT_YET: Final = bindparam("now", type_=Time)


def _joined_node() -> ColumnElement[int]:
    """When the viewer's account was made: before that, nothing of this node was theirs to read."""
    found = select(accounts.c.created_at).where(accounts.c.id == BOUND.actor)
    return func.coalesce(found.scalar_subquery(), _NOT_YET)


def _sister_since(owner: ColumnElement[int]) -> ColumnElement[int]:
    found = select(agreements.c.since).where(agreements.c.origin_id == owner)
    return func.coalesce(found.scalar_subquery(), _ALWAYS)


def _joined_community(community: ColumnElement[int]) -> ColumnElement[int]:
    """The community's history rule: from the beginning, or since joining."""
    since = case((communities.c.history == fixed(History.ALL), _ALWAYS), else_=memberships.c.since)
    found = (
        select(since)
        .join(communities, communities.c.actor_id == memberships.c.community_id)
        .where(memberships.c.community_id == community, memberships.c.actor_id == BOUND.actor)
    )
    return func.coalesce(found.scalar_subquery(), _NOT_YET)


def _accepted(owner: ColumnElement[int], post_id: ColumnElement[int]) -> ColumnElement[int]:
    """When the owner accepted the viewer; who only is named was so from the beginning.

    An edit may name a follower, who gains nothing by it: the follow counts first.
    """
    accepted = select(func.coalesce(follows.c.accepted_at, _NOT_YET)).where(
        follows.c.follower_id == BOUND.actor,
        follows.c.target_id == owner,
        follows.c.state == fixed(FollowState.ACCEPTED),
    )
    named = select(_ALWAYS).where(mentions.c.post_id == post_id, mentions.c.actor_id == BOUND.actor)
    return func.coalesce(accepted.scalar_subquery(), named.scalar_subquery(), _NOT_YET)


def _read_since(
    kind: ColumnElement[Kind], owner: ColumnElement[int], named_in: ColumnElement[int]
) -> ColumnElement[int]:
    """Since when one of a post's two pairs admits the viewer, in ms."""
    return case(
        (kind == fixed(Kind.NODE), _joined_node()),
        (
            kind == fixed(Kind.NETWORK),
            case(
                (_sister_since(owner) > _joined_node(), _sister_since(owner)),
                else_=_joined_node(),
            ),
        ),
        (kind == fixed(Kind.COMMUNITY), _joined_community(owner)),
        (and_(kind == fixed(Kind.FOLLOWERS), owner != BOUND.actor), _accepted(owner, named_in)),
        else_=_ALWAYS,  # anybody's; one's own; direct: the people named are so from the beginning
    )


_later = post_versions.alias("later")
_NEXT = (
    select(func.min(_later.c.made_at))
    .where(_later.c.post_id == post_versions.c.post_id, _later.c.made_at > post_versions.c.made_at)
    .correlate(post_versions)
    .scalar_subquery()
)
_replaced = func.coalesce(_NEXT, posts.c.edited_at)
_BEFORE: Final = (
    select(
        post_versions.c.made_at,
        post_versions.c.content,
        post_versions.c.summary,
        post_versions.c.sensitive,
        post_versions.c.title,
        post_versions.c.options,
        post_versions.c.files,
    )
    .join(posts, posts.c.id == post_versions.c.post_id)
    .where(
        posts.c.id == bindparam("post_id", type_=Id),
        or_(
            posts.c.author_id == BOUND.actor,
            and_(
                _replaced > _read_since(posts.c.kind, posts.c.owner_id, posts.c.id),
                _replaced > _read_since(posts.c.root_kind, posts.c.root_owner_id, posts.c.root_id),
            ),
        ),
    )
    .order_by(post_versions.c.made_at)
)


def former_versions(tx: Tx, post_id: int, viewer: Viewer) -> list[Version]:
    """What a post said before now, oldest first, as far as the viewer could read it then."""
    rows = tx.all(_BEFORE, post_id=post_id, viewer_id=viewer.actor, now=tx.now)
    return [Version(*row) for row in rows]
