"""A post's thread: what it answers, and what answers it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

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
#: Posts beyond these ends that are looked at, to say truly that there is more.
BEYOND: Final = 20

_up = (
    select(posts.c.id, posts.c.reply_to_id, literal(0, Number).label("distance"))
    .where(posts.c.id == bindparam("post_id", type_=Id))
    .cte("up", recursive=True)
)
_up = _up.union_all(
    select(posts.c.id, posts.c.reply_to_id, _up.c.distance + 1)
    .join(_up, posts.c.id == _up.c.reply_to_id)
    .where(_up.c.distance < MOST_ANCESTORS + BEYOND)
)
_ANCESTORS: Final = (
    select(_up.c.id, _up.c.distance)
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
    .where(_down.c.depth <= DEEPEST)
)
_DESCENDANTS: Final = (
    select(
        _down.c.id,
        _down.c.reply_to_id,
        _down.c.depth,
        unblocked(posts.c.author_id).label("unblocked"),
    )
    .join(posts, posts.c.id == _down.c.id)
    .where(_down.c.depth > 0)
    .order_by(_down.c.depth, _down.c.id)
    .limit(MOST_DESCENDANTS + BEYOND)
)


class Thread(NamedTuple):
    """A thread around a post: `above` from the root down, `below` depth first.

    `above_cut`, `below_cut`: the viewer may read one of the next `BEYOND` posts past that end. What
    the viewer may not read is not told of in this way either.
    """

    above: list[PostView]
    below: list[PostView]
    above_cut: bool
    below_cut: bool


def thread(tx: Tx, post_id: int, viewer: Viewer) -> Thread:
    """What the post answers and what answers it, as far as the viewer may read it.

    A post in between that the viewer may not read, or by somebody blocked, is left out; what
    stands beyond it is not.
    Raises NotFound if the post itself is not readable.
    """
    visible(tx, post_id, viewer)
    asked = {"post_id": post_id, "viewer_id": viewer.actor}
    up: dict[int, int] = dict(tx.all(_ANCESTORS, **asked))
    rows = tx.all(_DESCENDANTS, **asked)
    kept = [row for row in rows[:MOST_DESCENDANTS] if row[2] <= DEEPEST]
    order = _depth_first(post_id, [(identifier, parent) for identifier, parent, _, _ in kept])
    beyond = [row[0] for row in rows[len(kept) :]]
    hidden = {identifier for identifier, _, _, unhidden in rows if not unhidden}
    below = [identifier for identifier in [*order, *beyond] if identifier not in hidden]
    found = load(tx, [*up, *below], viewer)
    further = set(beyond)
    return Thread(
        [view for view in found if 0 < up.get(view.id, 0) <= MOST_ANCESTORS],
        [view for view in found if view.id not in up and view.id not in further],
        any(up.get(view.id, 0) > MOST_ANCESTORS for view in found),
        any(view.id in further for view in found),
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
