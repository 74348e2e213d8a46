"""Announcements: what the operator tells everybody here, or the members alone, until a day.

They are written on the command line, beside the process that serves: a job there tells those who
are connected. Guests never hear of those for members, nor how others react (protocol §1).
"""

from functools import partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain.audience import Viewer
from domain.emojis import is_own_shortcode
from domain.errors import Conflict, Invalid, NotFound
from domain.house import LONGEST_ANNOUNCEMENT, MOST_ANNOUNCEMENTS, MOST_REACTIONS
from domain.html import clean, clean_text
from domain.node import Node
from domain.reactions import is_one_emoji
from domain.text import to_html
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from social import emojis
from social.events import Event, EventKind, announce
from storage.database import Database
from storage.queries import announcements as stored
from storage.queries import emojis as pictures
from storage.queries.announcements import AnnouncementRow, Count, Shown
from storage.queries.ids import new_id
from storage.tx import Tx

TELL: Final = "tell_announcement"
"""The job that tells those who are connected; its payload is the event's name and the id."""


LATEST_MS: Final = 221_845_392_000_000
"""The year 9000: beyond 9999 dates of the API cannot be written."""


class Words(Struct, frozen=True, kw_only=True):
    """What an announcement says. Times are ms UTC; `all_day`: they are whole days.

    `starts_at`, `ends_at`: of what it is about; after the end it is shown no more.
    """

    text: str
    for_members: bool = False
    all_day: bool = False
    starts_at: int | None = None
    ends_at: int | None = None


def publish(tx: Tx, *, node: Node, words: Words) -> int:
    """Put an announcement up; its id.

    Raises:
        Invalid: no words or too many, or times that cannot be.
        Conflict: too many are up already.
    """
    text = _checked(tx, words)
    tx.lock("announcements")
    if stored.count_up(tx) >= MOST_ANNOUNCEMENTS:
        raise Conflict(f"There are {MOST_ANNOUNCEMENTS} announcements. Please take one down first.")
    row = AnnouncementRow(
        id=new_id(tx),
        source=text,
        content=_rendered(node, text),
        emojis=emojis.meant(tx, node, text),
        for_members=words.for_members,
        all_day=words.all_day,
        starts_at=words.starts_at,
        ends_at=words.ends_at,
        created_at=tx.now,
        updated_at=tx.now,
        removed_at=None,
    )
    stored.put(tx, row)
    _tell_soon(tx, EventKind.ANNOUNCEMENT, row)
    return row.id


def edit(tx: Tx, *, node: Node, announcement_id: int, words: Words) -> None:
    """Let an announcement say something else; those who dismissed it are not bothered again.

    Whom it is for stays as it was: what members alone were told is not told to guests (§1 of the
    protocol), and what guests read stays with them.

    Raises:
        NotFound: there is none.
        Invalid: as `publish`.
    """
    before = _up(tx, announcement_id)
    text = _checked(tx, words)
    row = replace(
        before,
        source=text,
        content=_rendered(node, text),
        emojis=emojis.meant(tx, node, text),
        all_day=words.all_day,
        starts_at=words.starts_at,
        ends_at=words.ends_at,
        updated_at=tx.now,
    )
    if not stored.update(tx, row):
        raise NotFound
    _tell_soon(tx, EventKind.ANNOUNCEMENT, row)


def remove(tx: Tx, *, announcement_id: int) -> None:
    """Take an announcement down. Raises NotFound."""
    row = stored.by_id(tx, announcement_id)
    if row is None or not stored.remove(tx, announcement_id):
        raise NotFound("There is no announcement of that number")
    _tell_soon(tx, EventKind.ANNOUNCEMENT_DELETE, replace(row, ends_at=None))


def _checked(tx: Tx, words: Words) -> str:
    text = clean_text(words.text, limit=LONGEST_ANNOUNCEMENT).strip()
    if not text or len(words.text) > LONGEST_ANNOUNCEMENT:
        raise Invalid(f"An announcement has between 1 and {LONGEST_ANNOUNCEMENT} characters")
    if words.ends_at is not None and words.ends_at <= max(tx.now, words.starts_at or 0):
        raise Invalid("An announcement ends after now, and after its start")
    if max(words.starts_at or 0, words.ends_at or 0) > LATEST_MS:
        raise Invalid("That is too far away to be shown as a date")
    return text


def _rendered(node: Node, text: str) -> str:
    """Tags and addresses become links; nobody is mentioned."""
    return clean(to_html(text, {}, lambda tag: f"{node.origin}/tags/{tag}"))


def _up(tx: Tx, announcement_id: int) -> AnnouncementRow:
    row = stored.by_id(tx, announcement_id)
    if row is None or not row.is_up(tx.now):
        raise NotFound  # in the words for what somebody may not know of
    return row


# Telling those who are connected.


def _tell_soon(tx: Tx, kind: EventKind, row: AnnouncementRow) -> None:
    enqueue(tx, TELL, [kind, row.id])
    if row.ends_at is not None:
        enqueue(tx, TELL, [EventKind.ANNOUNCEMENT_DELETE, row.id], run_at=row.ends_at)


def _tell(tx: Tx, kind: EventKind, announcement_id: int) -> None:
    announce(tx, Event(kind, announcement_id))


def job_handlers(db: Database) -> dict[str, Handler]:
    """The kind of job, for the worker."""

    async def run(db: Database, job: Job) -> Decision:
        kind, announcement_id = job.payload
        await db.write(_tell, EventKind(kind), int(announcement_id))
        return None

    return {TELL: Each(partial(run, db))}


# What people here do with them.


def visible(tx: Tx, viewer: Viewer, announcement_id: int) -> AnnouncementRow:
    """An announcement that is up, for somebody who may know of it. Raises NotFound."""
    row = _up(tx, announcement_id)
    if not _may_know(viewer, row):
        raise NotFound
    return row


def ended(tx: Tx, viewer: Viewer, announcement_id: int) -> AnnouncementRow:
    """One that was taken down or is over, for somebody who may have read it. Raises NotFound."""
    row = stored.by_id(tx, announcement_id)
    if row is None or row.is_up(tx.now) or not _may_know(viewer, row):
        raise NotFound
    return row


def _may_know(viewer: Viewer, row: AnnouncementRow) -> bool:
    return bool(viewer.actor) and (viewer.full or not row.for_members)


def shown_to(tx: Tx, viewer: Viewer) -> tuple[list[Shown], list[Count]]:
    """What is up for somebody, and with what people react to it."""
    found = stored.shown_to(tx, viewer.actor, full=viewer.full)
    ids = [one.row.id for one in found]
    return found, stored.counts(tx, ids, viewer.actor, full=viewer.full)


def unread_by(tx: Tx, viewer: Viewer) -> list[AnnouncementRow]:
    """What is up for somebody who has not dismissed it."""
    found = stored.shown_to(tx, viewer.actor, full=viewer.full)
    return [one.row for one in found if not one.is_read]


def count_for(tx: Tx, viewer: Viewer, announcement_id: int, emoji: str) -> Count:
    """How many react with one emoji, for somebody who is told of it as it happens.

    Raises:
        NotFound: the announcement is not there for them, or they may not know how others react.
    """
    if not viewer.full:
        raise NotFound
    row = visible(tx, viewer, announcement_id)
    return stored.count_of(tx, row.id, emoji, viewer.actor, full=True)


def dismiss(tx: Tx, *, viewer: Viewer, announcement_id: int) -> None:
    """Be done with an announcement; again changes nothing. Raises NotFound."""
    stored.dismiss(tx, viewer.actor, visible(tx, viewer, announcement_id).id)


def react(tx: Tx, *, viewer: Viewer, announcement_id: int, name: str) -> None:
    """React with one emoji, or a shortcode of this node; again changes nothing.

    Raises:
        NotFound: the announcement is not there for who reacts.
        Invalid: this is no emoji, or there are too many different ones.
    """
    row = visible(tx, viewer, announcement_id)
    if not is_one_emoji(name) and not (is_own_shortcode(name) and pictures.named(tx, [name])):
        raise Invalid("Validation failed: this is not an emoji that can be used here", "name")
    tx.lock(f"announcement {row.id}")
    there = _different(tx, viewer, row.id)
    if name not in there and len(there) >= MOST_REACTIONS:
        raise Invalid(
            f"Validation failed: there are {MOST_REACTIONS} different reactions already", "name"
        )
    if stored.react(tx, row.id, viewer.actor, name):
        announce(tx, Event(EventKind.ANNOUNCEMENT_REACTION, row.id, 0, name))


def _different(tx: Tx, viewer: Viewer, announcement_id: int) -> set[str]:
    """The emoji there are; for a guest their own, since a refusal would tell of others."""
    if viewer.full:
        return stored.emojis_of(tx, announcement_id)
    return {one.emoji for one in stored.counts(tx, [announcement_id], viewer.actor, full=False)}


def unreact(tx: Tx, *, viewer: Viewer, announcement_id: int, name: str) -> None:
    """Take a reaction back; again changes nothing. Raises NotFound."""
    row = visible(tx, viewer, announcement_id)
    if stored.unreact(tx, row.id, viewer.actor, name):
        announce(tx, Event(EventKind.ANNOUNCEMENT_REACTION, row.id, 0, name))
