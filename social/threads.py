"""Answers that came before what they answer: connected when it arrives, and never wider by it."""

from dataclasses import replace

from domain.audience import Audience, counts_for
from social import readers, storing
from storage.queries import actors, conversations, figures, muted_threads, posts
from storage.queries import timelines as homes
from storage.tx import Tx
from storage.views.posts import PostRow


def adopt(tx: Tx, parent: PostRow) -> int:
    """Connect the answers that waited for `parent`; how many.

    An answer by somebody who may not read the parent goes on waiting, as if it had not come. Who
    may read in a community elsewhere is known there: what it took in belongs together.
    """
    adopted = 0
    for reply in posts.waiting_for(tx, parent.uri):
        author = actors.by_id(tx, reply.author_id)
        if author is None or not (
            _said_together(reply, parent) or readers.may(tx, author, posts.facts(tx, parent))
        ):
            continue
        _connect(tx, reply, parent)
        adopted += 1
    return adopted


def _connect(tx: Tx, reply: PostRow, parent: PostRow) -> None:
    below = posts.in_thread(tx, reply.id) if reply.root_id == reply.id else [reply]
    movable = [
        row.id for row in below if _said_together(row, parent) or _is_never_wider(tx, row, parent)
    ]
    posts.link_reply(tx, reply.id, parent)
    posts.move_root(tx, movable, parent)
    if reply.root_id == reply.id:
        conversations.move(tx, reply.id, parent.root_id)
    muted_threads.follow(tx, root_id=reply.root_id, now_root=parent.root_id)
    linked = posts.by_id(tx, reply.id)
    if linked is None or linked.deleted_at is not None:
        return
    if storing.counts(tx, linked):
        figures.count_reply(tx, parent.id, 1)
    homes.fan_out(tx, linked.id)  # whose answer it is decides, and nobody knew


def _said_together(reply: PostRow, parent: PostRow) -> bool:
    """Whether both are for the members of one community alone: whoever reads one reads both."""
    places = {reply.place_id, parent.place_id}
    audiences = {reply.audience, reply.root_audience, parent.audience, parent.root_audience}
    return None not in places and len(places) == 1 and audiences == {_members_of(parent)}


def _members_of(row: PostRow) -> Audience | None:
    return Audience.community(row.place_id) if row.place_id is not None else None


def _is_never_wider(tx: Tx, row: PostRow, parent: PostRow) -> bool:
    """Whether all who could read `row` under the parent's root can read it now.

    The pair of the root that it has so far would no longer be asked, so it must not be what kept
    somebody out.
    """
    before, above = posts.facts(tx, row), posts.facts(tx, parent)
    after = replace(
        before,
        root_id=above.root_id,
        root_author=above.root_author,
        root_audience=above.root_audience,
        root_created_at=above.root_created_at,
        root_named=above.root_named,
    )
    return counts_for(after, before)
