"""Creates that arrive in a town (tests/inbox/town.py), drawn from a seed: most of them plain."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any, Final

import orjson

from activitypub.json import MalformedDocument
from inbox.reading import read
from inbox.signed import SignedActivity
from tests.inbox.hostile import spoil
from tests.inbox.town import (
    ANSWERED,
    BURIED,
    BURIED_BY_ANOTHER,
    FAR,
    IN_LINE,
    KNOWN,
    NEAR,
    OURS,
    QUOTED,
    SAID_BEFORE,
    TAGS,
    Town,
)
from tests.support.factories import NODE
from tests.support.stranger import PUBLIC, Document

#: How much of what is drawn is about something that is here already, or in the batch twice.
_MET: Final = {
    "known": KNOWN,
    "buried": BURIED,
    "buried by another": BURIED_BY_ANOTHER,
    "answered already": ANSWERED,
    "quoted already": QUOTED,
    "in line": IN_LINE,
}


_FOREIGN: Final = ("of another server", "by another")
_AGAIN: Final = ("again", "again with other words", "again as another activity")
_NAMING: Final = ("aloud", "aloud", "silently", "by a tag alone", "by a page", "twice")
#: When it was written, in ms before now.
_WHEN: Final = {
    "now": 0,
    "a moment ago": 1_500,
    "an hour ago": 3_600_000,
    "long ago": 90 * 24 * 3_600_000,
    "in an hour": -3_600_000,
    "edited": 7_200_000,
}
_NARROW: Final = ("for followers", "for one", "for nobody")
_PLACES: Final = ("circle", "square", "group")
_WIDER: Final = (
    *("activity to", "activity cc", "activity audience"),
    *("activity bto", "activity bcc", "note bto", "note bcc", "note audience"),
)


@dataclass
class Coming:
    """A Create as it was signed, and words for what is special about it."""

    signed: SignedActivity
    labels: list[str]


@dataclass
class _Draft:
    author: str
    note: Document
    activity: Document
    labels: list[str] = field(default_factory=list)


class Post:
    """Makes Creates of the people of a town."""

    def __init__(self, town: Town, random: Random, now: int) -> None:
        self.town = town
        self._random = random
        self._now = now
        self._number = 0
        self._sent: list[_Draft] = []

    def coming(self, count: int, special: str = "") -> list[Coming]:
        """So many that come together, and at last one of Zoe's that is special in this way."""
        wild = self._random.choice([0.0, 0.06, 0.2])
        made = [self._signed(self._draft(wild)) for _ in range(count)]
        made += [self.special("nothing")] if special in _AGAIN else []
        return [*made, self.special(special)] if special else made

    def spoilt(self, count: int) -> list[Coming]:
        """So many that nobody honest writes; those of which nothing can be read do not come."""
        made = []
        for _ in range(count):
            draft = self._draft(0.0)
            spoil(self._random, draft.note)
            with suppress(MalformedDocument):
                made.append(self._signed(draft))
        return made

    def special(self, kind: str) -> Coming:
        """One of Zoe's that names Ana, and is one of `SPECIAL`."""
        draft = self._plain("zoe")
        ana = self.town.views["ana"].uri
        draft.note["cc"] = [*draft.note["cc"], ana]
        draft.note["tag"] = [{"type": "Mention", "href": ana, "name": "@ana"}]
        SPECIAL[kind](self, draft)
        return self._signed(draft)

    def _signed(self, draft: _Draft) -> Coming:
        self._sent.append(draft)
        body = orjson.dumps(draft.activity | {"object": draft.note})
        signed = SignedActivity(
            read(body),
            self.town.views[draft.author],
            self._now - self._random.choice([0, 1, 900]),
            body,
        )
        return Coming(signed, draft.labels)

    # A plain one.

    def _plain(self, author: str) -> _Draft:
        self._number += 1
        view = self.town.views[author]
        base = view.uri.rpartition("/a/")[0]
        followers = [view.followers] if view.followers else []
        note: Document = {
            "id": f"{base}/o/{author}-{self._number}",
            "type": "Note",
            "attributedTo": view.uri,
            "content": f"<p>words {self._number}</p>",
            "to": [PUBLIC],
            "cc": followers,
        }
        activity: Document = {
            "id": f"{base}/act/{author}-{self._number}",
            "type": "Create",
            "actor": view.uri,
            "to": [PUBLIC],
            "cc": followers,
        }
        return _Draft(author, note, activity)

    def _draft(self, wild: float) -> _Draft:
        draft = self._plain(self._random.choice(["zoe", "zoe", "yan", "sil", "kim", "lone", "bot"]))
        for chance, what in (
            (0.6, self._naming),
            (0.4, self._tagged),
            (0.3, self._in_a_language),
            (0.6, self._published),
            (0.4, self._linking),
            (0.25, self._with_more),
            (0.2, self._unlisted),
            (wild, self._narrow),
            (wild, self._answering),
            (wild, self._quoting),
            (wild, self._naming_places),
            (0.05, self._addressed_once),
            (wild, self._addressed_otherwise),
            (wild, self._met),
            (wild, self._again),
            (wild / 2, self._of_a_group),
        ):
            if self._random.random() < chance:
                what(draft)
        return draft

    def _pick(self, *what: Any) -> Any:
        return self._random.choice(what)

    def _naming(self, draft: _Draft) -> None:
        names = [*self.town.here, "helper", "rem", "unknown", draft.author]
        for name in self._random.sample(names, self._pick(1, 1, 2, 3, 6)):
            self._name(draft, name, self._pick(*_NAMING))

    def _name(self, draft: _Draft, name: str, how: str) -> None:
        view = self.town.views.get(name)
        uri = view.uri if view is not None else f"{NEAR}/a/nobody"
        draft.labels.append(f"named {how}")
        if how != "by a tag alone":
            draft.note["cc"] = [*draft.note["cc"], uri]
        href = view.url if how == "by a page" and view is not None else uri
        if how != "silently":
            tag = {"type": "Mention", "href": href, "name": name}
            tags = draft.note.setdefault("tag", [])
            tags += [tag, tag] if how == "twice" else [tag]

    def _tagged(self, draft: _Draft) -> None:
        names = self._random.sample([*TAGS, "Bread", "STRASSE", "other"], self._pick(1, 2, 3))
        tags = draft.note.setdefault("tag", [])
        tags += [{"type": "Hashtag", "name": f"#{name}"} for name in names]
        draft.labels.append("tagged")

    def _in_a_language(self, draft: _Draft) -> None:
        draft.note["contentMap"] = {self._pick("en", "de", "fr"): draft.note["content"]}
        draft.labels.append("language")

    def _published(self, draft: _Draft, when: str = "") -> None:
        when = when or self._pick(*_WHEN)
        at = self._now - _WHEN[when]
        draft.note["published"] = _iso(at)
        if when == "edited":
            draft.note["updated"] = _iso(at + 60_000)
        draft.labels.append(when)

    def _linking(self, draft: _Draft) -> None:
        pages = ["https://page.example/a", "https://page.example/b", f"{NODE.origin}/x", "mailto:a"]
        links = self._random.sample(pages, self._pick(1, 1, 2))
        text = " ".join(f'<a href="{page}">here</a>' for page in links)
        draft.note["content"] = f"<p>{text} {self._number}</p>"
        draft.labels.append("linking")

    def _with_more(self, draft: _Draft, what: str = "") -> None:
        what = what or self._pick(*_MORE)
        draft.labels.append(what)
        draft.note |= _MORE[what](draft)

    def _unlisted(self, draft: _Draft) -> None:
        note = draft.note
        note["to"], note["cc"] = note["cc"], [self._pick(PUBLIC, "as:Public")]
        draft.labels.append("unlisted")

    # What is not plain.

    def _narrow(self, draft: _Draft, kind: str = "") -> None:
        kind = kind or self._pick(*_NARROW)
        note, followers = draft.note, self.town.views[draft.author].followers
        person = self.town.views[self._pick("ana", "bo")].uri
        note["to"] = dict(zip(_NARROW, ([followers or person], [person], []), strict=True))[kind]
        note["cc"] = []
        draft.activity |= {"to": note["to"], "cc": []}
        draft.labels.append(kind)

    def _answering(self, draft: _Draft) -> None:
        earlier = [one.note["id"] for one in self._sent]
        what = self._pick(KNOWN, OURS, f"{FAR}/o/never", f"{NODE.origin}/o/never", *earlier)
        draft.note["inReplyTo"] = what
        draft.labels.append("answering the batch" if what in earlier else "answering")

    def _quoting(self, draft: _Draft) -> None:
        earlier = [one.note["id"] for one in self._sent]
        draft.note["quote"] = self._pick(KNOWN, OURS, f"{FAR}/o/never", *earlier)
        draft.labels.append("quoting")

    def _naming_places(self, draft: _Draft, name: str = "") -> None:
        name = name or self._pick(*_PLACES)
        place = self.town.views[name].uri
        how = self._pick("to", "cc", "audience", "tag")
        if how == "tag":
            draft.note.setdefault("tag", []).append({"type": "Mention", "href": place})
        else:
            draft.note[how] = [*draft.note.get(how, []), place]
        draft.labels.append(f"naming {name}")

    def _addressed_otherwise(self, draft: _Draft, how: str = "") -> None:
        uri = self.town.views[self._pick("bo", "circle", "square")].uri
        how = how or self._pick(*_WIDER)
        field_name = how.rpartition(" ")[2]
        said = draft.note if how.startswith("note") else draft.activity
        said[field_name] = [*said.get(field_name, []), uri]
        draft.labels.append(how)

    def _addressed_once(self, draft: _Draft) -> None:
        """Some servers address the activity alone."""
        draft.activity |= {"to": draft.note.pop("to", []), "cc": draft.note.pop("cc", [])}
        draft.labels.append("addressed once")

    def _met(self, draft: _Draft, what: str = "") -> None:
        what = what or self._pick(*_MET, *_FOREIGN, "said before")
        if what == "said before":
            draft.activity["id"] = SAID_BEFORE
        elif what == "of another server":
            draft.note["id"] = f"{NEAR}/o/{self._number}"
        elif what == "by another":
            draft.note["attributedTo"] = self.town.views["yan"].uri
        else:
            draft.note["id"] = _MET[what]
        draft.labels.append(what)

    def _again(self, draft: _Draft, how: str = "") -> None:
        if not self._sent:
            return
        before = self._sent[-1] if how else self._pick(*self._sent)
        how = how or self._pick(*_AGAIN)
        draft.author, draft.labels = before.author, [how]
        draft.note = dict(before.note)
        if how == "again with other words":
            draft.note["content"] = "<p>other words</p>"
        draft.activity = dict(before.activity)
        if how == "again as another activity":
            draft.activity["id"] += f"-{self._number}"

    def _of_a_group(self, draft: _Draft) -> None:
        made = self._plain("group")
        draft.author, draft.note, draft.activity = "group", made.note, made.activity
        draft.labels[:] = ["of a group"]


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")


_MORE: Final[dict[str, Callable[[_Draft], Document]]] = {
    "warning": lambda _: {"summary": "sad", "sensitive": True},
    "emoji": lambda draft: {
        "content": "<p>:owl:</p>",
        "tag": [
            *draft.note.get("tag", []),
            {"type": "Emoji", "name": ":owl:", "icon": {"url": f"{FAR}/owl.png"}},
        ],
    },
    "file": lambda _: {
        "attachment": [
            {"type": "Document", "mediaType": "image/png", "url": f"{FAR}/1.png", "name": "one"},
            {"type": "Document", "mediaType": "video/mp4", "url": f"{FAR}/2.mp4"},
        ]
    },
    "poll": lambda _: {
        "type": "Question",
        "endTime": "2126-01-01T00:00:00Z",
        "oneOf": [
            {"type": "Note", "name": name, "replies": {"totalItems": number}}
            for number, name in enumerate(("yes", "no"))
        ],
    },
    "article": lambda _: {"type": "Article", "name": "A title", "summary": "<p>About it</p>"},
    "context": lambda draft: {
        "context": f"{FAR}/threads/1",
        "replies": draft.note["id"] + "/replies",
        "url": draft.note["id"] + ".html",
    },
    "quotable": lambda _: {"interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}}},
}

#: What a post may have and still be plain.
PLAIN: Final[dict[str, Callable[[Post, _Draft], None]]] = {
    "nothing": lambda _, draft: None,
    "tagged": Post._tagged,
    "a language": Post._in_a_language,
    "a link": Post._linking,
    "unlisted": Post._unlisted,
    "addressed once": Post._addressed_once,
    "said before": partial(Post._met, what="said before"),
    **{when: partial(Post._published, when=when) for when in _WHEN},
    **{what: partial(Post._with_more, what=what) for what in _MORE if what != "poll"},
    **{f"named {how}": partial(Post._name, name="bo", how=how) for how in _NAMING},
}
#: What sends it the long way.
OTHER: Final[dict[str, Callable[[Post, _Draft], None]]] = {
    "answering": Post._answering,
    "quoting": Post._quoting,
    "poll": partial(Post._with_more, what="poll"),
    "of a group": Post._of_a_group,
    **{kind: partial(Post._narrow, kind=kind) for kind in _NARROW},
    **{f"naming {place}": partial(Post._naming_places, name=place) for place in _PLACES},
    **{how: partial(Post._addressed_otherwise, how=how) for how in _WIDER},
    **{what: partial(Post._met, what=what) for what in (*_MET, *_FOREIGN)},
    **{how: partial(Post._again, how=how) for how in _AGAIN},
}
SPECIAL: Final = PLAIN | OTHER
