"""Copies of files that people elsewhere attached.

Readers here look at the copy: the other server learns of nobody who looks, and a copy dies with the
right (protocol §7). In a community it is made at once: a community's node copies from the
author's; its members' nodes copy from the community's alone, as one of their members, and only the
bytes whose hash the author proved. Such a row is there from the start, and shown once its bytes
are. Everywhere else the file is shown at once and fetched when somebody looks
(`social/on_demand`).
"""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import sha256
from typing import Final

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import asdict, replace

from activitypub.parse.fields import origin_of
from activitypub.parse.posts import Attachment, NoteDocument
from domain.audience import Kind
from domain.blurhash import is_blurhash
from domain.errors import Invalid, NoRoom
from domain.filetypes import LARGEST, Form, canonical, clean_name, form_of
from domain.pictures import LONGEST_SIDE
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import Decision, Job, Retry, enqueue
from jobs.worker import Each, Handler
from outbox import communities as announcing
from social.archive import Archive, Kept
from social.files import LONGEST_ALT
from social.streaming import announce, edited
from storage.audience import readers_among
from storage.queries import actors, communities, files, follows, posts
from storage.queries.files import FileRow
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

log = structlog.get_logger("social")

FETCH: Final = "fetch_files"
"""The kind of job that brings the files of one post."""

PASS_ON: Final = "announce_words"  # noqa: S105 - no password
"""The kind of job that announces words whose files have come."""

HOST_TRIES: Final = 3
"""How often a community's node asks: what is said after it waits meanwhile."""

TRIES: Final = 24
GONE_TRIES: Final = 3
"""After which a server is believed that says it has no such file for us."""

_FIRST_MS: Final = 1_000
_HOUR_MS: Final = 3_600_000
MOST: Final = 16
"""Files of a post that are shown: other servers allow more than we do."""

ACCEPT: Final = {
    Form.PICTURE: "image/webp, image/png, image/jpeg, image/gif",
    Form.FILM: "video/mp4, video/webm, video/quicktime",
    Form.SOUND: "audio/mpeg, audio/ogg, audio/mp4, audio/flac, audio/wav",
    Form.PAPER: "*/*",
}
DEADLINE: Final = 60.0
"""Seconds for a file: forty megabytes over a slow line."""

_UNSAID: Final = {"Image": "image/jpeg", "Video": "video/mp4", "Audio": "audio/mpeg"}
"""What is asked for where a server says no more than how its file is perceived."""


class Wanted(Struct, frozen=True):
    """A file that is to be fetched: its row here, and where its bytes are."""

    file: int
    url: str


class Errand(Struct, frozen=True):
    """What a fetch job does."""

    post: int
    wanted: list[Wanted]
    tries: int


def without_shown(note: NoteDocument) -> NoteDocument:
    """A note whose files are not linked in its text where they are shown beside it."""
    if not note.attachments:
        return note
    shown = {each.url for each in _shown(note.attachments)}
    kept = tuple(file for file in note.attachments if file.url not in shown)
    return note if len(kept) == len(note.attachments) else replace(note, attachments=kept)


def differ(tx: Tx, row: PostRow, attachments: Iterable[Attachment]) -> bool:
    """Whether a note has other files, or says other things of them, than its post here."""
    now = [(file.source, file.alt, file.focus) for file in files.of_post(tx, row.id)]
    return now != [(each.url, each.alt[:LONGEST_ALT], each.focus) for each in _shown(attachments)]


def _shown(attachments: Iterable[Attachment]) -> list[Attachment]:
    """What is shown beside the words; documents only of our nodes, which looked at them."""
    found = {each.url: each for each in attachments if _is_shown(each)}
    return list(found.values())[:MOST]


def _is_shown(each: Attachment) -> bool:
    form = form_of(_type_of(each))
    return form is not None and (form is not Form.PAPER or bool(each.sha256))


def _type_of(each: Attachment) -> str:
    if each.media_type is None:
        return _UNSAID.get(each.type, "")
    return canonical(each.media_type)


def take(
    tx: Tx,
    *,
    row: PostRow,
    attachments: Iterable[Attachment],
    told: Mapping[str, str] | None = None,
    is_new: bool = False,
) -> bool:
    """Give a post of another server the files of its note; whether any is still to come.

    `told`: where the community of the post keeps its copies, by the address of the original; None
    for what comes from its author's own server. `is_new`: it was stored just now and has none.
    """
    wanted = _shown(attachments)
    now = row.kind is Kind.COMMUNITY
    known = {} if is_new else {file.source: file for file in files.of_post(tx, row.id)}
    gone = known.keys() - {each.url for each in wanted}
    if gone:
        files.forget(tx, [known[url].id for url in gone])
    coming: list[Wanted] = []
    for position, each in enumerate(wanted):
        address = each.url if told is None else _address(each, told, row, tx)
        file = known.get(each.url)
        if file is None and address is not None:
            file = _row(tx, row, each)
            files.insert_file(tx, file)
        if file is not None:
            alt, focus = each.alt[:LONGEST_ALT], each.focus
            files.describe(tx, file, alt=alt, focus=focus, position=position)
            if now and not file.is_here and address is not None:
                coming.append(Wanted(file.id, address))
    if coming:
        _send_for(tx, row, coming)
    return bool(coming)


def _address(each: Attachment, told: Mapping[str, str], row: PostRow, tx: Tx) -> str | None:
    """Where the community has a file; nothing if it tells of none, or nobody proved its hash."""
    community = actors.by_id(tx, row.place_id or 0)
    if community is None or not each.sha256:
        return None
    address = told.get(each.url, each.url)
    return address if origin_of(address) == origin_of(community.uri) else None


def _row(tx: Tx, row: PostRow, each: Attachment) -> FileRow:
    """What its server says of a file: believed until its bytes are here."""
    media_type = _type_of(each)
    fits = 0 < each.width <= LONGEST_SIDE and 0 < each.height <= LONGEST_SIDE
    is_paper = form_of(media_type) is Form.PAPER
    name = each.alt or each.url.rpartition("/")[2]
    return FileRow(
        id=new_id(tx),
        actor_id=row.author_id,
        post_id=row.id,
        position=0,
        digest=each.sha256,
        preview="",
        media_type=media_type,
        size=0,
        width=each.width if fits else 0,
        height=each.height if fits else 0,
        blurhash=each.blurhash if is_blurhash(each.blurhash) else "",
        alt="",
        focus="",
        source=each.url,
        community_id=row.place_id,
        created_at=tx.now,
        fetched_at=None,
        name=clean_name(name, media_type) if is_paper else "",
        duration=1000 * each.plays,
        sha256=each.sha256,
        on_demand=row.kind is not Kind.COMMUNITY,
    )


def _send_for(tx: Tx, row: PostRow, coming: list[Wanted]) -> None:
    """In a community of ours before it is announced: then the copies can be told of."""
    community = _community_here(tx, row)
    errand = Errand(row.id, coming, TRIES if community is None else HOST_TRIES)
    enqueue(
        tx,
        FETCH,
        msgspec.to_builtins(errand),
        order_key=None if community is None else announcing.announcing(community),
        about=row.place_id,
    )


def _community_here(tx: Tx, row: PostRow) -> ActorView | None:
    community = actors.by_id(tx, row.place_id) if row.place_id is not None else None
    return community if community is not None and community.is_local else None


def pass_on_later(tx: Tx, *, row: PostRow, wrapper_id: int | None) -> None:
    """Announce words of a member on a plain server once their pictures have come, or have not."""
    community = _community_here(tx, row)
    if community is not None:
        payload = {"post": row.id, "wrapper": wrapper_id}
        key = announcing.announcing(community)
        enqueue(tx, PASS_ON, payload, order_key=key, about=community.id)


# Jobs.


def job_handlers(fetcher: Fetcher, archive: Archive) -> dict[str, Handler]:
    """The kinds of job, for the worker."""
    return {
        FETCH: Each(partial(_run, fetcher, archive), limit=8),
        PASS_ON: Each(partial(_pass_on, fetcher)),
    }


async def _pass_on(fetcher: Fetcher, job: Job) -> Decision:
    await fetcher.db.write(
        _announce, fetcher=fetcher, post_id=job.payload["post"], wrapper_id=job.payload["wrapper"]
    )
    return None


def _announce(tx: Tx, *, fetcher: Fetcher, post_id: int, wrapper_id: int | None) -> None:
    row = posts.by_id(tx, post_id)
    community = _community_here(tx, row) if row is not None else None
    if row is None or community is None or row.deleted_at is not None:
        return
    announcing.took_in(
        tx, node=fetcher.node, community=community, subject_post=row, wrapper_id=wrapper_id
    )


async def _run(fetcher: Fetcher, archive: Archive, job: Job) -> Decision:
    """Bring what is not here yet. Running it again fetches nothing twice."""
    errand = msgspec.convert(job.payload, Errand)
    pending = await fetcher.db.read(_pending, errand)
    if pending is None:
        return None
    tasks = [_bring(fetcher, archive, pending, each, job.attempts) for each in pending.wanted]
    done = await asyncio.gather(*tasks)
    if all(done):
        return None
    if job.attempts < errand.tries:
        return Retry(min(_FIRST_MS << (2 * (job.attempts - 1)), _HOUR_MS))
    lost = [each.file for each, came in zip(pending.wanted, done, strict=True) if not came]
    await fetcher.db.write(files.forget, lost)
    return None


class _Pending(Struct, frozen=True):
    """What an errand still has to bring, and as whom it asks at which server."""

    post: int
    wanted: list[Wanted]
    rows: dict[int, FileRow]
    origin: str
    as_actor: int | None


def _pending(tx: Tx, errand: Errand) -> _Pending | None:
    row = posts.by_id(tx, errand.post)
    if row is None or row.deleted_at is not None:
        return None
    open_ = {file.id: file for file in files.of_post(tx, row.id) if not file.is_here}
    wanted = [each for each in errand.wanted if each.file in open_]
    found = asker(tx, row)
    if not wanted or found is None:
        return None
    origin, as_actor = found
    rows = {each.file: open_[each.file] for each in wanted}
    return _Pending(row.id, wanted, rows, origin, as_actor)


def asker(tx: Tx, row: PostRow) -> tuple[str, int | None] | None:
    """The server that is asked, and as whom: somebody who may read the post; None for nobody.

    An actor's id of None is the node itself.
    """
    author = actors.by_id(tx, row.author_id)
    if author is None:
        return None
    if row.kind is Kind.COMMUNITY:
        return _asker_in_community(tx, row, author)
    if row.kind is Kind.NETWORK:
        return origin_of(author.uri), None
    people = {*posts.named_in(tx, row.id), *follows.local_followers(tx, author.id)}
    readers = actors.views(tx, sorted(readers_among(tx, row.id, people)))
    ours = [one.id for one in readers if one.is_local]
    return (origin_of(author.uri), ours[0]) if ours else None


def _asker_in_community(tx: Tx, row: PostRow, author: ActorView) -> tuple[str, int | None] | None:
    community = actors.by_id(tx, row.place_id) if row.place_id is not None else None
    if community is None:
        return None
    if community.is_local:
        return origin_of(author.uri), community.id
    members = [one.actor_id for one in communities.active_members(tx, community.id)]
    readers = sorted(readers_among(tx, row.id, members))
    return (origin_of(community.uri), readers[0]) if readers else None


async def _bring(
    fetcher: Fetcher, archive: Archive, errand: _Pending, each: Wanted, attempt: int
) -> bool:
    """Fetch one file and show it; whether it is settled. What is no picture is given up."""
    row = errand.rows[each.file]
    form = form_of(row.media_type) or Form.PICTURE
    # A server that keeps its files elsewhere: there we ask like anybody. Whoever wrote the address
    # must not get by our copy what that third server shows to us alone.
    at_home = origin_of(each.url) == errand.origin
    try:
        content = await fetcher.content(
            each.url,
            as_actor_id=errand.as_actor,
            accept=ACCEPT[form],
            cap=LARGEST[form],
            signed=at_home,
            deadline=DEADLINE,
        )
        kept = await _kept(archive, content, row)
    except CannotFetch as problem:
        log.info("file not copied", post=errand.post, reason=problem.reason)
        over = problem.gone and attempt >= GONE_TRIES
        return over and await _given_up(fetcher, each)
    except (Invalid, NoRoom) as problem:
        log.info("file not copied", post=errand.post, reason=type(problem).__name__)
        return isinstance(problem, Invalid) and await _given_up(fetcher, each)
    await fetcher.db.write(_show, post_id=errand.post, file_id=each.file, kept=kept)
    return True


async def _kept(archive: Archive, content: bytes, row: FileRow) -> Kept:
    """Our nodes' files stay as they are, under the hash that was proven; others are redrawn."""
    if not row.sha256:
        return await archive.keep(content, papers_too=False)
    if sha256(content).hexdigest() != row.sha256:
        raise Invalid("other bytes than the author proved")
    return await archive.keep_copy(content, row.name)


async def _given_up(fetcher: Fetcher, each: Wanted) -> bool:
    await fetcher.db.write(files.forget, [each.file])
    return True


def _show(tx: Tx, *, post_id: int, file_id: int, kept: Kept) -> None:
    if files.fetched(tx, file_id, asdict(kept)):
        posts.touch(tx, post_id)
        announce(tx, edited(post_id))
