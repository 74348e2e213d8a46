"""What scripted forums know: their communities, posts and comments."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.support.stranger import Document

POSTS = frozenset({"Page", "Article", "Note", "Video", "Event"})


@dataclass
class Thread:
    """A post or a comment as this server knows it."""

    id: str
    author: str
    title: str
    document: Document
    parent: str | None = None
    likes: set[str] = field(default_factory=set)
    removed: bool = False
    locked: bool = False


@dataclass
class Place:
    """A community as this server knows it: its own, or one elsewhere to which somebody subscribes.

    `followers` are inboxes; `subscribed` people here.
    """

    uri: str
    threads: dict[str, Thread] = field(default_factory=dict)
    followers: set[str] = field(default_factory=set)
    subscribed: set[str] = field(default_factory=set)
    moderators: list[str] = field(default_factory=list)
    banned: set[str] = field(default_factory=set)
    featured: list[str] = field(default_factory=list)

    def shown(self) -> list[Thread]:
        return [one for one in self.threads.values() if not one.removed]

    def titles(self) -> list[str]:
        return [one.title for one in self.shown() if one.parent is None]


def host_of(uri: str) -> str:
    return uri.split("/")[2]


def first_line(content: str) -> str:
    """A title where none is given (LE objects/post.rs): the first line of the text."""
    text = content.replace("</p>", "\n").replace("<br>", "\n")
    plain = "".join(part.partition(">")[2] if "<" in content else part for part in text.split("<"))
    return plain.strip().splitlines()[0][:200] if plain.strip() else ""


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
