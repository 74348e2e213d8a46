"""Posts as nobody honest writes them: what may be said of a post, with whatever comes to mind."""

from random import Random
from typing import Any, Final

from tests.support.stranger import Document

_TEXTS: Final = (
    *("", " ", "\n", "\u202e", "\uffff", "\ud7ff", "\U0010ffff", "\u1e9e", "x" * 5_000),
    *("<p>é</p>" * 500, "<a href='https://page.example:99999/'>x</a>", "🙂" * 900),
    *("<a href='http://[::1]/'>x</a>", "<a href='https://xn--\u2603.example/ü'>x</a>"),
    *("<a href='https://page.example/'><b>x", "javascript:alert(1)", "as:Public"),
    *("https://FAR.example/o/1", "https://far.example/o/" + "y" * 1_900, "2126-01-01T00:00:00Z"),
    *("0001-01-01T00:00:00Z", "2026-11-22T00:00:00+23:59", "PT9999999H", "en", "x-klingon"),
)
_NUMBERS: Final = (-1, 0, 1, 2**31, 2**53, 2**63 - 1, -0.5, 1e308, True, None)
_NAMES: Final = ("id", "type", "href", "url", "name", "en", "totalItems", "mediaType", "canQuote")
#: What a post may say beside what it has to.
_FIELDS: Final = (
    *("contentMap", "summary", "name", "attachment", "url", "published", "updated", "sensitive"),
    *("language", "context", "replies", "interactionPolicy", "icon", "image", "duration", "tag"),
    *("startTime", "location", "endTime", "votersCount", "closed", "source", "conversation"),
)
_TYPES: Final = ("Article", "Event", "Image", "Video", "Audio", "Page", "Question", "Note")


def spoil(random: Random, note: Document) -> None:
    """Say something of a post that makes no sense, or too much of it."""
    for _ in range(random.randint(1, 3)):
        what = random.choice([_field, _field, _tag, _files, _poll, _kind])
        what(random, note)


def _any(random: Random, depth: int = 2) -> Any:
    kind = random.choice(["text", "text", "number", "list", "object"])
    if kind == "number":
        return random.choice(_NUMBERS)
    if kind == "text" or not depth:
        return random.choice(_TEXTS)
    if kind == "list":
        return [_any(random, depth - 1) for _ in range(random.randrange(3))]
    return {random.choice(_NAMES): _any(random, depth - 1) for _ in range(random.randrange(4))}


def _field(random: Random, note: Document) -> None:
    note[random.choice(_FIELDS)] = _any(random)


def _kind(random: Random, note: Document) -> None:
    note["type"] = random.choice(_TYPES)


def _tag(random: Random, note: Document) -> None:
    kind = random.choice(["Mention", "Hashtag", "Emoji"])
    tag = {"type": kind, "name": _any(random), "href": _any(random), "icon": {"url": _any(random)}}
    note["tag"] = [*note["tag"], tag] if isinstance(note.get("tag"), list) else [tag]


def _files(random: Random, note: Document) -> None:
    said = ("url", "href", "name", "width", "height", "blurhash", "focalPoint", "duration", "size")
    note["attachment"] = [
        {"type": "Document", "mediaType": "image/png", "url": "https://far.example/1.png"}
        | {random.choice(said): _any(random) for _ in range(random.randrange(4))}
        for _ in range(random.randrange(20))
    ]


def _poll(random: Random, note: Document) -> None:
    options = [
        {"type": "Note", "name": f"answer {number}", "replies": {"totalItems": _any(random)}}
        for number in range(random.randrange(2, 25))
    ]
    note |= {"type": "Question", "oneOf": options, "endTime": _any(random)}
