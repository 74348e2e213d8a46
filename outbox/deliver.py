"""Deliver: sends what fan-out queued, at least once, in order, without drowning anybody.

One sender per process keeps a bounded number of deliveries in flight. Claims, and the results
of what was sent, go to the database together in one write. Every attempt is signed afresh,
in a thread, because a signature lives for minutes and a delivery may live for days.

An origin that does not answer is left alone for 1 min · 2ⁿ, at most 6 h; after 7 days its
deliveries become dead letters that an operator sees (design §5). `Retry-After` is honoured up
to a day, and 410 ends a delivery. An origin is knocked at with the signature scheme that it
took before, draft-cavage if we do not know it, and with the other one after 400 or 401.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from msgspec import Struct

from activitypub.synchronization import HEADER
from activitypub.vocabulary import ACTIVITY_JSON
from domain.kinds import SignatureScheme
from domain.node import Node
from federation.answers import HungUp, Response, Unreachable, retry_after
from federation.client import Client
from federation.keyring import Keyring, SigningKey
from federation.policy import may_exchange
from federation.signatures import Scheme, sign
from outbox.fan_out import DELIVERIES, may_still_get
from outbox.members import still_due, with_collections
from storage.database import Database
from storage.lanes import free_thread
from storage.notices import Bus
from storage.queries import deliveries
from storage.queries.deliveries import Delivery
from storage.tx import Tx

log = logging.getLogger("tertulia.deliver")

HOUR = 3_600_000
FRESH = 1_000  # ms for which rights that were asked at fan-out hold (protocol §6)
FINAL = frozenset({400, 403, 404, 405, 406, 411, 413, 414, 415, 421, 422, 501})
SCHEMES = {
    SignatureScheme.UNKNOWN: Scheme.CAVAGE,
    SignatureScheme.CAVAGE: Scheme.CAVAGE,
    SignatureScheme.RFC9421: Scheme.RFC9421,
    SignatureScheme.OURS: Scheme.RFC9421_OURS,
}
SEEN = {
    Scheme.CAVAGE: SignatureScheme.CAVAGE,
    Scheme.RFC9421: SignatureScheme.RFC9421,
    Scheme.RFC9421_OURS: SignatureScheme.OURS,
}
# How one of our nodes asks, by RFC 9421 §5.1, for the stricter signature between our nodes.
ASKS_FOR_OURS = 'tag="tertulia"'


class Pace(Struct, frozen=True):
    """How patient the sender is, in milliseconds."""

    first: int = 60_000
    longest: int = 6 * HOUR
    horizon: int = 7 * 24 * HOUR
    idle: int = 1_000

    def back_off(self, failures: int) -> int:
        """How long to wait after so many failures in a row: first · 2ⁿ⁻¹ up to the longest."""
        return min(self.longest, self.first << min(max(failures - 1, 0), 20))


class Outcome(Struct, frozen=True):
    """What became of one attempt."""

    delivery: Delivery
    done: bool = False
    final: bool = False  # trying again would not help
    origin_down: bool = False  # the whole origin did not answer
    scheme: SignatureScheme | None = None  # what the origin took
    wait_ms: int = 0  # what the origin asked for
    error: str = ""


class Sender:
    """Sends deliveries until it is stopped. Several processes may share one queue."""

    def __init__(
        self,
        db: Database,
        client: Client,
        node: Node,
        keyring: Keyring,
        bus: Bus,
        *,
        pace: Pace | None = None,
        in_flight: int = 128,
    ) -> None:
        self._db = db
        self._client = client
        self._node = node
        self._keyring = keyring
        self._pace = pace or Pace()
        self._room = in_flight
        self._tasks: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._wake = asyncio.Event()
        self._stopping = False
        self._signers = ThreadPoolExecutor(1, "sign", initializer=free_thread)
        self._unsubscribe = bus.subscribe(self._hear, DELIVERIES)

    def _hear(self, topic: str, _payload: bytes) -> None:
        if topic == DELIVERIES:
            self._wake.set()

    async def run(self) -> None:
        """Send until `stop`; then finish what is in flight and record it."""
        while not self._stopping:
            self._wake.clear()
            outcomes, self._outcomes = self._outcomes, []
            room = self._room - len(self._tasks)
            claimed = await self._settle_and_claim(outcomes, room)
            if claimed:
                await self._start(claimed)
            if len(claimed) < room or len(self._tasks) >= self._room:
                await self._rest()
        await asyncio.gather(*self._tasks)
        await self._settle_and_claim(self._outcomes, 0)
        self._outcomes = []

    async def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping = True
        self._wake.set()
        self._unsubscribe()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pace.idle / 1000):
                await self._wake.wait()
        except TimeoutError:
            return
        if self._tasks:
            await asyncio.sleep(0.01)  # let a few more results come in before the next write

    async def _settle_and_claim(self, outcomes: Sequence[Outcome], room: int) -> list[Delivery]:
        try:
            return await self._db.write(
                settle_and_claim, node=self._node, pace=self._pace, outcomes=outcomes, room=room
            )
        except Exception:
            # What was sent will be sent again when its lease ends: at least once, never lost.
            log.exception("Deliveries could not be recorded")
            await asyncio.sleep(self._pace.idle / 1000)
            return []

    async def _start(self, claimed: list[Delivery]) -> None:
        keys = await self._keyring.signing_keys(self._db, {one.actor_id for one in claimed})
        ready = [delivery for delivery in claimed if delivery.actor_id in keys]
        loop = asyncio.get_running_loop()
        signed = await loop.run_in_executor(self._signers, _sign_all, ready, keys)
        for delivery, headers in zip(ready, signed, strict=True):
            task = loop.create_task(self._send(delivery, keys[delivery.actor_id], headers))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        self._outcomes += [
            Outcome(delivery, final=True, error="its author has no key")
            for delivery in claimed
            if delivery.actor_id not in keys
        ]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()

    async def _send(self, delivery: Delivery, key: SigningKey, headers: dict[str, str]) -> None:
        scheme = SCHEMES[delivery.scheme]
        try:
            response = await self._post(delivery, key, headers)
            if response.status in {400, 401}:
                newest = await self._keyring.newest_key(self._db, delivery.actor_id)
                if newest.uri == key.uri:
                    scheme = Scheme.RFC9421 if scheme is Scheme.CAVAGE else Scheme.CAVAGE
                again = _signed(delivery, newest, scheme)
                response = await self._client.post(delivery.inbox, delivery.body, again)
            outcome = judge(delivery, response, scheme)
        except Unreachable as problem:
            outcome = Outcome(delivery, origin_down=True, error=str(problem))
        except Exception as problem:
            log.exception("A delivery failed in an unexpected way")
            outcome = Outcome(delivery, error=type(problem).__name__)
        self._outcomes.append(outcome)

    async def _post(self, delivery: Delivery, key: SigningKey, headers: dict[str, str]) -> Response:
        """POST once, and at once again where the connection ended without an answer.

        Servers end kept connections after a while (Node's after 6 s), at times just then. It
        comes at least once, and has one effect, whatever became of the first.
        """
        try:
            return await self._client.post(delivery.inbox, delivery.body, headers)
        except HungUp:
            afresh = _signed(delivery, key, SCHEMES[delivery.scheme])
            return await self._client.post(delivery.inbox, delivery.body, afresh)


def _sign_all(batch: Sequence[Delivery], keys: Mapping[int, SigningKey]) -> list[dict[str, str]]:
    return [_signed(one, keys[one.actor_id], SCHEMES[one.scheme]) for one in batch]


def _signed(delivery: Delivery, key: SigningKey, scheme: Scheme) -> dict[str, str]:
    headers = {"Content-Type": ACTIVITY_JSON}
    if delivery.collection:
        headers[HEADER] = delivery.collection
    headers |= sign(
        method="POST",
        url=delivery.inbox,
        headers=headers,
        body=delivery.body,
        key=key.key,
        key_id=key.uri,
        scheme=scheme,
        now=datetime.now(UTC),
        nonce=secrets.token_urlsafe(18),
    )
    return headers


def judge(delivery: Delivery, response: Response, scheme: Scheme) -> Outcome:
    """What an answer means for a delivery and for its origin."""
    status = response.status
    if 200 <= status < 300:
        asked = ASKS_FOR_OURS in response.headers.get("Accept-Signature", "")
        return Outcome(delivery, done=True, scheme=SignatureScheme.OURS if asked else SEEN[scheme])
    if status == 410:
        return Outcome(delivery, done=True, error="gone")
    error = f"answered {status}"
    if status in FINAL or 300 <= status < 400:
        return Outcome(delivery, final=True, error=error)
    waited = retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
    return Outcome(
        delivery,
        origin_down=status in {429, 502, 503, 504},
        wait_ms=(waited or 0) * 1000,
        error=error,
    )


def settle_and_claim(
    tx: Tx, *, node: Node, pace: Pace, outcomes: Sequence[Outcome], room: int
) -> list[Delivery]:
    """Record what became of the last attempts and lease the next."""
    _settle(tx, pace, outcomes)
    if room <= 0:
        return []
    claimed = deliveries.claim(tx, room)
    hosts = {delivery.origin_id: delivery.host for delivery in claimed}
    refused = {one for one, host in hosts.items() if not may_exchange(tx, node, host)}
    for origin_id in sorted(refused):
        deliveries.drop_origin(tx, origin_id)  # decided after it was queued (O16, G57)
    admitted = [delivery for delivery in claimed if delivery.origin_id not in refused]
    void = _void(tx, node, admitted)
    deliveries.finish(tx, sorted(void))
    standing = [delivery for delivery in admitted if delivery.id not in void]
    return with_collections(tx, standing)


def _void(tx: Tx, node: Node, claimed: Sequence[Delivery]) -> set[int]:
    """Deliveries that waited while the right to what they bring ended, or the post itself."""
    late = [one for one in claimed if one.attempts or tx.now - one.created_at > FRESH]
    about = deliveries.posts_of(tx, {one.activity_id for one in late}) if late else {}
    void = {
        one.id
        for one in late
        if one.community_id is not None and not still_due(tx, one, about.get(one.activity_id))
    }
    waited = [one for one in late if one.community_id is None]
    for post_id in set(about.values()):
        mine = [one for one in waited if about.get(one.activity_id) == post_id]
        addresses = {one.inbox for one in mine}
        still = may_still_get(tx, node=node, post_id=post_id, addresses=addresses)
        void |= {one.id for one in mine if one.inbox not in still}
    return void


def _settle(tx: Tx, pace: Pace, outcomes: Sequence[Outcome]) -> None:
    deliveries.finish(tx, [outcome.delivery.id for outcome in outcomes if outcome.done])
    for outcome in outcomes:
        if not outcome.done:
            _settle_failed(tx, pace, outcome)
    for origin_id, scheme in _news(outcomes).items():
        deliveries.origin_reached(tx, origin_id, scheme)
    down = {o.delivery.origin_id: o.wait_ms for o in outcomes if o.origin_down}
    if not down:
        return
    for origin_id, (failures, _) in sorted(deliveries.failing(tx, list(down)).items()):
        wait = max(down[origin_id], pace.back_off(failures + 1))
        deliveries.origin_missed(tx, origin_id, tx.now + wait)


def _news(outcomes: Sequence[Outcome]) -> dict[int, SignatureScheme]:
    """Origins of which something is known now that was not when their deliveries were claimed."""
    return {
        outcome.delivery.origin_id: outcome.scheme
        for outcome in outcomes
        if outcome.scheme is not None
        and (outcome.delivery.failures or outcome.delivery.scheme is not outcome.scheme)
    }


def _settle_failed(tx: Tx, pace: Pace, outcome: Outcome) -> None:
    delivery = outcome.delivery
    if outcome.final or tx.now - delivery.created_at > pace.horizon:
        deliveries.give_up(tx, delivery.id, outcome.error)
        return
    wait = max(outcome.wait_ms, pace.back_off(delivery.attempts + 1))
    deliveries.postpone(tx, delivery.id, tx.now + wait, outcome.error)
