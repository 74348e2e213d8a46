"""Lists that people bring along from another server: taken in line by line, by a job.

What a line asks for is what the person could do by hand (`social.import_lines`), and is refused for
the same reasons; each line keeps its reason. Whatever interrupts it, it goes on where it was. It is
worked on in short turns, so that a list of dead servers keeps no other one waiting.
"""

import asyncio
import time
from functools import partial
from typing import Final

import structlog
from msgspec import Struct

from domain.audience import Viewer
from domain.csv_lists import BadList, read
from domain.errors import Conflict, Invalid, NotFound, Problem, TooMany
from domain.kinds import ImportKind, LineState
from domain.node import Node
from federation.fetcher import Fetcher
from federation.shares import Shares
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler, describe
from social import attempts, import_lines
from storage.errors import Closed, OutcomeUnknown, Overloaded, TooSlow, TryAgain, Unavailable
from storage.queries import accounts, imports
from storage.queries.imports import ImportRow, Line, NewLine
from storage.tx import Tx
from storage.views.exports import Entry

log = structlog.get_logger("imports")

IMPORT: Final = "import_list"
"""The job that takes a list in; its payload is the list's id."""

MOST_OPEN: Final = 3
"""Lists of one person that are taken in at a time."""

MOST_A_DAY: Final = 20
SHOWN: Final = 10
"""Lists of which somebody is still told."""

FAILURES_SHOWN: Final = 50
KEPT_DAYS: Final = 7
"""For how long it is told what became of a list; one that is not finished by then is given up."""

LINES_A_TURN: Final = 100
TURN_SECONDS: Final = 20.0
NAMES: Final = attempts.Pace(2_000, 43)
"""Names that other servers are asked for on behalf of one person: some 2,000 a day."""

_DAY_MS: Final = 24 * 3600 * 1000
_LONGEST_NAME: Final = 200
_PAUSE: Final = 0.1
# What one server is asked for names, whoever's lists they are on: no list is a hammer.
_PACE: Final = Shares(per_second=2.0, burst=20)
# What is nobody's fault and passes: the job is tried again. Anything else is the line's own.
_PASSING: Final = (Closed, OutcomeUnknown, Overloaded, TooSlow, TryAgain, Unavailable)


class Progress(Struct, frozen=True):
    """How far a list is. `failures`: the first lines that did not work out."""

    row: ImportRow
    done: int
    failed: int
    failures: list[Line]


def lines_of(kind: ImportKind, content: bytes) -> list[NewLine]:
    """The lines of a list; long ones take a while, so not in a unit of work.

    Raises:
        Invalid: this is no such list.
    """
    try:
        return read(kind, content)
    except BadList as problem:
        raise Invalid(str(problem), "list") from None


def refuse_more(tx: Tx, *, actor_id: int) -> None:
    """Whether somebody may send a list now, before it is looked at.

    Raises:
        Conflict: others are not finished.
        TooMany: enough for today.
    """
    given_up = tx.now - KEPT_DAYS * _DAY_MS
    if imports.open_count(tx, actor_id, since=given_up) >= MOST_OPEN:
        raise Conflict("Please wait until the lists that you sent before are taken in")
    earlier = imports.of(tx, actor_id, MOST_A_DAY)
    if len(earlier) == MOST_A_DAY and earlier[-1].created_at > tx.now - _DAY_MS:
        raise TooMany("That is enough for today. Please send more lists tomorrow")


def begin(
    tx: Tx, *, actor_id: int, kind: ImportKind, overwrite: bool, name: str, lines: list[NewLine]
) -> int:
    """Take a list in, from now on; its id. `overwrite`: what is not on it goes.

    Raises:
        Conflict: others are not finished.
        TooMany: enough for today.
    """
    tx.lock(f"imports {actor_id}")
    refuse_more(tx, actor_id=actor_id)
    identifier = imports.add(
        tx,
        actor_id=actor_id,
        kind=kind,
        clears=overwrite,
        name=name[:_LONGEST_NAME],
        lines=lines,
    )
    _next_turn(tx, actor_id, identifier)
    return identifier


def _next_turn(tx: Tx, actor_id: int, import_id: int) -> None:
    of_person, of_list = f"{IMPORT} {actor_id}", f"{IMPORT} {import_id}"
    enqueue(tx, IMPORT, import_id, order_key=of_person, unique=of_list)


def shown(tx: Tx, *, actor_id: int) -> list[Progress]:
    """What somebody sent of late and what became of it, the newest first."""
    rows = imports.of(tx, actor_id, SHOWN)
    counts = imports.counts(tx, [row.id for row in rows])
    found = []
    for row in rows:
        count = counts.get(row.id, {})
        failed = count.get(LineState.FAILED, 0)
        failures = imports.failed(tx, row.id, FAILURES_SHOWN) if failed else []
        found.append(Progress(row, count.get(LineState.DONE, 0), failed, failures))
    return found


def failures(tx: Tx, *, actor_id: int, import_id: int) -> tuple[ImportRow, list[Line]]:
    """A list and all of its lines that did not work out. Raises NotFound."""
    row = imports.by_id(tx, import_id)
    if row is None or row.actor_id != actor_id:
        raise NotFound
    return row, imports.failed(tx, import_id, row.total)


class _Turn(Struct, frozen=True):
    """What is next."""

    row: ImportRow
    lines: list[Line]


class _Later(Exception):  # noqa: N818 - says when, not what went wrong
    """The line has to wait: its server was asked enough for now."""


async def take_in(fetcher: Fetcher, import_id: int) -> None:
    """Work on a list for one turn; its rest waits for the next. Again, it changes nothing."""
    await _make_room(fetcher, import_id)
    turn = await fetcher.db.read(_next, import_id)
    if turn is None:
        return
    ends = time.monotonic() + TURN_SECONDS
    for line in turn.lines:
        if time.monotonic() > ends or not await _take_line(fetcher, turn.row, line, ends):
            break
    await fetcher.db.write(_go_on, import_id)


async def _make_room(fetcher: Fetcher, import_id: int) -> None:
    """What is not on the list goes, if so wanted: found beside the writer, and taken by and by."""
    going = await fetcher.db.slow(_going, node=fetcher.node, import_id=import_id)
    if going is None:
        return
    for start in range(0, len(going), import_lines.AT_ONCE):
        some = going[start : start + import_lines.AT_ONCE]
        await fetcher.db.write(_take_away, node=fetcher.node, import_id=import_id, entries=some)
    await fetcher.db.write(imports.cleared, import_id)


def _clearing(tx: Tx, import_id: int) -> tuple[ImportRow, Viewer] | None:
    row = imports.by_id(tx, import_id)
    viewer = _standing(tx, row.actor_id) if row is not None and row.clears else None
    if row is None or viewer is None or row.finished_at is not None:
        return None
    return row, viewer


def _going(tx: Tx, *, node: Node, import_id: int) -> list[Entry] | None:
    found = _clearing(tx, import_id)
    if found is None:
        return None
    row, viewer = found
    wanted = [line.said for line in imports.every(tx, import_id)]
    return import_lines.going(tx, node=node, viewer=viewer, kind=row.kind, wanted=wanted)


def _take_away(tx: Tx, *, node: Node, import_id: int, entries: list[Entry]) -> None:
    found = _clearing(tx, import_id)
    if found is not None:
        row, viewer = found
        for entry in entries:
            import_lines.take_away(tx, node, viewer.actor, row.kind, entry)


def _next(tx: Tx, import_id: int) -> _Turn | None:
    row = imports.by_id(tx, import_id)
    if row is None or row.finished_at is not None:
        return None
    return _Turn(row, imports.waiting(tx, import_id, LINES_A_TURN))


def _go_on(tx: Tx, import_id: int) -> None:
    """Another turn, if something waits and the person still stands."""
    row = imports.by_id(tx, import_id)
    if row is None or row.finished_at is not None:
        return
    if _standing(tx, row.actor_id) is not None and imports.waiting(tx, import_id, 1):
        _next_turn(tx, row.actor_id, import_id)
    else:
        imports.finish(tx, import_id)


def _standing(tx: Tx, actor_id: int) -> Viewer | None:
    """The person, if the account may still do anything: a right that ended is over at once."""
    account = accounts.by_id(tx, actor_id)
    if account is None or not account.is_active:
        return None
    return Viewer.local(actor_id, full=accounts.is_full_member(tx, actor_id))


async def _take_line(fetcher: Fetcher, row: ImportRow, line: Line, ends: float) -> bool:
    """Do what a line asks for, or keep why not; False if it waits for another turn."""
    try:
        viewer = await fetcher.db.read(_standing, row.actor_id)
        if viewer is None:
            return False
        asks = partial(_asks, fetcher, row.actor_id, ends)
        act = await import_lines.understood(
            fetcher, viewer=viewer, kind=row.kind, said=line.said, asks=asks
        )
        await fetcher.db.write(_act, row=row, line=line, act=act)
    except _Later:
        return False
    except Problem as problem:
        await fetcher.db.write(imports.settle, row.id, line.number, reason=problem.message)
    except _PASSING:
        raise
    except Exception as error:  # noqa: BLE001 - one bad line must not end a list
        log.warning("line not taken in", reason=describe(error))
        reason = "This line could not be taken in"
        await fetcher.db.write(imports.settle, row.id, line.number, reason=reason)
    return True


async def _asks(fetcher: Fetcher, actor_id: int, ends: float, host: str) -> None:
    """Wait until a server may be asked for one more name, for this person.

    Raises:
        _Later: not within this turn.
        TooMany: enough names for today.
    """
    while not _PACE.take(host):
        if time.monotonic() > ends:
            raise _Later
        await asyncio.sleep(_PAUSE)
    try:
        attempt = attempts.Attempt("names", str(actor_id), NAMES)
        await fetcher.db.write(attempts.take, [attempt])
    except TooMany:
        raise TooMany("Enough new names for today. Please send this line again tomorrow") from None


def _act(tx: Tx, *, row: ImportRow, line: Line, act: import_lines.Act) -> None:
    """With the rights of this very moment: those at the beginning of the line may be over."""
    viewer = _standing(tx, row.actor_id)
    if viewer is not None:
        act(tx, viewer)
        imports.settle(tx, row.id, line.number)


async def _run(fetcher: Fetcher, job: Job) -> Decision:
    await take_in(fetcher, int(job.payload))
    return None


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kind of job, for the worker."""
    return {IMPORT: Each(partial(_run, fetcher), limit=4)}
