"""What nodes say to each other of their agreements, one activity after the other, until heard.

It has a way of its own, beside the deliveries: it is allowed before both have signed and after the
end, when nothing else goes there (protocol §3). Only nodes of our kind make agreements, so the
signature is always the one between our nodes.
"""

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
import orjson
import structlog

from activitypub.vocabulary import ACTIVITY_JSON, JsonDict
from domain.addresses import parse_url
from federation.answers import Unreachable
from federation.fetcher import Fetcher
from federation.policy import may_talk
from federation.signatures import Scheme, sign
from jobs.queue import Dead, Decision, Job, Retry, enqueue
from jobs.worker import Each
from storage.tx import Tx
from storage.views.actors import ActorView

log = structlog.get_logger("outbox")

TALK: Final = "agreement_talk"

#: Milliseconds: how long it is tried, and the waits between.
HORIZON_MS: Final = 7 * 24 * 3600 * 1000
FIRST_MS: Final = 3_000
LONGEST_MS: Final = 6 * 3600 * 1000
#: A refusal may be an answer that the other node remembers from a moment ago: asked again so often.
REFUSALS: Final = 6
_LATER: Final = frozenset({408, 425, 429})


class _Said(msgspec.Struct):
    inbox: str
    actor: int
    body: str


def say(tx: Tx, *, speaker: ActorView, listener: ActorView, document: JsonDict) -> None:
    """Queue an activity of our Application actor for that of another node."""
    said = {
        "inbox": listener.inbox,
        "actor": speaker.id,
        "body": orjson.dumps(document).decode(),
    }
    enqueue(tx, TALK, said, order_key=f"{TALK} {listener.origin_id}")


GivenUp = Callable[[str, str], Awaitable[None]]
"""Called with the other node's domain and the reason when something was not heard in the end."""


def job(fetcher: Fetcher, given_up: GivenUp) -> Each:
    """The handler of `TALK` jobs."""

    async def run(one: Job) -> Decision:
        said = msgspec.convert(one.payload, _Said)
        decision = await _send(fetcher, one, said)
        if isinstance(decision, Dead):
            domain = parse_url(said.inbox).authority
            log.warning("not heard on an agreement", server=domain, reason=decision.reason)
            await given_up(domain, decision.reason)
        return decision

    return Each(run, attempts=10_000, limit=8)


async def _send(fetcher: Fetcher, one: Job, said: _Said) -> Decision:
    if not await fetcher.db.read(may_talk, fetcher.node, parse_url(said.inbox).authority):
        return Dead("this node does not talk to that server any more")
    try:
        status = await _post(fetcher, said)
    except Unreachable as problem:
        return _again(fetcher, one, problem.reason)
    if 200 <= status < 300:
        return None
    if status < 500 and status not in _LATER and one.attempts >= REFUSALS:
        return Dead(f"answered {status}")
    return _again(fetcher, one, f"answered {status}")


async def _post(fetcher: Fetcher, said: _Said) -> int:
    key = await fetcher.keyring.newest_key(fetcher.db, said.actor)
    body, headers = said.body.encode(), {"Content-Type": ACTIVITY_JSON}
    headers |= sign(
        method="POST",
        url=said.inbox,
        headers=headers,
        body=body,
        key=key.key,
        key_id=key.uri,
        scheme=Scheme.RFC9421_OURS,
        now=datetime.now(UTC),
        nonce=secrets.token_urlsafe(18),
    )
    return (await fetcher.client.post(said.inbox, body, headers)).status


def _again(fetcher: Fetcher, one: Job, reason: str) -> Decision:
    if fetcher.now_ms() - one.created_at > HORIZON_MS:
        return Dead(reason)
    return Retry(min(FIRST_MS << min(2 * (one.attempts - 1), 20), LONGEST_MS), reason)
