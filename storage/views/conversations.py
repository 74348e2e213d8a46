"""Threads and answers as other servers page through them: ids alone, oldest first.

What was written here is listed for whoever may read it. What was written elsewhere is listed if
anybody may read it there, or if a community of ours took it in: of other words only their own
server knows who reads them.
"""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, or_, select

from domain.audience import Kind, Viewer
from domain.errors import NotFound
from domain.ids import HERE
from storage.audience import alive, fixed, readable, unblocked, viewer_params
from storage.columns import Id, Number
from storage.tables.actors import actors
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views.posts import PostView, visible

MOST: Final = 100
"""Entries on one page."""


class Line(Struct, frozen=True, gc=False):
    """One entry: the key that pages go by, and the post's id on the wire."""

    id: int
    uri: str


_owner: Final = actors.alias("owner")
_FROM_HERE: Final = posts.c.origin_id == fixed(HERE)
_EVERYBODYS: Final = and_(
    posts.c.kind == fixed(Kind.PUBLIC), posts.c.root_kind == fixed(Kind.PUBLIC)
)
_TAKEN_IN_HERE: Final = and_(
    posts.c.kind == fixed(Kind.COMMUNITY), _owner.c.origin_id == fixed(HERE)
)


def _page(column: Any) -> Select[int, str]:
    return (
        select(posts.c.id, posts.c.uri)
        .select_from(posts.outerjoin(_owner, _owner.c.id == posts.c.owner_id))
        .where(
            column == bindparam("about", type_=Id),
            posts.c.id > bindparam("above", type_=Id),
            posts.c.share_of_id.is_(None),
            alive(posts),
            or_(_FROM_HERE, _EVERYBODYS, _TAKEN_IN_HERE),
            readable(posts),
            unblocked(posts.c.author_id),
        )
        .order_by(posts.c.id)
        .limit(bindparam("limit", type_=Number))
    )


_THREAD: Final = _page(posts.c.root_id)
_ANSWERS: Final = _page(posts.c.reply_to_id)


def root_of_ours(tx: Tx, root_id: int, viewer: Viewer) -> PostView:
    """The post that begins a thread which this node answers for, as the viewer may read it.

    Written here, or in a community of ours. Raises NotFound: the same for all other reasons.
    """
    root = visible(tx, root_id, viewer)
    is_root = root.row.root_id == root.id and root.shared_post is None
    is_ours = root.row.is_local or (root.place is not None and root.place.is_local)
    if not (is_root and is_ours):
        raise NotFound
    return root


def thread_page(
    tx: Tx, root_id: int, viewer: Viewer, *, above: int = 0, limit: int = MOST
) -> list[Line]:
    """What is said in a thread, the first post too; `above`: the last key of the page before."""
    return _rows(tx, _THREAD, viewer, about=root_id, above=above, limit=limit)


def answers_page(
    tx: Tx, post_id: int, viewer: Viewer, *, above: int = 0, limit: int = MOST
) -> list[Line]:
    """What answers one post."""
    return _rows(tx, _ANSWERS, viewer, about=post_id, above=above, limit=limit)


def _rows(tx: Tx, statement: Select[int, str], viewer: Viewer, **asked: int) -> list[Line]:
    found = tx.all(statement, **asked, now=tx.now, **viewer_params(viewer))
    return [Line(*row) for row in found]
