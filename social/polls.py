"""Asking and voting, by people here. What other servers send is in `social.remote_polls`."""

from collections.abc import Sequence
from typing import Final

from domain.audience import Viewer
from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import NotificationKind, PostType
from domain.node import Node
from domain.polls import NewPoll, checked
from outbox import polls as out
from social import readers, tallies
from social.notifications import retract
from social.open_communities import check_may_react
from social.places import community_of, show_card, travels_through
from storage.queries import actors, communities, follows, polls, posts
from storage.queries.polls import Option, Poll
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView, visible

_CHOICES: Final = "choices"
_SECOND_MS: Final = 1_000


def make(tx: Tx, row: PostRow, wish: NewPoll, *, has_files: bool = False) -> None:
    """Store the poll of a new post of ours. Raises Invalid for one that cannot be."""
    wish = checked(wish)
    if has_files:
        raise Invalid("A post has either pictures or a poll, not both", "poll")
    ends_at = tx.now + wish.lasts_s * _SECOND_MS
    options = tuple(Option(name) for name in wish.options)
    polls.add(tx, Poll(row.id, wish.multiple, wish.hides_totals, ends_at, None, 0, 0, options))
    tallies.close_later(tx, row, ends_at)


def change(tx: Tx, row: PostRow, wish: NewPoll, *, has_files: bool = False) -> bool:
    """Give a post of ours a poll, other answers, or another end; whether its answers changed.

    Other answers begin anew: nobody meant those by what they chose before. Raises Invalid.
    """
    wish = checked(wish)
    tx.lock(f"poll {row.id}")
    poll = polls.of_post(tx, row.id)
    if poll is None:
        make(tx, row, wish, has_files=has_files)
        polls.belongs_to(tx, row.id, PostType.QUESTION)
        return True
    ends_at = tx.now + wish.lasts_s * _SECOND_MS
    anew = (poll.names, poll.multiple) != (wish.options, wish.multiple)
    if anew:
        options = [Option(name) for name in wish.options]
        polls.ask_anew(tx, row.id, options, multiple=wish.multiple, voters=0)
    if poll.closed_at is not None:
        _untell(tx, row)
    polls.set_end(tx, row.id, ends_at=ends_at, closed_at=None, hides_totals=wish.hides_totals)
    tallies.close_later(tx, row, ends_at)
    if anew and travels_through(row):
        tallies.tell_later(tx, row, poll)  # members' nodes believe the community's figures alone
    return anew


def _untell(tx: Tx, row: PostRow) -> None:
    """It goes on: what people were told of its end is not so any more."""
    for one in {*polls.voters_here(tx, row.id), row.author_id}:
        kind = NotificationKind.POLL
        retract(tx, actor_id=one, kind=kind, from_id=row.author_id, post_id=row.id)


def vote(tx: Tx, *, node: Node, actor_id: int, post_id: int, choices: Sequence[int]) -> None:
    """Choose answers by their numbers, from 0. A choice is known to whoever counts, nobody else.

    Raises:
        NotFound: there is no poll for the voter.
        NotAllowed: the community where it was asked has not taken it in yet, or is open and its
            stewards shut the voter out.
        Invalid: a choice that cannot be, or one too many; the poll has ended.
    """
    tx.lock(f"poll {post_id}")
    voter, post = _voting(tx, actor_id, post_id)
    poll = post.poll
    if poll is None:
        raise NotFound
    check_may_react(tx, actor_id, post.row)
    chosen = _checked(tx, post, poll, actor_id, choices)
    community = _community(tx, actor_id, post.row)
    for number in chosen:
        name = poll.options[number].wire
        uri = _tell_counter(tx, node, voter, post, name=name, community=community)
        polls.vote(tx, poll, actor_id, number, uri)
    if tallies.counted_here(tx, post.row):
        tallies.tell_later(tx, post.row, poll)
    else:
        posts.touch(tx, post.id)


def _voting(tx: Tx, actor_id: int, post_id: int) -> tuple[ActorView, PostView]:
    voter = actors.by_id(tx, actor_id)
    if voter is None:
        raise NotFound
    viewer: Viewer = readers.viewer_for(tx, voter)
    post = visible(tx, post_id, viewer).shown
    if follows.is_blocked(tx, actor_id, post.author.id):
        raise NotFound
    return voter, post


def _checked(
    tx: Tx, post: PostView, poll: Poll, actor_id: int, choices: Sequence[int]
) -> list[int]:
    chosen = sorted(set(choices))
    if post.row.author_id == actor_id:
        raise Invalid("You cannot vote in your own poll", _CHOICES)
    if poll.has_ended(tx.now):
        raise Invalid("This poll has already ended", _CHOICES)
    if not chosen:
        raise Invalid("Please choose an answer first", _CHOICES)
    if chosen[0] < 0 or chosen[-1] >= len(poll.options):
        raise Invalid("The poll has no such answer", _CHOICES)
    if len(chosen) > 1 and not poll.multiple:
        raise Invalid("Only one answer can be chosen in this poll", _CHOICES)
    if polls.has_voted(tx, post.id, actor_id):
        raise Invalid("You have already voted in this poll", _CHOICES)
    return chosen


def _community(tx: Tx, actor_id: int, row: PostRow) -> ActorView | None:
    """The community that counts, where only its members read the poll (protocol §5)."""
    if not row.is_accepted:
        raise NotAllowed("The community has not taken this post in yet")
    if not travels_through(row):
        return None
    community = community_of(tx, row)
    if community is None or not communities.is_member(tx, community.id, actor_id):
        raise NotFound
    return community


def _tell_counter(
    tx: Tx,
    node: Node,
    voter: ActorView,
    post: PostView,
    *,
    name: str,
    community: ActorView | None,
) -> str:
    """Tell whoever counts elsewhere; the id of the activity, or of the act where it is here."""
    if community is not None and not community.is_local:
        show_card(tx, node, community, voter.id)
        return out.voted_in(
            tx, node=node, community=community, voter=voter, poll=post.row, name=name
        )
    if community is None and not post.row.is_local:
        return out.voted(tx, node=node, voter=voter, author=post.author, poll=post.row, name=name)
    return ""
