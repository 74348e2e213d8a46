"""Polls and votes as they come in (FEP-9967): Question with `oneOf` or `anyOf`, and its answers.

A vote is a Note that says the name of an answer and nothing else. Its id may have a fragment, it
may have an empty paragraph for content, and several choices may come in one Create.
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import (
    checked_id,
    line,
    listed,
    moment,
    optional_reference,
    plain_type,
    reference,
    types,
)
from domain.html import clean
from domain.text import to_plain

MOST_OPTIONS: Final = 100
"""Answers that are kept of a poll from elsewhere (D07)."""

LONGEST_OPTION: Final = 500
LONGEST_NAME: Final = 4_000
LONGEST_EMPTY: Final = 1_000
"""Characters of markup that may stand around nothing in a vote."""

_VOTES: Final = frozenset({"Note", "Answer"})
_MOST: Final = 1 << 40


class PolledOption(Struct, frozen=True):
    """An answer: `name` as it is shown, `as_sent` as a vote has to say it, `votes` if told."""

    name: str
    as_sent: str
    votes: int | None


class PollDocument(Struct, frozen=True, kw_only=True):
    """A poll as its author's server tells it. Times in ms UTC, not compared with our clock."""

    multiple: bool
    options: tuple[PolledOption, ...]
    ends_at: int | None
    closed_at: int | None
    is_closed: bool
    voters: int | None

    def has_closed(self, now: int) -> bool:
        """Whether it is over by its author's word; a time ahead says when it will be (Pleroma)."""
        return self.is_closed and (self.closed_at is None or self.closed_at <= now)

    @property
    def tells_totals(self) -> bool:
        """Whether it says how often each answer was chosen."""
        return all(option.votes is not None for option in self.options)


class VoteDocument(Struct, frozen=True, kw_only=True):
    """Choices of one person in one poll: the poll's id, and the names of what was chosen."""

    id: str
    in_reply_to: str
    names: tuple[str, ...]


def parse_poll(document: JsonObject) -> PollDocument | None:
    """The poll of a Question; None where nothing can be chosen."""
    if "Question" not in types(document):
        return None
    several, one = listed(document.get("anyOf")), listed(document.get("oneOf"))
    options = tuple(_options(several or one))
    if not options:
        return None
    closed = document.get("closed")
    return PollDocument(
        multiple=bool(several),
        options=options,
        ends_at=moment(document.get("endTime")) or moment(closed),
        closed_at=moment(closed),
        is_closed=closed is True or moment(closed) is not None,
        voters=_figure(document.get("votersCount")),
    )


def _options(raw: list[Any]) -> list[PolledOption]:
    found: list[PolledOption] = []
    for item in raw[:MOST_OPTIONS]:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or len(name) > LONGEST_NAME:
            continue
        shown = line(name, limit=LONGEST_OPTION)
        if shown:
            found.append(PolledOption(shown, name, _votes(item)))
    return found


def _votes(item: JsonObject) -> int | None:
    replies = item.get("replies")
    return _figure(replies.get("totalItems")) if isinstance(replies, dict) else None


def _figure(raw: Any) -> int | None:
    if isinstance(raw, bool) or not isinstance(raw, int):
        return None
    return raw if 0 <= raw <= _MOST else None


def is_vote(document: JsonObject) -> bool:
    """Whether a document is a vote: a Note with a name that answers something, and no words."""
    kind, name, content = document.get("type"), document.get("name"), document.get("content")
    if not isinstance(name, str) or not name.strip():
        return False  # most posts
    if not isinstance(kind, str) or plain_type(kind) not in _VOTES:
        return False
    if optional_reference(document.get("inReplyTo")) is None or document.get("attachment"):
        return False
    return content is None or (isinstance(content, str) and _says_nothing(content))


def _says_nothing(content: str) -> bool:
    return (
        len(content) <= LONGEST_EMPTY and not to_plain(clean(content, limit=LONGEST_EMPTY)).strip()
    )


def parse_vote(documents: list[JsonObject], *, by: str) -> VoteDocument:
    """Read choices that came in one Create by the actor `by`. Raises MalformedDocument.

    All of them are about one poll, and whoever is named as their author is the actor.
    """
    polls = {reference(one.get("inReplyTo"), "inReplyTo") for one in documents}
    authors = {
        reference(one["attributedTo"], "the author") for one in documents if one.get("attributedTo")
    }
    if len(polls) != 1 or not authors <= {by} or not all(map(is_vote, documents)):
        raise MalformedDocument("this is not one person's vote in one poll")
    names = (line(one["name"], limit=LONGEST_NAME) for one in documents)
    return VoteDocument(
        id=checked_id(documents[0].get("id"), "the vote's id", fragment=True),
        in_reply_to=polls.pop(),
        names=tuple(dict.fromkeys(names)),
    )


def is_tally(document: JsonObject) -> bool:
    """Whether a document tells a poll's figures and nothing else: a Question of nobody's."""
    bare = not document.get("attributedTo") and "content" not in document
    return document.get("type") == "Question" and bare
