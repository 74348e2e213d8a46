"""Polls and votes as other servers tell them. The caller made sure who says it.

What is refused is refused without a trace: an unknown poll and one that the voter may not read are
the same (O11), and only whoever counts says how a poll stands (O12).
"""

from enum import Enum
from typing import Final

import orjson

from activitypub.parse.polls import PollDocument, VoteDocument
from activitypub.parse.posts import NoteDocument
from domain.kinds import PostType
from domain.node import Node
from social import readers, tallies
from social.answers import copy_for
from social.open_communities import refusal
from social.places import community_of, travels_through
from storage.queries import follows, polls, posts
from storage.queries import tallies as stored
from storage.queries.polls import Option, Poll
from storage.queries.tallies import Figures
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

UNKNOWN: Final = "no poll that they may vote in"


class News(Enum):
    """What an Update says of a poll that is known."""

    NONE = "none"
    FIGURES = "figures"
    ANSWERS = "answers"


def take(tx: Tx, row: PostRow, told: PollDocument | None) -> None:
    """Store the poll that came with a new post."""
    if told is None:
        return
    counted = not travels_through(row)  # in a community its author does not count
    closed_at = _closed_at(told, told.ends_at, tx.now)
    voters = told.voters if counted else 0
    options = _options(told, counted=counted)
    hides = not told.tells_totals and not told.has_closed(tx.now)
    told_at = tx.now if counted else 0
    poll = Poll(row.id, told.multiple, hides, told.ends_at, closed_at, voters, told_at, options)
    if not polls.add(tx, poll):
        return
    if closed_at is None:
        tallies.close_later(tx, row, told.ends_at)
    _settle(tx, row)


def _options(told: PollDocument, *, counted: bool) -> tuple[Option, ...]:
    return tuple(
        Option(one.name, "" if one.as_sent == one.name else one.as_sent, _known(one.votes, counted))
        for one in told.options
    )


def _known(votes: int | None, counted: bool) -> int:
    return votes or 0 if counted else 0


def _closed_at(told: PollDocument, ends_at: int | None, now: int) -> int | None:
    if told.has_closed(now):
        return min(told.closed_at or now, now)
    return ends_at if ends_at is not None and ends_at <= now else None


def hold(tx: Tx, row: PostRow) -> None:
    """Have votes wait, before anything of the post is changed that comes with a poll's figures.

    A vote does the same before it touches the post: in another order the two would stop each other.
    """
    if row.type is PostType.QUESTION:
        tx.lock(f"poll {row.id}")


def refresh(tx: Tx, row: PostRow, note: NoteDocument) -> News:
    """Take what the author says of a poll now: figures are no edit, other answers are one.

    An edit may also give a post a poll, or take it away. In a community the author's figures say
    nothing: it keeps the one tally (protocol §5).
    """
    tx.lock(f"poll {row.id}")
    poll, told = polls.of_post(tx, row.id), note.poll
    if poll is None or told is None:
        return _begin_or_end(tx, row, note, had_one=poll is not None)
    counted = not travels_through(row)
    if differs(poll, told):
        _ask_anew(tx, row, told, counted=counted)
        return News.ANSWERS
    moved = _move_end(tx, row, poll, told)
    if not counted:
        return News.FIGURES if moved else News.NONE
    figures = _figures(told, tx.now)
    changed = _set(tx, poll, figures, tx.now)
    closed = told.has_closed(tx.now) and tallies.end(tx, row, min(told.closed_at or tx.now, tx.now))
    if (moved or changed) and not closed:
        tallies.show(tx, row)
    return News.FIGURES if moved or changed or closed else News.NONE


def _begin_or_end(tx: Tx, row: PostRow, note: NoteDocument, *, had_one: bool) -> News:
    if note.poll is not None and row.type is PostType.NOTE:
        polls.belongs_to(tx, row.id, PostType.QUESTION)
        take(tx, row, note.poll)
        return News.ANSWERS
    if had_one and note.type is PostType.NOTE:
        polls.forget(tx, [row.id])
        polls.belongs_to(tx, row.id, PostType.NOTE)
        return News.ANSWERS
    return News.NONE


def differs(poll: Poll | None, told: PollDocument | None) -> bool:
    """Whether a poll asks something else now."""
    if poll is None or told is None:
        return False
    return (poll.names, poll.multiple) != (_names(told), told.multiple)


def _names(told: PollDocument) -> tuple[str, ...]:
    return tuple(one.name for one in told.options)


def _ask_anew(tx: Tx, row: PostRow, told: PollDocument, *, counted: bool) -> None:
    options = _options(told, counted=counted)
    voters = told.voters if counted else 0
    polls.ask_anew(tx, row.id, options, multiple=told.multiple, voters=voters)
    closed_at = _closed_at(told, told.ends_at, tx.now)
    hides = not told.tells_totals and not told.has_closed(tx.now)
    polls.set_end(tx, row.id, ends_at=told.ends_at, closed_at=closed_at, hides_totals=hides)
    if closed_at is None:
        tallies.close_later(tx, row, told.ends_at)
    asked = polls.of_post(tx, row.id)
    if asked is not None and tallies.counted_here(tx, row):
        tallies.tell_later(tx, row, asked)
    _settle(tx, row)


def kept(told: PollDocument | None) -> str | None:
    """The answers as a former version keeps them."""
    return None if told is None else orjson.dumps(_names(told)).decode()


def _move_end(tx: Tx, row: PostRow, poll: Poll, told: PollDocument) -> bool:
    """Another end; a poll that is over stays so, unless its author moves the end."""
    if told.ends_at == poll.ends_at:
        return False
    closed_at = _closed_at(told, told.ends_at, tx.now)
    polls.set_end(
        tx, row.id, ends_at=told.ends_at, closed_at=closed_at, hides_totals=poll.hides_totals
    )
    if closed_at is None:
        tallies.close_later(tx, row, told.ends_at)
    return True


def _figures(told: PollDocument, now: int) -> Figures:
    votes = tuple(one.votes or 0 for one in told.options)
    return Figures(told.has_closed(now), told.voters, _names(told), votes)


def _set(tx: Tx, poll: Poll, figures: Figures, at: int) -> bool:
    known = tuple(one.votes for one in poll.options)
    if (figures.votes, figures.voters) == (known, poll.voters):
        return False
    polls.set_figures(tx, poll.post_id, figures.votes, figures.voters, at)
    return True


# What a community elsewhere tells of its polls.


def take_tally(
    tx: Tx, *, community: ActorView, post_uri: str, told: PollDocument, at: int
) -> str | None:
    """A community tells how a poll in it stands, in any order; the reason if it had no effect."""
    row = posts.by_uri(tx, post_uri)
    if row is not None and (row.place_id != community.id or row.share_of_id is not None):
        return "that post is somebody else's"
    if row is not None:
        hold(tx, row)
    if not stored.keep(tx, community.id, post_uri, at, _figures(told, tx.now)):
        return "it has told something newer"
    if row is not None:
        _settle(tx, row)
    return None


def _settle(tx: Tx, row: PostRow) -> None:
    """Let a poll in a community elsewhere show the newest figures that were told of it."""
    community = community_of(tx, row) if travels_through(row) else None
    if community is None or community.is_local or row.deleted_at is not None:
        return
    poll, known = polls.of_post(tx, row.id), stored.newest(tx, community.id, row.uri)
    if poll is None or known is None or known[1].names != poll.names:
        return
    at, figures = known
    changed = _set(tx, poll, figures, at)
    closed = figures.closed and tallies.end(tx, row, at)
    if changed and not closed:
        tallies.show(tx, row)


def refused(tx: Tx, *, actor_id: int, activity_uri: str) -> bool:
    """A community did not count a vote of one of ours: it is forgotten; whether there was one.

    The figures are what the community told last: those never had the vote in them.
    """
    post_id = polls.voted_in(tx, actor_id, activity_uri)
    row = posts.by_id(tx, post_id) if post_id is not None else None
    if row is None:
        return False
    hold(tx, row)
    if polls.take_back(tx, actor_id, activity_uri) is None:
        return False
    _settle(tx, row)
    tallies.show(tx, row)
    return True


# Votes.


def receive_vote(
    tx: Tx, *, node: Node, vote: VoteDocument, signer: ActorView, uri: str, received_at: int
) -> str | None:
    """Somebody elsewhere votes in a poll of ours, or on a relay note of one; why it has no effect.

    `uri` is the activity's id, `received_at` in ms. Votes in a community that come from its
    members' nodes are `social.gathering`'s.
    """
    heard, copy = copy_for(tx, node, vote.in_reply_to, signer)
    if heard is not None:
        return heard.reason
    if copy is not None:
        row = posts.by_id(tx, copy.post_id) if copy.is_live else None
    else:
        row = posts.by_uri(tx, vote.in_reply_to)
        if row is not None and (not row.is_local or travels_through(row)):
            row = None
    if row is None or not may_vote(tx, signer, row):
        return UNKNOWN
    refused_there = refusal(tx, signer, about=row, answers=False)
    if refused_there is not None:
        return refused_there
    return count(tx, row, voter_id=signer.id, vote=vote, uri=uri, received_at=received_at)


def may_vote(tx: Tx, voter: ActorView, row: PostRow) -> bool:
    """Whether the poll is there for somebody elsewhere, and no block stands between."""
    if row.deleted_at is not None or follows.is_blocked(tx, voter.id, row.author_id):
        return False
    return readers.may(tx, voter, posts.facts(tx, row))


def count(
    tx: Tx, row: PostRow, *, voter_id: int, vote: VoteDocument, uri: str, received_at: int
) -> str | None:
    """Count what somebody chose, once; the reason if nothing was counted (O12)."""
    tx.lock(f"poll {row.id}")
    poll = polls.of_post(tx, row.id)
    if poll is None or not tallies.counted_here(tx, row) or voter_id == row.author_id:
        return UNKNOWN
    if poll.has_ended(received_at):
        return "the poll has ended"
    numbers = {name: number for number, name in reversed(list(enumerate(poll.names)))}
    chosen = [numbers[name] for name in vote.names if name in numbers]
    if not chosen:
        return "the poll has no such answer"
    if len(chosen) > 1 and not poll.multiple:
        return "only one answer can be chosen"
    counted = [number for number in chosen if polls.vote(tx, poll, voter_id, number, uri)]
    if not counted:
        return "they have voted before"
    tallies.tell_later(tx, row, poll)
    return None
