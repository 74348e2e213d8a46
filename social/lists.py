"""Lists that people make of those whom they follow (Mastodon's lists).

A list shows what would come home anyway; it gives nobody a right. Communities are lists without
being here: `web/mastodon/lists.py`.
"""

from collections.abc import Collection
from typing import Final

from domain.errors import Invalid, NotFound
from domain.kinds import RepliesPolicy
from storage.queries import lists
from storage.queries.lists import ListRow
from storage.tx import Tx

MOST_LISTS: Final = 50
"""Lists of one person (Mastodon's limit)."""

MOST_MEMBERS: Final = 1000
"""People on one list."""

LONGEST_TITLE: Final = 255


def make(
    tx: Tx,
    *,
    actor_id: int,
    title: str,
    replies_policy: RepliesPolicy = RepliesPolicy.LIST,
    exclusive: bool = False,
) -> int:
    """Make a list; its id.

    Raises:
        Invalid: no title, too long a one, or too many lists.
    """
    title = _title(title)
    _alone(tx, actor_id)
    if lists.count(tx, actor_id) >= MOST_LISTS:
        raise Invalid(f"You can have {MOST_LISTS} lists. Delete one first")
    return lists.insert_list(
        tx, actor_id, title=title, replies_policy=replies_policy, exclusive=exclusive
    )


def change(
    tx: Tx,
    *,
    actor_id: int,
    list_id: int,
    title: str | None = None,
    replies_policy: RepliesPolicy | None = None,
    exclusive: bool | None = None,
) -> None:
    """Change a list; None leaves it as it is.

    Raises:
        NotFound: it is not this person's.
        Invalid: an empty title, or too long a one.
    """
    known = _own(tx, actor_id, list_id)
    lists.change(
        tx,
        list_id,
        title=known.title if title is None else _title(title),
        replies_policy=known.replies_policy if replies_policy is None else replies_policy,
        exclusive=known.exclusive if exclusive is None else exclusive,
    )


def remove(tx: Tx, *, actor_id: int, list_id: int) -> None:
    """Delete a list; who was on it is followed as before. Raises NotFound."""
    lists.remove(tx, _own(tx, actor_id, list_id).id)


def add(tx: Tx, *, actor_id: int, list_id: int, member_ids: Collection[int]) -> None:
    """Put people on a list whom its owner follows or asked to follow, or the owner.

    Raises:
        NotFound: it is not this person's list.
        Invalid: somebody whom they do not follow, or too many.
    """
    known = _own(tx, actor_id, list_id)
    wanted = set(member_ids)
    if wanted - {actor_id} - lists.followed_among(tx, actor_id, wanted):
        raise Invalid("You can put only people on a list whom you follow", "account_ids")
    lists.add_members(tx, known.id, sorted(wanted))
    if lists.size(tx, list_id) > MOST_MEMBERS:
        raise Invalid(f"A list can hold {MOST_MEMBERS} people", "account_ids")


def take_off(tx: Tx, *, actor_id: int, list_id: int, member_ids: Collection[int]) -> None:
    """Take people off a list; nothing happens for who is not on it. Raises NotFound."""
    lists.remove_members(tx, _own(tx, actor_id, list_id).id, member_ids)


def _alone(tx: Tx, actor_id: int) -> None:
    """Let nobody else change this person's lists until we are through; before anything is read."""
    tx.lock(f"lists {actor_id}")


def _own(tx: Tx, actor_id: int, list_id: int) -> ListRow:
    """A list that is about to change."""
    _alone(tx, actor_id)
    found = lists.find(tx, actor_id, list_id)
    if found is None:
        raise NotFound
    return found


def _title(typed: str) -> str:
    title = typed.strip()
    if not title:
        raise Invalid("Validation failed: Title can't be blank", "title")
    if len(title) > LONGEST_TITLE:
        raise Invalid(f"A title has {LONGEST_TITLE} characters at most", "title")
    return title
