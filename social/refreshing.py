"""Actors of other servers are asked for again once a day, when they act or somebody looks at them.

An actor that its server calls gone (410) is asked for once more a day later, and is then gone here.
Who says of themselves that they are gone, and cannot prove it any more because their key is gone
too, is looked at now: never believed, always fetched (S24). A 404 says less: the actor may be there
for others. So it is gone at the second look, and never if we know of it by a card alone.
"""

from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from domain.addresses import parse_url
from federation.discovery import STALE_MS, fetch_actor, recheck_handle
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import Decision, Job, Retry, enqueue
from jobs.worker import Each, Handler
from social.departures import actor_left
from storage.database import Database
from storage.queries import actors, keys, looked_up, origins
from storage.tx import Tx
from storage.views.actors import ActorView

REFRESH: Final = "refresh_actor"
"""The kind of job that asks for an actor again."""

#: Milliseconds between two looks at one actor, and until a missing one is looked at again.
PAUSE_MS: Final = 3600 * 1000
LOOK_AGAIN_MS: Final = 25 * 3600 * 1000
GONE_AFTER_MS: Final = 24 * 3600 * 1000
_AGAIN_MS: Final = 10 * 60 * 1000
_TRIES: Final = 3


class _Look(Struct, frozen=True):
    """The payload. `said`: the actor, or somebody in its name, said that it is gone."""

    uri: str
    said: bool = False


def is_due(actor: ActorView, now: int) -> bool:
    """Whether it is time to ask for an actor again. `now` in ms."""
    if actor.is_local or actor.is_hearsay or actor.gone_at is not None:
        return False
    return now - actor.fetched_at > STALE_MS


def want(tx: Tx, actor: ActorView) -> None:
    """Ask for an actor again, unless that was wanted within the hour."""
    if is_due(actor, tx.now):
        _ask(tx, _Look(actor.uri))


async def look_again(db: Database, actor: ActorView, *, now: int) -> None:
    """Somebody looks at an actor: ask for it again if it is time. `now` in ms."""
    if is_due(actor, now):
        await db.write(want, actor)


def is_said_to_be_gone(tx: Tx, uri: str) -> None:
    """Look whether an actor is gone, as was said without proof; as much work for one unknown."""
    actor = actors.by_uri(tx, uri)
    known = actor is not None and not actor.is_local and actor.gone_at is None
    _ask(tx, _Look(uri, said=True), known=known)


def _ask(tx: Tx, look: _Look, *, known: bool = True) -> None:
    mark = f"{REFRESH} {int(look.said)} {look.uri}"
    if keys.may_ask(tx, mark, PAUSE_MS) and known:
        enqueue(tx, REFRESH, msgspec.to_builtins(look), unique=mark)


async def look_at(fetcher: Fetcher, uri: str, *, said: bool = False) -> None:
    """Ask for an actor again; what was said of it is believed if its server says so too.

    Raises CannotFetch if its server cannot be asked now.
    """
    try:
        actor = await fetch_actor(fetcher, uri)
    except CannotFetch as problem:
        if not problem.gone:
            raise
        await fetcher.db.write(_not_there, uri=uri, said=said, ended=problem.ended)
        return
    await recheck_handle(fetcher, actor)


def _not_there(tx: Tx, *, uri: str, said: bool, ended: bool) -> None:
    """Its server knows no such actor: gone now, or looked at again a day later."""
    actor = actors.by_uri(tx, uri)
    if actor is None or actor.is_local or not (ended or (said and not actor.is_hearsay)):
        return
    missing = actor.missing_since
    if (said and ended) or (missing is not None and tx.now - missing >= GONE_AFTER_MS):
        actor_left(tx, actor_id=actor.id)
        return
    looked_up.mark_missing(tx, actor.id)
    again = msgspec.to_builtins(_Look(uri, said))
    enqueue(tx, REFRESH, again, run_at=tx.now + LOOK_AGAIN_MS, unique=f"{REFRESH} again {uri}")


async def _run(fetcher: Fetcher, job: Job) -> Decision:
    look = msgspec.convert(job.payload, _Look)
    if await fetcher.db.read(_rests, look.uri):
        return Retry(PAUSE_MS, "its server does not answer") if look.said else None
    try:
        await look_at(fetcher, look.uri, said=look.said)
    except CannotFetch as problem:
        if problem.later and job.attempts < _TRIES:
            return Retry(_AGAIN_MS, problem.reason)
    return None


def _rests(tx: Tx, uri: str) -> bool:
    """Whether an actor's server is left alone for a while: the breaker of the deliveries."""
    origin = origins.by_origin(tx, parse_url(uri).origin)
    return origin is not None and origin.retry_at > tx.now


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kind of job, for the worker."""
    return {REFRESH: Each(partial(_run, fetcher), attempts=50, limit=4)}
