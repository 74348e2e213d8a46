"""Processing: what was taken in is done, as it was read from the signed bytes.

The job runs after the 202, perhaps twice; the intake row is settled in the same transaction as the
effect, so nothing has two effects. What has none leaves its reason in that row, and the bytes go
either way.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from activitypub.json import MalformedDocument
from domain.errors import Problem
from domain.kinds import IntakeState
from domain.node import Node
from federation.fetcher import CannotFetch, Fetcher
from inbox import catching_up
from inbox.forwarded import LOOK, look
from inbox.gathered import answer_unproven
from inbox.handlers import HANDLERS
from inbox.intake import PROCESS
from inbox.proofs import check_proof
from inbox.reading import read
from inbox.signed import Dropped, Handler, SignedActivity
from jobs.queue import Decision, Job, Retry
from jobs.schedule import Every
from jobs.worker import Each, Together
from jobs.worker import Handler as JobHandler
from social import departures, limiting, refreshing
from social.ancestors import FETCH_ANCESTORS, fetch_ancestors
from social.completing import COMPLETE, REMEMBERED_MS, complete_thread, want_thread_of
from social.quote_checks import (
    RECHECK_EVERY_MS,
    RECHECK_QUOTES,
    check_quote,
    recheck_quotes,
)
from social.quoted import VERIFY_QUOTE
from storage.queries import actors, intake, keys, threads
from storage.queries.intake import Received
from storage.tx import Tx
from storage.views.actors import ActorView

log = structlog.get_logger("inbox")

SWEEP: Final = "sweep_inbox"
#: How often the ledger is swept, and how long it remembers (design §5).
SWEEP_EVERY_MS: Final = 3600 * 1000
LEDGER_MS: Final = 30 * 24 * 3600 * 1000
SWEEPS: Final = 1_000

#: What is still heard of an actor that its own server hides: that it is back, or gone.
_FROM_HIDDEN: Final = frozenset({"Update", "Delete"})

#: A server that could not be asked is asked again this often, this much later.
ASKS: Final = 4
ASK_AGAIN_MS: Final = 6 * 60 * 1000


class _Waiting(Struct, frozen=True):
    """A stored activity and its signer; no signer: the actor was purged meanwhile."""

    received: Received
    signer: ActorView | None


def job_handlers(fetcher: Fetcher) -> dict[str, JobHandler]:
    """The kinds of job that belong to the inbox, for the worker."""
    return {
        PROCESS: Together(partial(process, fetcher)),
        VERIFY_QUOTE: Each(partial(_check_quote, fetcher), attempts=ASKS, limit=8),
        RECHECK_QUOTES: Each(partial(_recheck_quotes, fetcher)),
        FETCH_ANCESTORS: Each(partial(_fetch_ancestors, fetcher), attempts=3, limit=8),
        COMPLETE: Each(partial(_complete_thread, fetcher), attempts=2, limit=4),
        LOOK: Each(partial(look, fetcher), limit=4),
        SWEEP: Each(partial(_sweep, fetcher)),
        **catching_up.job_handlers(fetcher),
        **departures.job_handlers(fetcher),
        **refreshing.job_handlers(fetcher),
        **limiting.job_handlers(fetcher),
    }


def schedule() -> list[Every]:
    """What happens again and again."""
    return [Every(SWEEP, SWEEP_EVERY_MS), Every(RECHECK_QUOTES, RECHECK_EVERY_MS)]


async def process(fetcher: Fetcher, jobs: list[Job]) -> Sequence[Decision]:
    """Process stored activities: one read for all, then one write for each, all at once."""
    waiting = await fetcher.db.read(_load, [job.payload for job in jobs])
    return await asyncio.gather(*(_process(fetcher, job, waiting.get(job.payload)) for job in jobs))


def _load(tx: Tx, identifiers: list[int]) -> Mapping[int, _Waiting]:
    received = intake.queued(tx, identifiers)
    signers = {a.id: a for a in actors.views(tx, list({row.signer_id for row in received}))}
    return {row.id: _Waiting(row, signers.get(row.signer_id)) for row in received}


async def _process(fetcher: Fetcher, job: Job, waiting: _Waiting | None) -> Decision:
    if waiting is None:
        return None  # done before, by a run that could not say so
    try:
        await _act(fetcher, waiting)
    except CannotFetch as problem:
        if job.attempts < ASKS and problem.later:
            return Retry(ASK_AGAIN_MS, problem.reason)
        await _drop(fetcher, waiting, problem.reason)
    except (Dropped, MalformedDocument) as refusal:
        await _drop(fetcher, waiting, refusal.reason)
    except Problem as refusal:
        await _drop(fetcher, waiting, type(refusal).__name__)
    return None


async def _act(fetcher: Fetcher, waiting: _Waiting) -> None:
    signed = _read(waiting)
    handler = HANDLERS.get(signed.activity.type)
    if handler is None:
        raise Dropped("activities of this type have no effect here")
    received = waiting.received
    try:
        proven = signed.activity.has_proof and await check_proof(
            fetcher, received.body, signed.signer, received.received_at
        )
    except Dropped:
        await fetcher.db.write(answer_unproven, node=fetcher.node, signed=signed)
        raise
    signed = replace(signed, proven=proven)
    meaning = await handler.verify(signed, fetcher)
    await fetcher.db.write(
        _receive,
        waiting.received.id,
        node=fetcher.node,
        handler=handler,
        signed=signed,
        meaning=meaning,
    )


def _read(waiting: _Waiting) -> SignedActivity:
    """The activity as it was signed; what was verified is what is read (S23)."""
    if waiting.signer is None or waiting.signer.gone_at is not None:
        raise Dropped("the signer is gone")
    activity = read(waiting.received.body)
    if waiting.signer.is_hidden and activity.type not in _FROM_HIDDEN:
        raise Dropped("the signer is suspended")
    received = waiting.received
    return SignedActivity(activity, waiting.signer, received.received_at, received.body)


def _receive(
    tx: Tx,
    intake_id: int,
    *,
    node: Node,
    handler: Handler[Any],
    signed: SignedActivity,
    meaning: Any,
) -> None:
    """The effect and the end of its intake row, together or not at all.

    One actor's activities wait for each other: an Undo and what it undoes must not both miss the
    other because they ran at the same moment.
    """
    tx.lock(f"signer {signed.signer.id}")
    reason = handler.receive(tx, node, signed, meaning)
    state = IntakeState.DONE if reason is None else IntakeState.DROPPED
    if not intake.settle(tx, intake_id, state, reason):
        raise Dropped("another run was quicker")  # undoes the second effect


async def _drop(fetcher: Fetcher, waiting: _Waiting, reason: str) -> None:
    log.info("dropped", intake=waiting.received.id, reason=reason)
    await fetcher.db.write(intake.settle, waiting.received.id, IntakeState.DROPPED, reason)


async def _fetch_ancestors(fetcher: Fetcher, job: Job) -> Decision:
    """What an answer answers; then what else was said there, which nobody sent us."""
    if await fetch_ancestors(fetcher, uri=job.payload):
        await fetcher.db.write(want_thread_of, job.payload)
    return None


async def _complete_thread(fetcher: Fetcher, job: Job) -> Decision:
    await complete_thread(fetcher, root_id=job.payload)
    return None


async def _check_quote(fetcher: Fetcher, job: Job) -> Decision:
    """What could not be asked is asked again later; a quote nobody vouches for stays unshown."""
    try:
        await check_quote(fetcher, quote_id=job.payload)
    except CannotFetch as problem:
        if problem.later and job.attempts < ASKS:
            return Retry(ASK_AGAIN_MS, problem.reason)
    return None


async def _recheck_quotes(fetcher: Fetcher, _job: Job) -> Decision:
    await recheck_quotes(fetcher)
    return None


async def _sweep(fetcher: Fetcher, _job: Job) -> Decision:
    """Forget what no longer refuses anything, in small steps: there is one writer."""
    await fetcher.db.write(keys.sweep)
    for _ in range(SWEEPS):
        if await fetcher.db.write(_forget) == 0:
            break
    return None


def _forget(tx: Tx) -> int:
    threads.forget(tx, tx.now - REMEMBERED_MS)
    return intake.forget(tx, before=tx.now - LEDGER_MS)
