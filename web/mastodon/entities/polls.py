"""Polls as Mastodon's Poll, and the slot for what one reader chose in kept pieces.

Figures are the same for everybody who may read the post; whether a reader voted, and how, is that
reader's alone and asked for each answer.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NotRequired, TypedDict

import orjson

from domain.node import Node
from domain.polls import LONGEST_OPTION, LONGEST_S, MOST_OPTIONS, SHORTEST_S
from storage.queries.polls import Poll as PollRow
from storage.views.posts import PostView
from web.mastodon.entities.emojis import CustomEmoji
from web.mastodon.entities.emojis import shown as emojis
from web.mastodon.entities.formats import Count, Id, Moment, OwnFlag, OwnNumbers
from web.mastodon.entities.times import moment


class Option(TypedDict):
    """One choice; without figures as long as they are hidden."""

    title: str
    votes_count: Count | None


class Poll(TypedDict):
    """A poll; what one chose oneself only for somebody who asks."""

    id: Id
    expires_at: Moment | None
    expired: bool
    multiple: bool
    votes_count: Count
    voters_count: Count | None
    options: list[Option]
    emojis: list[CustomEmoji]
    voted: NotRequired[OwnFlag]
    own_votes: NotRequired[OwnNumbers]


class Limits(TypedDict):
    """What a poll may have (Instance); times in seconds."""

    max_options: Count
    max_characters_per_option: Count
    min_expiration: Count
    max_expiration: Count


#: No text that anybody writes can hold the mark: JSON has no such byte.
_MARK: Final = b"\x03"
_SLOT: Final = re.compile(rb"\x03(\d+)/(\d+)\x03")

LIMITS: Final[Limits] = {
    "max_options": MOST_OPTIONS,
    "max_characters_per_option": LONGEST_OPTION,
    "min_expiration": SHORTEST_S,
    "max_expiration": LONGEST_S,
}


def with_slot(post: PostView, node: Node) -> bytes:
    """The Poll of a post, the same for whoever reads it, with a slot for what they chose."""
    if post.poll is None:
        return b"null"
    whole = orjson.dumps(_poll(post, post.poll, node))
    return whole[:-1] + b"%b%d/%d%b}" % (_MARK, post.id, post.author.id, _MARK)


def _poll(post: PostView, poll: PollRow, node: Node) -> Poll:
    counts = [option.votes if poll.shows_totals else None for option in poll.options]
    return {
        "id": str(post.id),
        "expires_at": None if poll.ends_at is None else moment(poll.ends_at),
        "expired": poll.is_over,
        "multiple": poll.multiple,
        "votes_count": sum(option.votes for option in poll.options),
        "voters_count": poll.voters,
        "options": [
            {"title": option.name, "votes_count": count}
            for option, count in zip(poll.options, counts, strict=True)
        ],
        "emojis": emojis(post.row.emojis, node),
    }


def in_slots(pieces: Iterable[bytes]) -> set[int]:
    """The posts whose polls have a slot in these pieces."""
    return {int(slot[1]) for piece in pieces if _MARK in piece for slot in _SLOT.finditer(piece)}


def filled(piece: bytes, viewer_id: int, chosen: Mapping[int, tuple[int, ...]]) -> bytes:
    """A kept piece with what this reader chose, by post; nothing of it for who is not signed in."""
    if _MARK not in piece:
        return piece

    def own(slot: re.Match[bytes]) -> bytes:
        if not viewer_id:
            return b""
        numbers = chosen.get(int(slot[1]), ())
        voted = bool(numbers) or int(slot[2]) == viewer_id  # nobody votes in their own poll
        return b',"voted":%b,"own_votes":%b' % (orjson.dumps(voted), orjson.dumps(numbers))

    return _SLOT.sub(own, piece)


def poll(post: PostView, node: Node, viewer_id: int) -> bytes:
    """The Poll of a post that was loaded for this reader."""
    return filled(with_slot(post, node), viewer_id, own_of(post))


def own_of(post: PostView) -> dict[int, tuple[int, ...]]:
    """What the reader for whom a post was loaded chose in it."""
    return {} if post.poll is None else {post.id: post.poll.own}
