"""Conversations: direct posts as their readers here find them again, thread by thread."""

from collections.abc import Collection
from typing import Final

from domain.audience import Kind
from domain.errors import NotFound
from domain.node import HELPER_HANDLE
from social.events import Event, EventKind, announce
from storage.queries import actors, conversations
from storage.tx import Tx
from storage.views.post_rows import PostRow

PAIR: Final = 2


def take_up(tx: Tx, row: PostRow, named: Collection[int]) -> None:
    """Put a new direct post into the conversations of those here whom it concerns."""
    if row.kind is not Kind.DIRECT or row.share_of_id is not None:
        return
    people = {row.author_id, *named}
    touched = conversations.add(
        tx,
        post_id=row.id,
        root_id=_root_of(tx, row, people),
        author_id=row.author_id,
        people=people,
    )
    for actor_id, conversation_id in touched:
        announce(tx, Event(EventKind.CONVERSATION, conversation_id, actor_id))


def _root_of(tx: Tx, row: PostRow, people: Collection[int]) -> int:
    """All that the helper and somebody say to each other is one conversation: notices are many."""
    helper = actors.local_by_handle(tx, HELPER_HANDLE) if len(people) == PAIR else None
    return helper.id if helper is not None and helper.id in people else row.root_id


def put_down(tx: Tx, row: PostRow) -> None:
    """Take a direct post that was deleted out of all conversations."""
    if row.kind is Kind.DIRECT:
        conversations.forget_posts(tx, [row.id])


def mark_read(tx: Tx, *, actor_id: int, conversation_id: int) -> None:
    """Remember that somebody has read a conversation of theirs. Raises NotFound."""
    if not conversations.mark(tx, actor_id, conversation_id, unread=False):
        raise NotFound


def remove(tx: Tx, *, actor_id: int, conversation_id: int) -> None:
    """Take a conversation off somebody's list; the next word in it begins a new one.

    Raises:
        NotFound: there is none of that id among this person's.
    """
    if not conversations.remove(tx, actor_id, conversation_id):
        raise NotFound
