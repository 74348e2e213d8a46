"""Polls as rows: made, voted in, counted, told of, closed.

Nothing here asks who is looking: a poll is as readable as its post. What one person chose comes
out for that person alone.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import orjson
from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import HERE
from domain.kinds import PostType
from domain.polls import has_ended
from storage.audience import fixed
from storage.columns import Id, Number, Time, any_of
from storage.tables.actors import actors
from storage.tables.polls import poll_options, polls, votes
from storage.tables.posts import posts
from storage.tx import Tx


class Option(Struct, frozen=True, gc=False):
    """One answer: its words, what a vote for it says where that differs, and its figure."""

    name: str
    as_sent: str = ""
    votes: int = 0

    @property
    def wire(self) -> str:
        """What a vote for it says."""
        return self.as_sent or self.name


class Poll(Struct, frozen=True, gc=False):
    """A poll with its answers in order, and the numbers of those that the viewer chose.

    `voters`: people, None if nobody tells. `told_at`: when figures were last told; `seen_at`: when
    it was read here. Times ms UTC.
    """

    post_id: int
    multiple: bool
    hides_totals: bool
    ends_at: int | None
    closed_at: int | None
    voters: int | None
    told_at: int
    options: tuple[Option, ...]
    own: tuple[int, ...] = ()
    seen_at: int = 0

    def has_ended(self, now: int) -> bool:
        """Whether nobody votes any more."""
        return has_ended(self.ends_at, self.closed_at, now)

    @property
    def is_over(self) -> bool:
        """Whether it had ended when it was read."""
        return self.has_ended(self.seen_at)

    @property
    def shows_totals(self) -> bool:
        """Whether figures of single answers may be seen."""
        return not self.hides_totals or self.is_over

    @property
    def names(self) -> tuple[str, ...]:
        """The answers."""
        return tuple(option.name for option in self.options)


_POST: Final = bindparam("post_id", type_=Id)
_ACTOR: Final = bindparam("actor_id", type_=Id)
_own: Final = votes.alias("own")
_SELECT: Select[*tuple[Any, ...]] = (
    select(
        polls.c.post_id,
        polls.c.multiple,
        polls.c.hides_totals,
        polls.c.ends_at,
        polls.c.closed_at,
        polls.c.voters,
        polls.c.told_at,
        poll_options.c.number,
        poll_options.c.name,
        poll_options.c.as_sent,
        poll_options.c.votes,
        _own.c.number,
    )
    .select_from(
        polls.join(poll_options, poll_options.c.post_id == polls.c.post_id).outerjoin(
            _own,
            and_(
                _own.c.post_id == polls.c.post_id,
                _own.c.actor_id == bindparam("viewer_id", type_=Id),
                _own.c.number == poll_options.c.number,
            ),
        )
    )
    .order_by(polls.c.post_id, poll_options.c.number)
)
_OF_POSTS: Final = _SELECT.where(any_of(polls.c.post_id, "ids"))


def of_posts(tx: Tx, post_ids: Collection[int], viewer_id: int) -> dict[int, Poll]:
    """The polls of these posts, by post, with what the viewer chose; `viewer_id` 0: nobody."""
    grouped: dict[int, list[tuple[Any, ...]]] = {}
    for row in tx.all(_OF_POSTS, ids=list(post_ids), viewer_id=viewer_id):
        grouped.setdefault(row[0], []).append(row)
    return {post_id: _poll(rows, tx.now) for post_id, rows in grouped.items()}


def _poll(rows: Sequence[tuple[Any, ...]], now: int) -> Poll:
    post_id, multiple, hides, ends_at, closed_at, voters, told_at = rows[0][:7]
    options = tuple(Option(*row[8:11]) for row in rows)
    own = tuple(row[7] for row in rows if row[11] is not None)
    return Poll(post_id, multiple, hides, ends_at, closed_at, voters, told_at, options, own, now)


def of_post(tx: Tx, post_id: int, viewer_id: int = 0) -> Poll | None:
    """The poll of one post."""
    return of_posts(tx, [post_id], viewer_id).get(post_id)


_CHOICES: Final = (
    select(votes.c.post_id, votes.c.number)
    .where(any_of(votes.c.post_id, "ids"), votes.c.actor_id == _ACTOR)
    .order_by(votes.c.post_id, votes.c.number)
)


def choices(tx: Tx, actor_id: int, post_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """What somebody chose in the polls of these posts, by post."""
    found: dict[int, list[int]] = {}
    for post_id, number in tx.all(_CHOICES, ids=sorted(post_ids), actor_id=actor_id):
        found.setdefault(post_id, []).append(number)
    return {post_id: tuple(numbers) for post_id, numbers in found.items()}


_INSERT: Final = (
    insert(polls)
    .values({column.name: bindparam(column.name) for column in polls.c})
    .on_conflict_do_nothing()
    .returning(polls.c.post_id)
)
_ADD_OPTION: Final = insert(poll_options).values(
    {column.name: bindparam(column.name) for column in poll_options.c}
)
_DROP_OPTIONS: Final = delete(poll_options).where(poll_options.c.post_id == _POST)
_DROP_VOTES: Final = delete(votes).where(votes.c.post_id == _POST)
_RESET: Final = (
    update(polls)
    .where(polls.c.post_id == bindparam("key"))
    .values(multiple=bindparam("multiple"), voters=bindparam("voters"), closed_at=None)
)
_SET_END: Final = (
    update(polls)
    .where(polls.c.post_id == bindparam("key"))
    .values(
        ends_at=bindparam("ends_at"),
        hides_totals=bindparam("hides_totals"),
        closed_at=bindparam("closed_at"),
    )
)


def add(tx: Tx, poll: Poll) -> bool:
    """Store a poll beside its post; False if there is one."""
    row = tx.first(
        _INSERT,
        post_id=poll.post_id,
        multiple=poll.multiple,
        hides_totals=poll.hides_totals,
        ends_at=poll.ends_at,
        closed_at=poll.closed_at,
        voters=poll.voters,
        told_at=poll.told_at,
    )
    if row is None:
        return False
    _add_options(tx, poll.post_id, poll.options)
    return True


_SET_TYPE: Final = update(posts).where(posts.c.id == bindparam("key")).values(type=bindparam("to"))


def belongs_to(tx: Tx, post_id: int, kind: PostType) -> None:
    """An edit gave a post a poll, or took it away: it is of another type from now on."""
    tx.change(_SET_TYPE, key=post_id, to=kind)


def _add_options(tx: Tx, post_id: int, options: Iterable[Option]) -> None:
    rows = [
        {
            "post_id": post_id,
            "number": number,
            "name": one.name,
            "as_sent": one.as_sent,
            "votes": one.votes,
        }
        for number, one in enumerate(options)
    ]
    tx.many(_ADD_OPTION, rows)


def ask_anew(
    tx: Tx, post_id: int, options: Iterable[Option], *, multiple: bool, voters: int | None
) -> None:
    """Other answers in place of the old ones: what was chosen before is forgotten."""
    tx.change(_DROP_VOTES, post_id=post_id)
    tx.change(_DROP_OPTIONS, post_id=post_id)
    _add_options(tx, post_id, options)
    tx.change(_RESET, key=post_id, multiple=multiple, voters=voters)


def set_end(
    tx: Tx, post_id: int, *, ends_at: int | None, closed_at: int | None, hides_totals: bool
) -> None:
    """Write down until when a poll goes, and when figures are shown."""
    tx.change(
        _SET_END, key=post_id, ends_at=ends_at, closed_at=closed_at, hides_totals=hides_totals
    )


_ADD_VOTE: Final = (
    insert(votes)
    .values({column.name: bindparam(column.name) for column in votes.c})
    .on_conflict_do_nothing()
    .returning(votes.c.number)
)
_HAS_VOTED: Final = (
    select(votes.c.number).where(votes.c.post_id == _POST, votes.c.actor_id == _ACTOR).limit(1)
)
_BY: Final = bindparam("by", type_=Number)
_COUNT: Final = (
    update(poll_options)
    .where(poll_options.c.post_id == bindparam("key"), poll_options.c.number == bindparam("at"))
    .values(votes=case((poll_options.c.votes + _BY >= 0, poll_options.c.votes + _BY), else_=0))
)
_COUNT_VOTER: Final = (
    update(polls)
    .where(polls.c.post_id == bindparam("key"), polls.c.voters.is_not(None))
    .values(voters=case((polls.c.voters + _BY >= 0, polls.c.voters + _BY), else_=0))
)


def vote(tx: Tx, poll: Poll, actor_id: int, number: int, uri: str) -> bool:
    """Store and count one choice; False if it, or the only one there may be, is there already."""
    is_first = not has_voted(tx, poll.post_id, actor_id)
    added = tx.first(
        _ADD_VOTE,
        post_id=poll.post_id,
        actor_id=actor_id,
        slot=number if poll.multiple else 0,
        number=number,
        uri=uri,
        created_at=tx.now,
    )
    if added is None:
        return False
    tx.change(_COUNT, key=poll.post_id, at=number, by=1)
    if is_first:
        tx.change(_COUNT_VOTER, key=poll.post_id, by=1)
    return True


def has_voted(tx: Tx, post_id: int, actor_id: int) -> bool:
    """Whether somebody has chosen anything."""
    return tx.first(_HAS_VOTED, post_id=post_id, actor_id=actor_id) is not None


_OF_URI: Final = select(votes.c.post_id).where(
    votes.c.actor_id == _ACTOR, votes.c.uri == bindparam("uri")
)
_TAKE_BACK: Final = (
    delete(votes)
    .where(votes.c.actor_id == _ACTOR, votes.c.uri == bindparam("uri"))
    .returning(votes.c.number)
)


def voted_in(tx: Tx, actor_id: int, uri: str) -> int | None:
    """The post with the poll in which an activity brought somebody's choice."""
    return tx.scalar(_OF_URI, actor_id=actor_id, uri=uri)


def take_back(tx: Tx, actor_id: int, uri: str) -> int | None:
    """Forget the choice that an activity brought, and its count; the post, None: no such vote."""
    post_id = voted_in(tx, actor_id, uri)
    if post_id is None:
        return None
    for (number,) in tx.all(_TAKE_BACK, actor_id=actor_id, uri=uri):
        tx.change(_COUNT, key=post_id, at=number, by=-1)
    if not has_voted(tx, post_id, actor_id):
        tx.change(_COUNT_VOTER, key=post_id, by=-1)
    return post_id


_SET_VOTES: Final = (
    update(poll_options)
    .where(poll_options.c.post_id == bindparam("key"), poll_options.c.number == bindparam("at"))
    .values(votes=bindparam("figure"))
)
_SET_VOTERS: Final = (
    update(polls)
    .where(polls.c.post_id == bindparam("key"))
    .values(voters=bindparam("figure"), told_at=bindparam("told"))
)


def set_figures(tx: Tx, post_id: int, figures: Sequence[int], voters: int | None, at: int) -> None:
    """Write what whoever counts tells, in place of what was known. `at` in ms."""
    rows = [{"key": post_id, "at": number, "figure": one} for number, one in enumerate(figures)]
    tx.many(_SET_VOTES, rows)
    tx.change(_SET_VOTERS, key=post_id, figure=voters, told=at)


_TOLD: Final = (
    update(polls).where(polls.c.post_id == bindparam("key")).values(told_at=bindparam("told"))
)
_CLOSE: Final = (
    update(polls)
    .where(polls.c.post_id == bindparam("key"), polls.c.closed_at.is_(None))
    .values(closed_at=bindparam("closed", type_=Time))
)
_voters: Final = (
    select(votes.c.actor_id)
    .join(actors, actors.c.id == votes.c.actor_id)
    .where(votes.c.post_id == _POST)
    .distinct()
    .order_by(votes.c.actor_id)
)
_VOTERS_HERE: Final = _voters.where(actors.c.origin_id == fixed(HERE))
_VOTERS_ELSEWHERE: Final = _voters.where(actors.c.origin_id != fixed(HERE))
_FORGET_VOTER: Final = delete(votes).where(votes.c.actor_id == _ACTOR)


def told(tx: Tx, post_id: int, at: int) -> None:
    """Remember that figures were told to others at this moment, in ms."""
    tx.change(_TOLD, key=post_id, told=at)


def close(tx: Tx, post_id: int, at: int) -> bool:
    """End a poll; False if it had ended before."""
    return tx.change(_CLOSE, key=post_id, closed=at) > 0


def voters_here(tx: Tx, post_id: int) -> list[int]:
    """People of this node who voted."""
    return [row[0] for row in tx.all(_VOTERS_HERE, post_id=post_id)]


def voters_elsewhere(tx: Tx, post_id: int) -> list[int]:
    """People of other servers who voted."""
    return [row[0] for row in tx.all(_VOTERS_ELSEWHERE, post_id=post_id)]


def forget_voter(tx: Tx, actor_id: int) -> None:
    """Forget what somebody who is gone chose; the figures stay as they were counted."""
    tx.change(_FORGET_VOTER, actor_id=actor_id)


_NAMES: Final = (
    select(poll_options.c.name)
    .where(poll_options.c.post_id == _POST)
    .order_by(poll_options.c.number)
)


def names_kept(tx: Tx, post_id: int) -> str | None:
    """The answers as a former version of a post keeps them: JSON; None: it is no poll."""
    names = [row[0] for row in tx.all(_NAMES, post_id=post_id)]
    return orjson.dumps(names).decode() if names else None


_WITH_POSTS: Final = tuple(
    delete(table).where(any_of(table.c.post_id, "ids")) for table in (votes, poll_options, polls)
)


def forget(tx: Tx, post_ids: Collection[int]) -> None:
    """Remove the polls of these posts with all that was chosen."""
    for statement in _WITH_POSTS:
        tx.change(statement, ids=list(post_ids))
