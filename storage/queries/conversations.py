"""Direct posts as conversations of those who live here.

A conversation is one person's view of a thread with the same circle of people (Mastodon's
AccountConversation): somebody new in the circle begins another one.
"""

from collections.abc import Collection
from hashlib import sha256
from typing import Final

from sqlalchemy import (
    BindParameter,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import AccountState
from storage.audience import fixed, heard, local_reader
from storage.columns import Flag, Id, any_of
from storage.queries.ids import new_id
from storage.tables.accounts import accounts
from storage.tables.conversations import conversations, direct_posts
from storage.tx import Tx

_ACTOR = bindparam("actor_id", type_=Id)
_AUTHOR = bindparam("author_id", type_=Id)
_POST = bindparam("post_id", type_=Id)
_ROOT = bindparam("root_id", type_=Id)
_PEOPLE: BindParameter[str] = bindparam("people")
_CIRCLE: BindParameter[bytes] = bindparam("circle")
_KEY = bindparam("key", type_=Id)

# Whoever does not want to be told of the author finds no conversation either.
_CONCERNED: Final = (
    select(accounts.c.id)
    .where(
        any_of(accounts.c.id, "ids"),
        accounts.c.state == fixed(AccountState.ACTIVE),
        or_(accounts.c.id == _AUTHOR, heard(_AUTHOR, local_reader(accounts.c.id))),
    )
    .order_by(accounts.c.id)
)
_new = insert(conversations)
_GO_ON: Final = _new.values(
    id=bindparam("id", type_=Id),
    actor_id=_ACTOR,
    root_id=_ROOT,
    people=_PEOPLE,
    circle=_CIRCLE,
    last_post_id=_POST,
    unread=bindparam("unread", type_=Flag()),
).on_conflict_do_update(
    index_elements=[conversations.c.actor_id, conversations.c.root_id, conversations.c.circle],
    set_={
        "last_post_id": case(
            (
                _new.excluded.last_post_id > conversations.c.last_post_id,
                _new.excluded.last_post_id,
            ),
            else_=conversations.c.last_post_id,
        ),
        "unread": _new.excluded.unread,
    },
)
_circle = and_(
    conversations.c.root_id == _ROOT,
    conversations.c.circle == _CIRCLE,
    any_of(conversations.c.actor_id, "ids"),
)
_LINK: Final = (
    insert(direct_posts)
    .from_select(
        ["actor_id", "post_id", "conversation_id"],
        select(conversations.c.actor_id, _POST, conversations.c.id).where(_circle),
    )
    .on_conflict_do_nothing()
)
_IDS: Final = (
    select(conversations.c.actor_id, conversations.c.id)
    .where(_circle)
    .order_by(conversations.c.actor_id)
)


def add(
    tx: Tx, *, post_id: int, root_id: int, author_id: int, people: Collection[int]
) -> list[tuple[int, int]]:
    """Put a direct post into the conversations of those who live here: (whose, which).

    `people`: everybody who takes part, the author too. For the others it is unread.
    """
    asked = {"ids": sorted(people), "author_id": author_id, "now": tx.now}
    concerned = [row[0] for row in tx.all(_CONCERNED, **asked)]
    if not concerned:
        return []
    names = ",".join(map(str, sorted(people)))
    circle = {"root_id": root_id, "circle": sha256(names.encode()).digest()}
    tx.many(
        _GO_ON,
        [
            {
                **circle,
                "people": names,
                "id": new_id(tx),
                "actor_id": actor_id,
                "post_id": post_id,
                "unread": actor_id != author_id,
            }
            for actor_id in concerned
        ],
    )
    tx.run(_LINK, **circle, post_id=post_id, ids=concerned)
    return [(actor_id, known) for actor_id, known in tx.all(_IDS, **circle, ids=concerned)]


_linked = (
    exists()
    .where(direct_posts.c.conversation_id == conversations.c.id)
    .correlate_except(direct_posts)
)
_newest = (
    select(func.max(direct_posts.c.post_id))
    .where(direct_posts.c.conversation_id == conversations.c.id)
    .correlate(conversations)
    .scalar_subquery()
)
_WITH: Final = (
    select(direct_posts.c.conversation_id).distinct().where(any_of(direct_posts.c.post_id, "ids"))
)
_HOLD: Final = (
    select(conversations.c.id)
    .where(any_of(conversations.c.id, "ids"))
    .order_by(conversations.c.actor_id, conversations.c.id)
    .with_for_update()
)
_UNLINK: Final = delete(direct_posts).where(any_of(direct_posts.c.post_id, "ids"))
_GO_BACK: Final = (
    update(conversations)
    .where(any_of(conversations.c.id, "ids"), _linked)
    .values(last_post_id=_newest)
)
_END: Final = delete(conversations).where(any_of(conversations.c.id, "ids"), ~_linked)


def forget_posts(tx: Tx, post_ids: Collection[int]) -> None:
    """Take posts out of all conversations; one in which nothing is left ends."""
    ids = sorted(post_ids)
    touched = [row[0] for row in tx.all(_WITH, ids=ids)]
    if touched:
        # Whoever answers in one just now is waited for, else it would end without their words.
        tx.all(_HOLD, ids=touched)
        tx.change(_UNLINK, ids=ids)
        tx.change(_GO_BACK, ids=touched)
        tx.change(_END, ids=touched)


_MARK: Final = (
    update(conversations)
    .where(conversations.c.id == _KEY, conversations.c.actor_id == _ACTOR)
    .values(unread=bindparam("is_unread", type_=Flag()))
)
_REMOVE: Final = delete(conversations).where(
    conversations.c.id == _KEY, conversations.c.actor_id == _ACTOR
)
_LEAVE_POSTS: Final = (
    update(direct_posts)
    .where(direct_posts.c.conversation_id == _KEY)
    .values(conversation_id=literal_column("0", Id))
)
_FORGET: Final = delete(conversations).where(conversations.c.actor_id == _ACTOR)
_FORGET_POSTS: Final = delete(direct_posts).where(direct_posts.c.actor_id == _ACTOR)


def mark(tx: Tx, actor_id: int, conversation_id: int, *, unread: bool) -> bool:
    """Remember whether somebody has read one of their conversations; False: there is none."""
    return tx.change(_MARK, key=conversation_id, actor_id=actor_id, is_unread=unread) > 0


def remove(tx: Tx, actor_id: int, conversation_id: int) -> bool:
    """Take a conversation off somebody's list; the posts stay. False: there is none."""
    if not tx.change(_REMOVE, key=conversation_id, actor_id=actor_id):
        return False
    tx.change(_LEAVE_POSTS, key=conversation_id)
    return True


def forget(tx: Tx, actor_id: int) -> None:
    """Remove the conversations of somebody who left; others keep theirs."""
    tx.change(_FORGET, actor_id=actor_id)
    tx.change(_FORGET_POSTS, actor_id=actor_id)


_there = conversations.alias("there")
_MOVE: Final = (
    update(conversations)
    .where(
        conversations.c.root_id == bindparam("from_root", type_=Id),
        ~exists()
        .where(
            _there.c.actor_id == conversations.c.actor_id,
            _there.c.root_id == bindparam("to_root", type_=Id),
            _there.c.circle == conversations.c.circle,
        )
        .correlate_except(_there),
    )
    .values(root_id=bindparam("to_root", type_=Id))
)


def move(tx: Tx, from_root: int, to_root: int) -> None:
    """A thread turned out to be part of another: what is said there goes on in the same place."""
    tx.change(_MOVE, from_root=from_root, to_root=to_root)
