"""The worker: claims jobs in batches, runs their handlers, stores what they decided."""

import asyncio
import random
import secrets
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from jobs.queue import TOPIC, Dead, Decision, Job, Outcome, Released, Retry, turn
from jobs.schedule import Every, plan_ticks
from storage.database import Database
from storage.errors import StorageError
from storage.notices import RESYNC
from storage.queries import jobs as stored

log = structlog.get_logger("jobs")

MINUTE_MS: Final = 60_000


def backoff(attempts: int) -> int:
    """Milliseconds until the next try: 5 s, doubled each time, at most 6 h, a tenth of jitter."""
    wait = min(5_000 * 2 ** min(attempts - 1, 20), 360 * MINUTE_MS)
    return int(wait * random.uniform(0.9, 1.1))  # noqa: S311 - jitter


@dataclass(frozen=True, slots=True)
class Each:
    """Run every job of a kind by itself.

    After `attempts` tries that raised (or killed their process) the job is dead. At most about
    `limit` of them run at once, so that one slow kind cannot take every place.
    """

    run: Callable[[Job], Awaitable[Decision]]
    attempts: int = 12
    limit: int = 64


@dataclass(frozen=True, slots=True)
class Together:
    """Run the claimed jobs of a kind as one list; the decisions come back in the same order.

    None means that all are done. If it raises, each job is tried alone, so that a poisoned one
    does not take its neighbours with it.
    """

    run: Callable[[list[Job]], Awaitable[Sequence[Decision] | None]]
    attempts: int = 12
    limit: int = 512


Handler = Each | Together | Callable[[Job], Awaitable[Decision]]


class Worker:
    """Runs the jobs of the kinds it has handlers for, until it is stopped.

    `places`: how many jobs at once. `lease_seconds`: how long a dead worker's jobs stay out of
    reach; a living one renews its leases. `poll_seconds`: how late a delayed job may start.
    """

    def __init__(
        self,
        db: Database,
        handlers: Mapping[str, Handler],
        *,
        schedule: Sequence[Every] = (),
        places: int = 200,
        batch: int = 50,
        lease_seconds: float = 60.0,
        poll_seconds: float = 1.0,
    ) -> None:
        self._db = db
        self._handlers = {
            kind: handler if isinstance(handler, Each | Together) else Each(handler)
            for kind, handler in handlers.items()
        }
        self._schedule = schedule
        self._places = places
        self._batch = batch
        self._lease_ms = int(lease_seconds * 1000)
        self._poll = poll_seconds
        self._me = secrets.randbits(62)
        self._held: dict[int, Job] = {}
        self._outcomes: list[Outcome] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop` is called. Database errors are waited out."""
        leave = self._db.bus.subscribe(self._hint, TOPIC, RESYNC)
        upkeep = asyncio.create_task(self._upkeep())
        try:
            while not self._stopping:
                self._wake.clear()
                if await self._turn() < self._batch:
                    await self._wait()
        finally:
            leave()
            upkeep.cancel()
            self._stopped.set()

    async def stop(self, timeout: float = 20.0) -> None:  # noqa: ASYNC109 - time to finish
        """Claim nothing more, let running jobs finish, release those that do not in `timeout` s."""
        self._stopping = True
        self._wake.set()
        await self._stopped.wait()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._turn()

    async def drain(self) -> None:
        """Run until nothing is due, without `run` and its waiting; for tests and the CLI."""
        while await self._turn() or self._tasks or self._outcomes:
            if self._tasks:
                await asyncio.wait(self._tasks)

    def _hint(self, topic: str, _: bytes) -> None:
        if topic in {TOPIC, RESYNC}:
            self._wake.set()

    async def _wait(self) -> None:
        """Sleep until there is something to store or to claim, at most the polling time."""
        if not self._outcomes:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._poll)
        if self._tasks and not self._stopping:
            await asyncio.sleep(0.002)  # let more jobs end: they share one commit

    async def _turn(self) -> int:
        """Store outcomes and claim; how many jobs were claimed."""
        outcomes, self._outcomes = self._outcomes, []
        ended = {outcome.job.id for outcome in outcomes}  # their places are free again
        places = self._places - len(self._held) + len(ended)
        try:
            claimed = await self._db.write(
                turn,
                outcomes,
                worker=self._me,
                kinds=self._free_kinds(ended),
                limit=0 if self._stopping else min(self._batch, places),
                lease_ms=self._lease_ms,
            )
        except StorageError as error:
            # Nothing is forgotten: what was decided is stored by the next turn.
            self._outcomes = outcomes + self._outcomes
            log.warning("job queue out of reach", reason=str(error))
            if self._stopping:
                return 0
            await asyncio.sleep(self._poll)
            return 0
        for job_id in ended:
            self._held.pop(job_id, None)
        self._start([job for job in claimed if job.id not in self._held])
        return len(claimed)

    def _free_kinds(self, ended: set[int]) -> list[str]:
        running = Counter(job.kind for job in self._held.values() if job.id not in ended)
        return [kind for kind, h in self._handlers.items() if running[kind] < h.limit]

    def _start(self, jobs: list[Job]) -> None:
        together: dict[str, list[Job]] = {}
        for job in jobs:
            self._held[job.id] = job
            handler = self._handlers[job.kind]
            if job.attempts > handler.attempts:
                self._decided(job, Dead(f"given up after {handler.attempts} tries"))
            elif isinstance(handler, Together):
                together.setdefault(job.kind, []).append(job)
            else:
                self._spawn(self._run_each(handler, job))
        for kind, group in together.items():
            handler = self._handlers[kind]
            if isinstance(handler, Together):
                self._spawn(self._run_together(handler, group))

    def _spawn(self, work: "Awaitable[None]") -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_each(self, handler: Each, job: Job) -> None:
        try:
            decision = await handler.run(job)
        except asyncio.CancelledError:
            decision = Released()
        except Exception as error:  # noqa: BLE001 - a job's failure is the job's
            decision = self._failed(job, handler.attempts, error)
        self._decided(job, decision)

    async def _run_together(self, handler: Together, jobs: list[Job]) -> None:
        try:
            decisions = await handler.run(jobs) or [None] * len(jobs)
        except asyncio.CancelledError:
            decisions = [Released()] * len(jobs)
        except Exception as error:  # noqa: BLE001 - as above
            if len(jobs) > 1:
                for job in jobs:
                    await self._run_together(handler, [job])
                return
            decisions = [self._failed(jobs[0], handler.attempts, error)]
        for job, decision in zip(jobs, decisions, strict=True):
            self._decided(job, decision)

    def _failed(self, job: Job, attempts: int, error: Exception) -> Decision:
        reason = describe(error)
        log.warning("job failed", kind=job.kind, job=job.id, tries=job.attempts, reason=reason)
        if job.attempts >= attempts:
            return Dead(reason)
        return Retry(backoff(job.attempts), reason)

    def _decided(self, job: Job, decision: Decision) -> None:
        self._outcomes.append(Outcome(job, decision))
        self._wake.set()

    async def _upkeep(self) -> None:
        """Renew leases and plan ticks, three times per lease."""
        while True:
            try:
                if self._schedule:
                    await self._db.write(plan_ticks, self._schedule)
                if self._held:
                    await self._db.write(
                        stored.renew,
                        worker=self._me,
                        ids=list(self._held),
                        lease_ms=self._lease_ms,
                    )
            except StorageError as error:
                log.warning("leases not renewed", reason=str(error))
            await asyncio.sleep(min(20.0, self._lease_ms / 3000))


def describe(error: BaseException) -> str:
    """The error's class and place, without its text: that may quote what people wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    name = type(error).__qualname__
    if not frames:
        return name
    return f"{name} at {'/'.join(frames[-1].filename.split('/')[-2:])}:{frames[-1].lineno}"
