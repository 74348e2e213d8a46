"""A post's thread: what it answers, and what answers it."""

from collections.abc import Mapping, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from sqlalchemy import bindparam, case, false, literal, select, true

from domain.audience import Viewer
from domain.errors import NotFound
from storage.audience import welcome
from storage.columns import Id, Number
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views.entries import Entry, entries_named
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
    .where(_up.c.distance > 0, welcome(posts.c.author_id))
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
        # A CASE, as in `parent_shown`: an AND would be worked out to its end for each answer.
        case((welcome(posts.c.author_id), true()), else_=false()).label("welcome"),
    )
    .join(posts, posts.c.id == _down.c.id)
    .where(_down.c.depth > 0)
    .order_by(_down.c.depth, _down.c.id)
    .limit(MOST_DESCENDANTS + BEYOND)
)


T = TypeVar("T")


class Thread(NamedTuple, Generic[T]):
    """A thread around a post: `above` from the root down, `below` depth first.

    `above_cut`, `below_cut`: the viewer may read one of the next `BEYOND` posts past that end. What
    the viewer may not read is not told of in this way either.
    """

    above: list[T]
    below: list[T]
    above_cut: bool
    below_cut: bool


def thread(tx: Tx, post_id: int, viewer: Viewer) -> Thread[PostView]:
    """What the post answers and what answers it, as far as the viewer may read it.

    A post in between that the viewer may not read, or by somebody blocked or muted, is left out;
    what stands beyond it is not.
    Raises NotFound if the post itself is not readable.
    """
    visible(tx, post_id, viewer)
    around = _around(tx, post_id, viewer)
    return _arranged(around, {view.id: view for view in load(tx, around.ids, viewer)})


def thread_entries(tx: Tx, post_id: int, viewer: Viewer) -> Thread[Entry]:
    """The same, for who keeps rendered posts. Raises NotFound."""
    around = _around(tx, post_id, viewer)
    found = entries_named(tx, [post_id, *around.ids], viewer)
    if post_id not in found:
        raise NotFound
    return _arranged(around, found)


class _Around(NamedTuple):
    """What stands around a post: how far up, what below in order, what beyond the end of that."""

    up: dict[int, int]
    below: list[int]
    beyond: list[int]

    @property
    def ids(self) -> list[int]:
        return [*self.up, *self.below, *self.beyond]


def _around(tx: Tx, post_id: int, viewer: Viewer) -> _Around:
    """Posts around a post whose authors the viewer comes across; read or not, nobody asked yet."""
    asked = {"post_id": post_id, "viewer_id": viewer.actor, "now": tx.now}
    up: dict[int, int] = dict(tx.all(_ANCESTORS, **asked))
    rows = tx.all(_DESCENDANTS, **asked)
    kept = [row for row in rows[:MOST_DESCENDANTS] if row[2] <= DEEPEST]
    order = _depth_first(post_id, [(identifier, parent) for identifier, parent, _, _ in kept])
    hidden = {identifier for identifier, _, _, unhidden in rows if not unhidden}
    beyond = [row[0] for row in rows[len(kept) :] if row[0] not in hidden]
    return _Around(up, [one for one in order if one not in hidden], beyond)


def _arranged(around: _Around, found: Mapping[int, T]) -> Thread[T]:
    above = [one for one, distance in around.up.items() if distance <= MOST_ANCESTORS]
    return Thread(
        [found[one] for one in above if one in found],
        [found[one] for one in around.below if one in found],
        any(one in found for one, distance in around.up.items() if distance > MOST_ANCESTORS),
        any(one in found for one in around.beyond),
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
