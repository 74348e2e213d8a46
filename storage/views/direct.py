"""Direct posts for whom they are: conversations, each with the last word that may be read."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, func, select

from domain.audience import Kind, Viewer
from domain.errors import NotFound
from storage.audience import BOUND, alive, fixed, heard, readable, viewer_params
from storage.columns import Id
from storage.tables.conversations import conversations, direct_posts
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views import people
from storage.views.actors import ActorView
from storage.views.actors import by_id as by_id_of
from storage.views.entries import Entry, entries_of, pages_of, post
from storage.views.paging import Page, Paged
from storage.views.posts import PostView, load

MOST: Final = 40
"""Conversations per page at most."""


class Conversation(Struct, frozen=True, gc=False):
    """A thread of direct posts with a circle of people, for one of them.

    `cursor` is what pages go by; `others` are whom the viewer may know of it; `last` is the newest
    post of it that the viewer may read.
    """

    cursor: int
    id: int
    unread: bool
    others: tuple[ActorView, ...]
    last: PostView


_word: Final = posts.alias("word")
_last: Final = (
    select(_word.c.id)
    .select_from(direct_posts.join(_word, _word.c.id == direct_posts.c.post_id))
    .where(
        direct_posts.c.conversation_id == conversations.c.id,
        _word.c.kind == fixed(Kind.DIRECT),
        alive(_word),
        readable(_word),
        heard(_word.c.author_id),
    )
    .order_by(direct_posts.c.post_id.desc())
    .limit(fixed(1))
    .correlate(conversations)
    .scalar_subquery()
)
_mine: Final = (
    select(
        conversations.c.last_post_id.label("cursor"),
        conversations.c.id,
        conversations.c.unread,
        conversations.c.people,
        func.coalesce(_last, fixed(0)).label("last"),
    )
    .where(conversations.c.actor_id == BOUND.actor)
    .subquery("mine")
)
_SHOWN: Select[*tuple[Any, ...]] = select(*_mine.c).where(_mine.c.last > fixed(0))
_PAGE: Final = Paged(_SHOWN, _mine.c.cursor)
_ONE: Final = _SHOWN.where(_mine.c.id == bindparam("conversation_id", type_=Id))


def page(tx: Tx, viewer: Viewer, page: Page) -> list[Conversation]:
    """The viewer's conversations, the one that was spoken in last first."""
    params = {**viewer_params(viewer), "now": tx.now}
    return _assembled(tx, viewer, _PAGE.rows(tx, page.clamped(MOST), params))


def one(tx: Tx, viewer: Viewer, conversation_id: int) -> Conversation:
    """One of the viewer's conversations. Raises NotFound, also where nothing may be read in it."""
    params = {**viewer_params(viewer), "now": tx.now}
    row = tx.first(_ONE, conversation_id=conversation_id, **params)
    found = _assembled(tx, viewer, [row] if row is not None else [])
    if not found:
        raise NotFound
    return found[0]


def _assembled(tx: Tx, viewer: Viewer, rows: list[tuple[Any, ...]]) -> list[Conversation]:
    """All that a page shows beside its rows, in a fixed number of statements."""
    if not rows:
        return []
    words = {view.id: view for view in load(tx, [row[-1] for row in rows], viewer)}
    circles = [[int(one) for one in row[3].split(",")] for row in rows]
    asked = sorted({one for circle in circles for one in circle})
    known = by_id_of(people.people(tx, viewer, asked))
    return [
        Conversation(
            cursor=cursor,
            id=identifier,
            unread=bool(unread),
            others=_others(viewer, circle, known),
            last=words[last],
        )
        for (cursor, identifier, unread, _, last), circle in zip(rows, circles, strict=True)
        if last in words
    ]


def _others(
    viewer: Viewer, circle: list[int], known: dict[int, ActorView]
) -> tuple[ActorView, ...]:
    """Everybody else in the circle; whoever writes to themselves is the only one in it."""
    others = [one for one in circle if one != viewer.actor and one in known]
    return tuple(known[one] for one in others or [viewer.actor] if one in known)


_DIRECT: Final = pages_of(
    direct_posts.join(post, post.c.id == direct_posts.c.post_id),
    direct_posts.c.post_id,
    direct_posts.c.actor_id == BOUND.actor,
    post.c.kind == fixed(Kind.DIRECT),
    author=heard,
)


def direct_page(tx: Tx, viewer: Viewer, page: Page) -> list[Entry]:
    """Direct posts that the viewer wrote or got, whatever conversation they are part of."""
    return entries_of(tx, _DIRECT, viewer, page)
