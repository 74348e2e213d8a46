"""What communities tell of their polls: kept where it was heard, found where it was said."""

from collections.abc import Collection
from typing import Final

import orjson
from msgspec import Struct
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id, any_of
from storage.tables.polls import poll_options, polls, tallies, votes
from storage.tables.posts import posts
from storage.tables.traffic import activities
from storage.tx import Tx

_COMMUNITY: Final = bindparam("community_id", type_=Id)


class Figures(Struct, frozen=True):
    """What somebody tells of a poll: its answers, how often each was chosen, by how many people."""

    closed: bool
    voters: int | None
    names: tuple[str, ...]
    votes: tuple[int, ...]


_PUT = insert(tallies).values({column.name: bindparam(column.name) for column in tallies.c})
_KEEP: Final = _PUT.on_conflict_do_update(
    index_elements=[tallies.c.community_id, tallies.c.post_uri],
    set_={"told_at": _PUT.excluded.told_at, "figures": _PUT.excluded.figures},
    where=_PUT.excluded.told_at > tallies.c.told_at,
).returning(tallies.c.told_at)
_TALLY: Final = select(tallies.c.told_at, tallies.c.figures).where(
    tallies.c.community_id == bindparam("community_id", type_=Id),
    tallies.c.post_uri == bindparam("post_uri"),
)


def keep(tx: Tx, community_id: int, post_uri: str, at: int, figures: Figures) -> bool:
    """Keep what a community elsewhere told of a poll; False if it has told newer figures."""
    text = orjson.dumps([figures.closed, figures.voters, figures.names, figures.votes]).decode()
    row = tx.first(_KEEP, community_id=community_id, post_uri=post_uri, told_at=at, figures=text)
    return row is not None


def newest(tx: Tx, community_id: int, post_uri: str) -> tuple[int, Figures] | None:
    """The newest figures that a community told of a poll, and when, in ms."""
    row = tx.first(_TALLY, community_id=community_id, post_uri=post_uri)
    if row is None:
        return None
    closed, voters, names, figures = orjson.loads(row[1])
    return row[0], Figures(closed, voters, tuple(names), tuple(figures))


_SAID_OF: Final = (
    select(polls.c.post_id, activities.c.body)
    .select_from(activities.join(polls, polls.c.post_id == activities.c.post_id))
    .where(
        activities.c.community_id == bindparam("community_id", type_=Id),
        activities.c.actor_id == bindparam("community_id", type_=Id),
        activities.c.recipient_id.is_(None),
        any_of(activities.c.post_id, "ids"),
    )
    .order_by(activities.c.id)
)


def announced(tx: Tx, community_id: int, post_ids: Collection[int]) -> list[tuple[int, bytes]]:
    """What a community of this node announced of its polls, the oldest first: (post, body)."""
    return tx.all(_SAID_OF, community_id=community_id, ids=sorted(post_ids))


_TALLIES_OF: Final = delete(tallies).where(tallies.c.community_id == _COMMUNITY)
_placed = select(posts.c.id).where(posts.c.place_id == _COMMUNITY)
_UNVOTE: Final = delete(votes).where(votes.c.post_id.in_(_placed))
_BLANK_OPTIONS: Final = (
    update(poll_options).where(poll_options.c.post_id.in_(_placed)).values(votes=0)
)
_BLANK_POLLS: Final = update(polls).where(polls.c.post_id.in_(_placed)).values(voters=0)


def forget(tx: Tx, community_id: int) -> None:
    """Remove what was chosen in a community elsewhere, and what it told of that: a purge."""
    for statement in (_TALLIES_OF, _UNVOTE, _BLANK_OPTIONS, _BLANK_POLLS):
        tx.change(statement, community_id=community_id)
