"""Relay notes as documents: a community's post, for one member on a plain server.

Each shape here was seen to work, and each absence to matter (private-groups-observed.md §5): one
recipient, one Mention, no title, no other addressee, no name of anybody that an app could prefill.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

import orjson
from msgspec import Struct

from activitypub.render.files import shape
from activitypub.render.quotes import nobody
from activitypub.render.times import moment
from activitypub.vocabulary import ACTIVITYSTREAMS, POST_CONTEXT, JsonDict
from domain.relayed import nameless, relayed
from storage.queries.files import FileRow

#: The largest activity that all servers were seen to take (rule 4).
LARGEST: Final = 30_000
#: What an activity adds to its Note, besides its actor and its recipient.
_ENVELOPE: Final = 1_000
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


class Relayed(Struct, frozen=True, kw_only=True):
    """All that a relay note says. Times are ms UTC.

    `uri` is its own id, `group_acct` the community as `name@host`; `recipient_acct` likewise; None
    if the note is for all members on a server, `recipient_uri` being the community's followers.
    `takes_wider`: answers that their author's own followers see too are passed on.
    `byline` is how the author is called, `answered` who is answered (empty: somebody of whom the
    recipient does not know; None: nobody). `words` is clean HTML; None says that there is something
    to read, and no more. `poll` makes the note a Question of the community's. `page` is where
    people with an account read it, `pictures` how many files are only there, `attached` those that
    come with the note.
    """

    uri: str
    group_uri: str
    group_acct: str
    group_name: str
    recipient_uri: str
    recipient_acct: str | None
    takes_wider: bool = False
    byline: str
    answered: str | None = None
    words: str | None
    summary: str = ""
    sensitive: bool = False
    page: str
    pictures: int = 0
    attached: Sequence[JsonDict] = ()
    poll: JsonDict | None = None
    in_reply_to: str | None = None
    published_at: int
    written_at: int
    edited_at: int | None = None

    @property
    def changed_at(self) -> int:
        """When the note became what it is; its own time may be a moment ahead (rule 4)."""
        return max(self.edited_at or 0, self.published_at)


def note(item: Relayed) -> JsonDict:
    """The Note on its own."""
    return {"@context": POST_CONTEXT, **_note(item)}


def create(uri: str, item: Relayed) -> JsonDict:
    """Create{Note}."""
    return _activity("Create", uri, item, item.published_at)


def update(uri: str, item: Relayed) -> JsonDict:
    """Update{Note}: the same id, addressed as before."""
    return _activity("Update", uri, item, item.changed_at)


def picture(file: FileRow, url: str) -> JsonDict:
    """A file of a note at its recipient's own address (AS2 Vocabulary §4.1)."""
    name = file.alt or file.name
    shown = shape(file, url)
    return {**shown, "name": nameless(name)} if name else shown


def delete(uri: str, *, group_uri: str, note_uri: str, recipient_uri: str) -> JsonDict:
    """Delete{Tombstone}: servers of every kind obey it at once."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Delete",
        "actor": group_uri,
        "to": [recipient_uri],
        "object": {"id": note_uri, "type": "Tombstone"},
    }


def _activity(kind: str, uri: str, item: Relayed, at: int) -> JsonDict:
    return {
        "@context": POST_CONTEXT,
        "id": uri,
        "type": kind,
        "actor": item.group_uri,
        "published": moment(at),
        "to": [item.recipient_uri],
        "object": _note(item),
    }


def _note(item: Relayed) -> JsonDict:
    frame = _with_content(item, _content(item, "", is_cut=True))
    taken = len(orjson.dumps(frame)) + len(item.recipient_uri) + len(item.group_uri) + _ENVELOPE
    words, is_cut = relayed(item.words or "", limit=LARGEST - taken)
    return _with_content(item, _content(item, words, is_cut=is_cut))


def _with_content(item: Relayed, content: str) -> JsonDict:
    document: JsonDict = {
        "id": item.uri,
        "type": "Note",
        "attributedTo": item.group_uri,
        "content": content,
        "published": moment(item.published_at),
        "url": item.page,
        "to": [item.recipient_uri],
        "sensitive": item.sensitive,
        "tag": _mention(item),
        **nobody(item.group_uri),
    }
    if item.poll is not None:
        document |= item.poll
    if item.attached:
        document["attachment"] = list(item.attached)
    if item.summary:
        document["summary"] = nameless(item.summary)
    if item.in_reply_to:
        document["inReplyTo"] = item.in_reply_to
    if item.edited_at is not None:
        document["updated"] = moment(item.changed_at)
    return document


def _mention(item: Relayed) -> list[JsonDict]:
    if item.recipient_acct is None:
        return []
    return [{"type": "Mention", "href": item.recipient_uri, "name": f"@{item.recipient_acct}"}]


def _content(item: Relayed, words: str, *, is_cut: bool) -> str:
    return "".join((_first_line(item), words, *_links(item, is_cut=is_cut), _last_line(item)))


def _first_line(item: Relayed) -> str:
    """Who wrote, whom it answers, and when: `published` is the time of relaying (rule 4)."""
    did = "wrote" if item.answered is None else f"answered {nameless(item.answered)}".strip()
    end = ":" if item.words is not None else "."
    at = _shown(item.written_at)
    return _paragraph(f"{nameless(item.byline)} {did} in {nameless(item.group_name)}, {at}{end}")


def _shown(ms: int) -> str:
    at = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC"


def _links(item: Relayed, *, is_cut: bool) -> list[str]:
    """Where to read what is not in the note, for people with an account there."""
    link = f'<a href="{escape(item.page)}">{escape(item.page, quote=False)}</a>'
    found = []
    if item.words is None:
        found.append(f"<p>Read it here: {link}</p>")
    elif is_cut:
        found.append(f"<p>Read on: {link}</p>")
    if item.pictures:
        shown = "A file belongs" if item.pictures == 1 else f"{item.pictures} files belong"
        found.append(f"<p>{shown} to this: {link}</p>")
    return found


def _last_line(item: Relayed) -> str:
    """Some servers deliver an answer to the community only if its text names it (rule 5).

    What is addressed to followers is answered to one's own followers as well, unless one chooses.
    """
    if item.recipient_acct is not None:
        how = ", and answer as a private message. Do not change the visibility."
    elif item.takes_wider:
        how = ". Your own followers can read it too, unless you make it a private message."
    else:
        how = (
            ", and make it a private message:"
            " what your own followers can read too is not passed on."
        )
    return _paragraph(f"Keep @{item.group_acct} in your answer{how}")


def _paragraph(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>"
