"""Posts as they come in: Note, Question, Article and their kin, read into one shape.

HTML is cleaned here, once. Addressing is kept as it was sent; which audience it means is decided
by `social/posts`. What is hidden (`bto`, `bcc`) is dropped before anything can store it (O19).
"""

import re
from typing import Any, Final

from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import (
    checked_id,
    flag,
    language,
    line,
    link,
    listed,
    moment,
    optional_reference,
    reference,
    references,
    types,
)
from activitypub.vocabulary import SHA256
from domain.html import clean
from domain.kinds import PostType

POST_TYPES: Final = {
    "Note": PostType.NOTE,
    "Question": PostType.QUESTION,
    "Article": PostType.ARTICLE,
    "Page": PostType.PAGE,
    "Event": PostType.EVENT,
    "Image": PostType.IMAGE,
    "Video": PostType.VIDEO,
    "Audio": PostType.AUDIO,
}

PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

MAX_MENTIONS: Final = 200
MAX_HASHTAGS: Final = 64
MAX_ATTACHMENTS: Final = 16
LONGEST_CONTENT: Final = 65_536
LONGEST_SUMMARY: Final = 1_000
LONGEST_NAME: Final = 500
LONGEST_TAG: Final = 200
LONGEST_ALT: Final = 5_000


class NamedActor(Struct, frozen=True):
    """A Mention tag: `href` is an actor's id (or, from some servers, its page), `name` its text."""

    href: str
    name: str


class NamedTag(Struct, frozen=True):
    """A Hashtag: `name` without the number sign, as written."""

    name: str


class Attachment(Struct, frozen=True, kw_only=True):
    """A file beside a post. `alt` is plain text, `focus` the point that must be seen, as "x,y".

    `sha256`: the hash of its bytes in hex, which our nodes tell; of others nothing.
    """

    url: str
    type: str
    media_type: str | None
    alt: str
    focus: str = ""
    sha256: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether it says that it is a picture of a kind that is shown here."""
        if self.media_type is None:
            return self.type == "Image"
        return self.media_type.lower() in PICTURES


class NoteDocument(Struct, frozen=True, kw_only=True):
    """A post as its author's server describes it.

    `content` is clean HTML; `summary` (a content warning) and `name` (a title) are plain text.
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

    @property
    def addressees(self) -> tuple[str, ...]:
        """Everybody addressed, once each."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.audience)))


def parse_note(document: JsonObject) -> NoteDocument:
    """Read a post. Raises MalformedDocument with a reason safe to show."""
    tags = listed(document.get("tag"))
    content, spoken = _content(document)
    in_reply_to = document.get("inReplyTo")
    return NoteDocument(
        id=checked_id(document.get("id"), "the post's id"),
        type=_post_type(document),
        attributed_to=_author(document.get("attributedTo")),
        to=references(document.get("to")),
        cc=references(document.get("cc")),
        audience=references(document.get("audience")),
        content=clean(content, limit=LONGEST_CONTENT),
        summary=_plain(document, "summary", LONGEST_SUMMARY),
        name=_plain(document, "name", LONGEST_NAME),
        language=spoken,
        sensitive=flag(document.get("sensitive")),
        published=moment(document.get("published")),
        updated=moment(document.get("updated")),
        in_reply_to=None if in_reply_to is None else reference(in_reply_to, "inReplyTo"),
        context=optional_reference(document.get("context")),
        url=link(document.get("url")),
        mentions=_mentions(tags),
        hashtags=_hashtags(tags),
        attachments=_attachments(document.get("attachment")),
    )


def is_post(document: JsonObject) -> bool:
    """Whether one of the document's types is a kind of post."""
    return any(name in POST_TYPES for name in types(document))


def _post_type(document: JsonObject) -> PostType:
    for name in types(document):
        if name in POST_TYPES:
            return POST_TYPES[name]
    raise MalformedDocument("this is not a kind of post")


def _author(raw: Any) -> str:
    """One author. Where several are named (a person and a channel), the first person."""
    entries = listed(raw)
    people = [item for item in entries if isinstance(item, dict) and item.get("type") == "Person"]
    if len(entries) > 1 and people:
        return reference(people[0], "the author")
    return reference(entries[0] if entries else None, "the author")


def _content(document: JsonObject) -> tuple[str, str | None]:
    """The text and its language (contentMap, AS2 Vocabulary §4.7)."""
    content = document.get("content")
    by_language = document.get("contentMap")
    spoken = by_language if isinstance(by_language, dict) else {}
    for tag, text in spoken.items():
        if isinstance(text, str) and (text == content or not isinstance(content, str)):
            return text, language(tag)
    return (content if isinstance(content, str) else ""), None


def _plain(document: JsonObject, name: str, limit: int) -> str:
    raw = document.get(name)
    if raw is None:
        by_language = document.get(f"{name}Map")
        raw = next(iter(by_language.values()), None) if isinstance(by_language, dict) else None
    return line(raw, limit=limit)


def _tag_types(tag: Any) -> list[Any]:
    return listed(tag.get("type")) if isinstance(tag, dict) else []


def _mentions(tags: list[Any]) -> tuple[NamedActor, ...]:
    found: dict[str, NamedActor] = {}
    for tag in tags:
        if "Mention" not in _tag_types(tag) or len(found) >= MAX_MENTIONS:
            continue
        href = optional_reference(tag.get("href"))
        if href is not None:
            found.setdefault(href, NamedActor(href, line(tag.get("name"), limit=LONGEST_TAG)))
    return tuple(found.values())


def _hashtags(tags: list[Any]) -> tuple[NamedTag, ...]:
    found: dict[str, NamedTag] = {}
    for tag in tags:
        if "Hashtag" not in _tag_types(tag) or len(found) >= MAX_HASHTAGS:
            continue
        name = line(tag.get("name"), limit=LONGEST_TAG).removeprefix("#").strip()
        if name and " " not in name:
            found.setdefault(name.casefold(), NamedTag(name))
    return tuple(found.values())


def _attachments(raw: Any) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    for item in listed(raw):
        url = link(item.get("url") or item.get("href")) if isinstance(item, dict) else None
        if url is None or len(found) >= MAX_ATTACHMENTS:
            continue
        media_type = item.get("mediaType")
        found.append(
            Attachment(
                url=url,
                type=str(next(iter(_tag_types(item)), "Document"))[:LONGEST_TAG],
                media_type=media_type[:127] if isinstance(media_type, str) else None,
                alt=line(item.get("name") or item.get("summary"), limit=LONGEST_ALT),
                focus=_focus(item.get("focalPoint")),
                sha256=_digest(item.get(SHA256)),
            )
        )
    return tuple(found)


def _focus(raw: Any) -> str:
    """A focal point (Mastodon): two numbers from -1 to 1; anything else is the middle."""
    if not isinstance(raw, list) or len(raw) != 2:
        return ""
    if not all(isinstance(one, int | float) and -1 <= one <= 1 for one in raw):
        return ""
    return f"{raw[0]:g},{raw[1]:g}" if any(raw) else ""


def _digest(raw: Any) -> str:
    return raw if isinstance(raw, str) and _SHA256.fullmatch(raw) else ""
