"""Posts that people here write for later, and what becomes of them at their moment.

Everything is asked twice: when it is written, so that its author learns at once what cannot be, and
again when it appears, since rights may have ended. It goes to exactly those for whom it was
written, or to nobody: if the same words would mean another audience by then, its author is told and
has the words back (protocol §1, §6; docs/decisions/0029-link-previews-and-later-posts.md).
"""

from dataclasses import replace
from functools import partial
from typing import Final

import msgspec

from domain import later
from domain.audience import NAMED
from domain.errors import Invalid, NotFound, Problem
from domain.kinds import AccountState
from domain.node import Node
from domain.polls import checked
from jobs.queue import Decision, Job, drop_waiting, enqueue
from jobs.worker import Each, Handler
from social import files, helper, posts
from social.placing import Draft
from storage.database import Database
from storage.queries import accounts, scheduled
from storage.queries import files as stored_files
from storage.queries.idempotency import claim
from storage.queries.ids import new_id
from storage.queries.scheduled import ScheduledRow
from storage.tx import Tx

COME_OUT: Final = "scheduled_post"
"""The job that makes a post appear; its payload says which, and for when it was meant."""

_OTHERS: Final = "Other people would read it now than those for whom you wrote it"
_GONE: Final = "What it answers, quotes or is written in is not there for you any more"


def schedule(tx: Tx, *, node: Node, author_id: int, draft: Draft, due_at: int) -> int:
    """Keep a post until its moment; its id, which is none of the post that it becomes.

    With a key that was used within the hour, the id of what it stands for.

    Raises:
        Invalid: the moment cannot be, too many wait, or the post could not be made now.
        NotFound: what it answers or quotes is not there for the author.
        NotAllowed: it quotes what cannot be quoted.
    """
    identifier = new_id(tx)
    if draft.idempotency_key is not None:
        earlier = claim(tx, author_id, draft.idempotency_key, identifier)
        if earlier != identifier:
            return earlier
    _check_moment(tx, author_id, due_at)
    meant = posts.prepared(tx, node=node, author_id=author_id, draft=draft, identifier=identifier)
    row = meant.row
    if draft.poll is not None:
        checked(draft.poll)
        if draft.media_ids:
            raise Invalid("A post has either pictures or a poll, not both", "poll")
    waiting = ScheduledRow(
        id=identifier,
        actor_id=author_id,
        due_at=due_at,
        draft=msgspec.json.encode(draft),
        place_id=row.place_id,
        kind=row.kind,
        owner_id=row.owner_id,
        root_kind=row.root_kind,
        root_owner_id=row.root_owner_id,
        named=msgspec.json.encode(sorted(meant.to.linked | meant.to.silent)),
        created_at=tx.now,
    )
    scheduled.add(tx, waiting)
    files.hold(tx, actor_id=author_id, scheduled_id=identifier, file_ids=draft.media_ids)
    _await(tx, waiting)
    return identifier


def _check_moment(tx: Tx, author_id: int, due_at: int, *, without: int = 0) -> None:
    """One at a time, so that many at once come to the same as one after the other."""
    later.checked(due_at, tx.now)
    tx.lock(f"scheduled by {author_id}")
    day = due_at - due_at % later.DAY_MS
    later.check_room(
        scheduled.count(tx, author_id, without=without),
        scheduled.count_between(tx, author_id, day, day + later.DAY_MS, without=without),
    )


def _await(tx: Tx, row: ScheduledRow) -> None:
    """One job for each post, however often it is moved."""
    drop_waiting(tx, _key(row.id))
    told = {"id": row.id, "due": row.due_at}
    enqueue(tx, COME_OUT, told, run_at=row.due_at, unique=_key(row.id), about=row.actor_id)


def _key(scheduled_id: int) -> str:
    return f"{COME_OUT} {scheduled_id}"


def own(tx: Tx, *, author_id: int, scheduled_id: int) -> ScheduledRow:
    """One of somebody's own that waits. Raises NotFound."""
    row = scheduled.own(tx, author_id, scheduled_id)
    if row is None:
        raise NotFound
    return row


def draft_of(row: ScheduledRow) -> Draft:
    """What was typed and chosen."""
    return msgspec.json.decode(row.draft, type=Draft)


def reschedule(tx: Tx, *, author_id: int, scheduled_id: int, due_at: int) -> ScheduledRow:
    """Have a post appear at another moment. Raises NotFound, or Invalid for the moment."""
    _check_moment(tx, author_id, due_at, without=scheduled_id)
    row = own(tx, author_id=author_id, scheduled_id=scheduled_id)
    if due_at != row.due_at:
        if not scheduled.move(tx, row.id, due_at):
            raise NotFound  # it appears at this moment
        row = msgspec.structs.replace(row, due_at=due_at)
        _await(tx, row)
    return row


def cancel(tx: Tx, *, author_id: int, scheduled_id: int) -> None:
    """Have a post not appear; its files are the author's again, for a day. Raises NotFound."""
    row = own(tx, author_id=author_id, scheduled_id=scheduled_id)
    if not scheduled.remove(tx, row.id):
        raise NotFound  # it appears at this moment
    drop_waiting(tx, _key(row.id))
    stored_files.release(tx, row.id)


def _take(tx: Tx, row: ScheduledRow) -> bool:
    """Have it wait no longer, unless it was moved or taken by another worker meanwhile."""
    taken = scheduled.take(tx, row.id, row.due_at)
    if taken:
        stored_files.release(tx, row.id)
    return taken


def come_out(tx: Tx, *, node: Node, scheduled_id: int, due_at: int) -> int | None:
    """Make a post of what waited, if it still waits for this moment; its id.

    Of whoever may not come in at this moment nothing appears: it goes on waiting, and its author
    can choose another moment once they are back. Raises Problem for what cannot be posted any more.
    """
    row = scheduled.by_id(tx, scheduled_id)
    if row is None or row.due_at != due_at:
        return None
    account = accounts.by_id(tx, row.actor_id)
    if account is None or account.state is not AccountState.ACTIVE:
        return None
    draft = replace(draft_of(row), idempotency_key=None)
    author_id = row.actor_id
    meant = posts.prepared(tx, node=node, author_id=author_id, draft=draft, identifier=row.id)
    if not _has_same_readers(row, meant):
        raise Invalid(_OTHERS)
    if not _take(tx, row):
        return None
    made = posts.create_post(tx, node=node, author_id=author_id, draft=draft)
    scheduled.came_out(tx, row, made.post_id)
    return made.post_id


def _has_same_readers(row: ScheduledRow, meant: posts.Prepared) -> bool:
    """Of words for people named: nobody who bears a name now that was free or another's then."""
    now = meant.row
    then = (row.place_id, row.audience, row.root_audience)
    if then != (now.place_id, now.audience, now.root_audience):
        return False
    named = meant.to.linked | meant.to.silent
    return now.kind not in NAMED or named <= msgspec.json.decode(row.named, type=frozenset[int])


def give_back(tx: Tx, *, node: Node, scheduled_id: int, problem: Problem) -> None:
    """A post could not appear: its author is told why, and has the words back."""
    row = scheduled.by_id(tx, scheduled_id)
    if row is None or not _take(tx, row):
        return
    draft = draft_of(row)
    reason = _GONE if isinstance(problem, NotFound) else problem.message.rstrip(".")
    answers = "\n".join(draft.poll.options) if draft.poll is not None else ""
    words = "\n\n".join(part for part in (draft.summary, draft.text, answers) if part)
    told = f"Your scheduled post did not appear. {reason}.\n\nThis is what you wrote:\n\n{words}"
    helper.tell(tx, node=node, person_id=row.actor_id, text=told)


def job_handlers(db: Database, node: Node) -> dict[str, Handler]:
    """The kind of job, for the worker."""
    return {COME_OUT: Each(partial(_run, db, node), limit=8)}


async def _run(db: Database, node: Node, job: Job) -> Decision:
    scheduled_id, due_at = int(job.payload["id"]), int(job.payload["due"])
    try:
        await db.write(come_out, node=node, scheduled_id=scheduled_id, due_at=due_at)
    except Problem as problem:
        await db.write(give_back, node=node, scheduled_id=scheduled_id, problem=problem)
    return None
