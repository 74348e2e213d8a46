"""Tags by their beginning: those of posts in public lists that the viewer may read (G13).

What the viewer may not read decides nothing here: neither which tags there are, nor how many, nor
how long the search takes (protocol §1).
"""

from typing import Any, Final

from sqlalchemy import Select, bindparam, or_, select

from domain.audience import Viewer
from domain.ids import HERE
from domain.kinds import Limit
from storage.audience import BOUND, alive, fixed, readable, viewer_params, welcome
from storage.columns import Number
from storage.tables.actors import actors
from storage.tables.posts import post_tags, posts
from storage.tx import Tx
from storage.views.trends import is_full, reach

MOST: Final = 200
"""Tags at once at most, which bounds how deep pages go."""
_LAST: Final = "\U0010ffff"


def _first(beyond: Any, *, full: bool) -> Any:
    """The first tag in order that a readable post has, of those that `beyond` lets through."""
    used, post, author = post_tags.alias(), posts.alias(), actors.alias()
    return (
        select(used.c.tag)
        .select_from(
            used.join(post, post.c.id == used.c.post_id).join(
                author, author.c.id == post.c.author_id
            )
        )
        .where(
            beyond(used.c.tag),
            used.c.tag < bindparam("end"),
            reach(used.c.kind, full=full),
            reach(post.c.kind, full=full),
            ~post.c.quiet,
            post.c.share_of_id.is_(None),
            alive(post),
            or_(BOUND.full, post.c.origin_id == fixed(HERE)),
            readable(post),
            author.c.limited == fixed(Limit.NONE),
            welcome(post.c.author_id),
        )
        .order_by(used.c.tag)
        .limit(fixed(1))
    )


def _tags(*, full: bool) -> Select[str]:
    """From tag to tag, each by one look into the index, and not through all posts of each."""
    first = _first(lambda tag: tag >= bindparam("start"), full=full)
    begun = select(first.scalar_subquery().label("tag")).cte("found", recursive=True)
    following = _first(lambda tag: tag > begun.c.tag, full=full).correlate(begun)
    found = begun.union_all(
        select(following.scalar_subquery()).where(begun.c.tag.is_not(None)),
    )
    return (
        select(found.c.tag)
        .where(found.c.tag.is_not(None))
        .limit(bindparam("limit", type_=Number))
        .offset(bindparam("offset", type_=Number))
    )


# By whether a full member asks: others look only at what is the world's, by an index of its own.
_TAGS: Final = {full: _tags(full=full) for full in (True, False)}


def search(tx: Tx, viewer: Viewer, beginning: str, *, limit: int, offset: int = 0) -> list[str]:
    """Tags (folded) that begin so, in their order."""
    if not beginning:
        return []
    rows = tx.all(
        _TAGS[is_full(viewer)],
        start=beginning,
        end=beginning + _LAST,
        **viewer_params(viewer),
        now=tx.now,
        limit=max(1, min(limit, MOST)),
        offset=max(0, min(offset, 1_000)),
    )
    return [row[0] for row in rows]
