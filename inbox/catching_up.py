"""Jobs that ask other servers: what was said before, and who of ours belongs or follows there."""

from functools import partial
from typing import Final

from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import Dead, Decision, Job, Retry
from jobs.worker import Each, Handler
from social.backfill import backfill
from social.follower_lists import FOLLOWER_LIST, settle
from social.joining import BACKFILL
from social.roll_call import LONGEST_WAIT_MS, ROLL_CALL, call_roll

_FIRST_MS: Final = 10_000
_TRIES: Final = 4


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kinds of job, for the worker."""
    return {
        BACKFILL: Each(partial(_backfill, fetcher), limit=4),
        ROLL_CALL: Each(partial(_call_roll, fetcher), limit=16),
        FOLLOWER_LIST: Each(partial(_agree_on_followers, fetcher), limit=4),
    }


async def _backfill(fetcher: Fetcher, job: Job) -> Decision:
    """A new member reads up. What cannot be had in a day is left."""
    try:
        await backfill(
            fetcher, community_id=job.payload["community"], actor_id=job.payload["actor"]
        )
    except CannotFetch as problem:
        wait = _wait(job)
        return Dead(problem.reason) if job.attempts > 24 else Retry(wait, problem.reason)
    return None


async def _call_roll(fetcher: Fetcher, job: Job) -> Decision:
    """Ask until there is an answer: what the community sent waits behind this job, unread."""
    try:
        await call_roll(fetcher, job.payload)
    except CannotFetch as problem:
        return Retry(_wait(job), problem.reason)
    return None


async def _agree_on_followers(fetcher: Fetcher, job: Job) -> Decision:
    """A server that cannot be asked now says it again with its next words for followers."""
    try:
        await settle(fetcher, actor_id=job.payload["actor"], address=job.payload["list"])
    except CannotFetch as problem:
        again = problem.later and job.attempts < _TRIES
        return Retry(_wait(job), problem.reason) if again else None
    return None


def _wait(job: Job) -> int:
    """Twice as long each time, up to an hour; what could not be had rests for five minutes."""
    return min(_FIRST_MS << min(job.attempts, 10), LONGEST_WAIT_MS)
