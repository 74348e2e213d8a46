"""Posts at the top of somebody's page: put there by their author, here or elsewhere.

Nobody comes to read a post because it is pinned: the page shows to each reader what that reader
may read. What people elsewhere have pinned is read by `social/featured` once somebody here looks,
and then kept up to date by their Add and Remove.
"""

from typing import Final

from domain.audience import Kind
from domain.errors import Invalid, NotFound
from domain.node import Node
from jobs.queue import enqueue
from outbox import pins as out
from social import readers
from storage.queries import actors, keys, pins, posts
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, for_delivery

MOST: Final = 5
"""Posts that somebody here pins (Mastodon's limit)."""
MOST_ELSEWHERE: Final = 10
"""Posts of somebody elsewhere that are kept as pinned: some servers allow more than Mastodon."""

FETCH_FEATURED: Final = "fetch_featured"
"""The kind of job that reads what somebody elsewhere has pinned; its payload is the actor's id."""
PAUSE_MS: Final = 24 * 3600 * 1000
"""Between two readings of one collection, in milliseconds."""

_PINNABLE: Final = frozenset({Kind.PUBLIC, Kind.NETWORK, Kind.NODE, Kind.FOLLOWERS})


def pin(tx: Tx, *, node: Node, actor_id: int, post_id: int) -> None:
    """Put an own post at the top of the own page; doing it again changes nothing.

    Raises:
        NotFound: the post is not there for this person.
        Invalid: somebody else's, a share, in a community, for named people only, or one too many.
    """
    row = _own(tx, actor_id, post_id)
    if row.share_of_id is not None or row.place_id is not None:
        raise Invalid("Only what stands on your own page can be pinned there")
    if not {row.kind, row.root_kind} <= _PINNABLE:
        raise Invalid("What only the people named may read cannot be pinned")
    if post_id in pins.of(tx, actor_id):
        return
    if pins.count(tx, actor_id) >= MOST:
        raise Invalid(f"You can pin {MOST} posts. Take one down first")
    if pins.add(tx, actor_id, post_id):
        out.changed(tx, node=node, kind="Add", post=for_delivery(tx, post_id))


def may_be_pinned(row: PostRow) -> bool:
    """Whether a post may stand at the top of its author's page."""
    if row.share_of_id is not None or row.place_id is not None:
        return False
    return {row.kind, row.root_kind} <= _PINNABLE


def unpin(tx: Tx, *, node: Node, actor_id: int, post_id: int) -> None:
    """Take an own post down again; nothing happens if it was not pinned.

    Raises:
        NotFound: the post is not there for this person.
        Invalid: it is somebody else's.
    """
    _own(tx, actor_id, post_id)
    if pins.remove(tx, actor_id, post_id):
        out.changed(tx, node=node, kind="Remove", post=for_delivery(tx, post_id))


def _own(tx: Tx, actor_id: int, post_id: int) -> PostRow:
    row, actor = posts.by_id(tx, post_id), actors.by_id(tx, actor_id)
    if row is None or actor is None or row.deleted_at is not None:
        raise NotFound
    if row.author_id != actor_id:
        if not readers.may(tx, actor, posts.facts(tx, row)):
            raise NotFound
        raise Invalid("Only your own posts can be pinned")
    return row


# What other servers say. The caller made sure that the signer is the actor who acts.


def is_featured_of(signer: ActorView, target: str | None) -> bool:
    """Whether `target` is the collection of what the signer pinned."""
    return target is not None and signer.featured is not None and target == signer.featured


def receive_add(tx: Tx, *, signer: ActorView, post_uri: str) -> bool:
    """Somebody elsewhere pinned a post of theirs; False if there is none (O04)."""
    row = pinnable_by(tx, signer, post_uri)
    if row is None:
        return False
    known = pins.of(tx, signer.id)
    if row.id in known:
        return False
    for old in known[MOST_ELSEWHERE - 1 :]:
        pins.remove(tx, signer.id, old)
    return pins.add(tx, signer.id, row.id)


def receive_remove(tx: Tx, *, signer: ActorView, post_uri: str) -> bool:
    """Somebody elsewhere took a post of theirs down; False if it was not pinned."""
    row = posts.by_uri(tx, post_uri)
    return row is not None and pins.remove(tx, signer.id, row.id)


def pinnable_by(tx: Tx, signer: ActorView, post_uri: str) -> PostRow | None:
    """A post that somebody elsewhere wrote and may pin; None: there is none."""
    row = posts.by_uri(tx, post_uri)
    if row is None or row.author_id != signer.id or row.deleted_at is not None:
        return None
    return row if may_be_pinned(row) else None


# Asking for it.


def want_featured(tx: Tx, actor: ActorView) -> None:
    """Ask for what somebody elsewhere pinned, at most once a day for each."""
    if actor.is_local or actor.gone_at is not None or actor.featured is None:
        return
    if keys.may_ask(tx, _mark(actor), PAUSE_MS):
        enqueue(tx, FETCH_FEATURED, actor.id, unique=f"{FETCH_FEATURED} {actor.id}")


def is_due(tx: Tx, actor: ActorView) -> bool:
    """Whether `want_featured` would ask: read before a write is begun for it."""
    return not actor.is_local and actor.featured is not None and not keys.rests(tx, _mark(actor))


def _mark(actor: ActorView) -> str:
    return f"featured {actor.uri}"
