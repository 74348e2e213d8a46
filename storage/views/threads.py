"""A post's thread: what it answers, and what answers it."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, literal, select

from domain.audience import Viewer
from storage.audience import unblocked
from storage.columns import Id, Number
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views.posts import PostView, load, visible

MOST_ANCESTORS: Final = 100
MOST_DESCENDANTS: Final = 1000
DEEPEST: Final = 200

_up = (
    select(posts.c.id, posts.c.reply_to_id, literal(0, Number).label("distance"))
    .where(posts.c.id == bindparam("post_id", type_=Id))
    .cte("up", recursive=True)
)
_up = _up.union_all(
    select(posts.c.id, posts.c.reply_to_id, _up.c.distance + 1)
    .join(_up, posts.c.id == _up.c.reply_to_id)
    .where(_up.c.distance < MOST_ANCESTORS)
)
_ANCESTORS: Final = (
    select(_up.c.id)
    .join(posts, posts.c.id == _up.c.id)
    .where(_up.c.distance > 0, unblocked(posts.c.author_id))
    .order_by(_up.c.distance.desc())
)

_down = (
    select(posts.c.id, posts.c.reply_to_id, literal(0, Number).label("depth"))
    .where(posts.c.id == bindparam("post_id", type_=Id))
    .cte("down", recursive=True)
)
_down = _down.union_all(
    select(posts.c.id, posts.c.reply_to_id, _down.c.depth + 1)
    .join(_down, posts.c.reply_to_id == _down.c.id)
    .where(_down.c.depth < DEEPEST)
)
_DESCENDANTS: Final = (
    select(_down.c.id, _down.c.reply_to_id, unblocked(posts.c.author_id).label("unblocked"))
    .join(posts, posts.c.id == _down.c.id)
    .where(_down.c.depth > 0)
    .order_by(_down.c.depth, _down.c.id)
    .limit(MOST_DESCENDANTS)
)


def thread(tx: Tx, post_id: int, viewer: Viewer) -> tuple[list[PostView], list[PostView]]:
    """(ancestors from the root down, descendants depth first) that the viewer may read.

    A post in between that the viewer may not read, or by somebody blocked, is left out; what
    stands beyond it is not.
    Raises NotFound if the post itself is not readable.
    """
    visible(tx, post_id, viewer)
    asked = {"post_id": post_id, "viewer_id": viewer.actor}
    above = [row[0] for row in tx.all(_ANCESTORS, **asked)]
    rows = tx.all(_DESCENDANTS, **asked)
    hidden = {identifier for identifier, _, unhidden in rows if not unhidden}
    order = _depth_first(post_id, [(identifier, parent) for identifier, parent, _ in rows])
    below = [identifier for identifier in order if identifier not in hidden]
    found = load(tx, [*above, *below], viewer)
    up = set(above)
    return (
        [view for view in found if view.id in up],
        [view for view in found if view.id not in up],
    )


def _depth_first(top: int, rows: Sequence[tuple[int, int | None]]) -> list[int]:
    """The ids below `top`, each followed by what answers it, older answers first."""
    children: dict[int, list[int]] = {}
    for identifier, parent in rows:
        if parent is not None:
            children.setdefault(parent, []).append(identifier)
    order: list[int] = []
    waiting = sorted(children.get(top, ()), reverse=True)
    while waiting:
        identifier = waiting.pop()
        order.append(identifier)
        waiting.extend(sorted(children.get(identifier, ()), reverse=True))
    return order
