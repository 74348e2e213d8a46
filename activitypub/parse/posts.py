"""Posts as they come in: Note, Question, Article and their kin, read into one shape.

HTML is cleaned here, once. Addressing is kept as it was sent; which audience it means is decided
by `social/posts`. What is hidden (`bto`, `bcc`) is dropped before anything can store it (O19).
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse import attachments as files
from activitypub.parse.attachments import Attachment
from activitypub.parse.collections import collection_beside
from activitypub.parse.contents import LONGEST_CONTENT, SHORT, contents
from activitypub.parse.emojis import emojis
from activitypub.parse.events import occasion
from activitypub.parse.fields import (
    checked_id,
    flag,
    kinds,
    line,
    link,
    listed,
    moment,
    optional_reference,
    origin_of,
    reference,
    references,
    types,
)
from activitypub.parse.polls import PollDocument, parse_poll
from activitypub.parse.quotes import QuoteRule, Quoting, quote_rule, quoting
from domain.emojis import Emoji
from domain.kinds import PostType
from domain.occasions import Occasion

__all__ = [
    "LONGEST_CONTENT",
    "Attachment",
    "NamedActor",
    "NamedTag",
    "NoteDocument",
    "is_post",
    "parse_note",
]

POST_TYPES: Final = {
    "Note": PostType.NOTE,
    "Question": PostType.QUESTION,
    "Article": PostType.ARTICLE,
    "Page": PostType.PAGE,
    "Event": PostType.EVENT,
    "Image": PostType.IMAGE,
    "Video": PostType.VIDEO,
    "Audio": PostType.AUDIO,
    # A document of any kind (AS2 Vocabulary §3.3), and what BookWyrm calls its notes on books.
    "Document": PostType.ARTICLE,
    "Review": PostType.ARTICLE,
    "Comment": PostType.NOTE,
    "Quotation": PostType.NOTE,
}
#: Kinds that play or show something themselves; as `SHORT`, no set.
_MEDIA: Final = (PostType.IMAGE, PostType.VIDEO, PostType.AUDIO)

MAX_MENTIONS: Final = 200
MAX_HASHTAGS: Final = 64
LONGEST_TAG: Final = 200


class NamedActor(Struct, frozen=True):
    """A Mention tag: `href` is an actor's id (or, from some servers, its page), `name` its text."""

    href: str
    name: str


class NamedTag(Struct, frozen=True):
    """A Hashtag: `name` without the number sign, as written."""

    name: str


class NoteDocument(Struct, frozen=True, kw_only=True):
    """A post as its author's server describes it.

    `content` and `abstract` (what a longer text is about) are clean HTML; `summary` (a content
    warning) and `name` (a title) are plain text; `plays` is in seconds, 0 if nothing plays.
    `to`, `cc` and `audience` are ids in the order sent, with Public in its one spelling. Times are
    ms UTC, not yet compared with our clock.
    """

    id: str
    type: PostType
    attributed_to: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: tuple[str, ...]
    content: str
    summary: str
    name: str
    language: str | None
    sensitive: bool
    published: int | None
    updated: int | None
    in_reply_to: str | None
    context: str | None
    url: str | None
    mentions: tuple[NamedActor, ...]
    hashtags: tuple[NamedTag, ...]
    attachments: tuple[Attachment, ...]
    abstract: str = ""
    emojis: tuple[Emoji, ...] = ()
    occasion: Occasion | None = None
    plays: int = 0
    replies: str | None = None
    poll: PollDocument | None = None
    quoting: Quoting | None = None
    quote_rule: QuoteRule | None = None

    @property
    def is_short(self) -> bool:
        """Whether it was written as a post, and not as a page that a post tells of."""
        return self.type in SHORT

    @property
    def addressees(self) -> tuple[str, ...]:
        """Everybody addressed, once each."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.audience)))


def parse_note(document: JsonObject) -> NoteDocument:
    """Read a post. Raises MalformedDocument with a reason safe to show."""
    tags = listed(document.get("tag"))
    kind = _post_type(document)
    said = contents(document, kind)
    mentions, hashtags = _named(tags)
    return NoteDocument(
        id=checked_id(document.get("id"), "the post's id"),
        type=kind,
        attributed_to=_author(document, kind),
        to=references(document.get("to")),
        cc=references(document.get("cc")),
        audience=references(document.get("audience")),
        content=said.html,
        summary=said.summary,
        name=said.title,
        language=said.language,
        sensitive=flag(document.get("sensitive")),
        published=moment(document.get("published")),
        updated=moment(document.get("updated")),
        in_reply_to=_answered(document.get("inReplyTo")),
        context=optional_reference(document.get("context")),
        url=link(document.get("url")),
        mentions=mentions,
        hashtags=hashtags,
        attachments=files.attachments(document, shows_itself=kind in _MEDIA),
        abstract=said.abstract,
        emojis=emojis(tags),
        replies=collection_beside(document, "replies"),
        occasion=occasion(document) if kind is PostType.EVENT else None,
        plays=files.duration(document.get("duration")) if kind in _MEDIA else 0,
        poll=parse_poll(document) if kind is PostType.QUESTION else None,
        quoting=quoting(document),
        quote_rule=quote_rule(document),
    )


def is_post(document: JsonObject) -> bool:
    """Whether one of the document's types is a kind of post."""
    return any(name in POST_TYPES for name in types(document))


def _post_type(document: JsonObject) -> PostType:
    for name in types(document):
        if name in POST_TYPES:
            return POST_TYPES[name]
    raise MalformedDocument("this is not a kind of post")


def _author(document: JsonObject, kind: PostType) -> str:
    """One author. Where several are named (a person and a channel), the first person.

    An Event of a group names the group as its author and the person who made it as `actor`
    (Mobilizon): on the same server, that person is the author.
    """
    raw = document.get("attributedTo")
    if isinstance(raw, str) and kind is not PostType.EVENT:
        return checked_id(raw, "the author")
    entries = listed(raw)
    people = [item for item in entries if isinstance(item, dict) and item.get("type") == "Person"]
    if len(entries) > 1 and people:
        return reference(people[0], "the author")
    maker = optional_reference(document.get("actor")) if kind is PostType.EVENT else None
    author = reference(entries[0] if entries else maker, "the author")
    return maker if maker is not None and origin_of(maker) == origin_of(author) else author


def _answered(raw: Any) -> str | None:
    """What it answers: an id, an object, a Link, or the first of several; else nothing."""
    for item in listed(raw):
        address = item.get("id") or item.get("href") if isinstance(item, dict) else item
        found = optional_reference(address)
        if found is not None and "#" not in found:
            return found
    return None


def _named(tags: list[Any]) -> tuple[tuple[NamedActor, ...], tuple[NamedTag, ...]]:
    """Whom the tags name, and the hashtags among them."""
    people: dict[str, NamedActor] = {}
    topics: dict[str, NamedTag] = {}
    for tag in tags:
        these = kinds(tag)
        if "Mention" in these and len(people) < MAX_MENTIONS:
            href = optional_reference(tag.get("href"))
            if href is not None:
                people.setdefault(href, NamedActor(href, line(tag.get("name"), limit=LONGEST_TAG)))
        if "Hashtag" in these and len(topics) < MAX_HASHTAGS:
            name = line(tag.get("name"), limit=LONGEST_TAG).removeprefix("#").strip()
            if name and " " not in name:
                topics.setdefault(name.casefold(), NamedTag(name))
    return tuple(people.values()), tuple(topics.values())
