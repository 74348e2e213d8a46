"""Fan out: one published document becomes one delivery per inbox.

Runs as a job after the transaction that published. Shared inboxes are used once per server,
domains that this node does not talk to are left out, and what becomes known to whom is
recorded in the same transaction that queues the first delivery (protocol §3).
"""

from collections.abc import Collection
from datetime import UTC, datetime

import msgspec
import orjson

from activitypub.json import JsonObject, as_list
from activitypub.proofs import add_proof
from activitypub.vocabulary import DATA_INTEGRITY, PROVEN_POST_CONTEXT
from domain.kinds import KeyType
from domain.node import Node
from federation.keyring import Keyring
from federation.policy import may_exchange
from jobs.queue import Job
from outbox.publish import Reach, reach_of
from storage.audience import readers_among
from storage.database import Database
from storage.queries import deliveries, posts
from storage.queries.activities import activity, set_body
from storage.queries.deliveries import Inbox
from storage.queries.disclosures import disclose
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.posts import for_delivery

DELIVERIES = "deliveries"  # the topic that wakes the sender


class _Payload(msgspec.Struct):
    activity: int
    reach: Reach


class FanOut:
    """The job handler; holds what the closures need."""

    def __init__(self, db: Database, node: Node, keyring: Keyring) -> None:
        self._db = db
        self._node = node
        self._keyring = keyring

    async def __call__(self, job: Job) -> None:
        """Queue the deliveries of one published document. Running it twice changes nothing."""
        payload = msgspec.convert(job.payload, _Payload)
        body = await self._proven(payload)
        await self._db.write(
            fan_out, node=self._node, activity_id=payload.activity, reach=payload.reach, body=body
        )

    async def _proven(self, payload: _Payload) -> bytes | None:
        """The document with an integrity proof, made before the write: there is one writer."""
        if not payload.reach.prove:
            return None
        found = await self._db.read(activity, activity_id=payload.activity)
        if found is None:
            return None
        actor_id, _, body = found
        document = orjson.loads(body)
        if "proof" in document:
            return None
        return orjson.dumps(await proven_by(self._db, self._keyring, actor_id, document))


async def proven_by(
    db: Database, keyring: Keyring, actor_id: int, document: JsonObject
) -> JsonObject:
    """A document of ours with its actor's integrity proof (FEP-8b32); one that has it stays so.

    By the key of this moment: whoever knows the newest believes no other.
    """
    if "proof" in document:
        return document
    key = await keyring.newest_key(db, actor_id, KeyType.ED25519)
    if DATA_INTEGRITY not in as_list(document["@context"]):
        document = {**document, "@context": PROVEN_POST_CONTEXT}
    made = datetime.now(UTC).replace(microsecond=0)
    return add_proof(document, key.key.ed25519, key.uri, made)


def fan_out(tx: Tx, *, node: Node, activity_id: int, reach: Reach, body: bytes | None) -> int:
    """Write the deliveries of a document; how many inboxes it goes to."""
    if activity(tx, activity_id) is None or _was_deleted(tx, reach.remember):
        return 0
    if body is not None:
        set_body(tx, activity_id, body)
    inboxes = _inboxes(tx, node, reach)
    deliveries.insert_deliveries(
        tx, activity_id, [(new_id(tx), inbox) for inbox in inboxes], subject=reach.subject
    )
    if reach.remember:
        deliveries.remember_copies(tx, reach.remember, inboxes)
    disclose(tx, reach.names, {inbox.origin_id for inbox in inboxes})
    if inboxes:
        tx.publish(DELIVERIES)
    return len(inboxes)


def _was_deleted(tx: Tx, post_id: int) -> bool:
    """Whether a post was taken back before it went anywhere."""
    row = posts.by_id(tx, post_id) if post_id else None
    return row is not None and row.deleted_at is not None


def _inboxes(tx: Tx, node: Node, reach: Reach) -> list[Inbox]:
    followers = (
        deliveries.inboxes_of_followers(tx, reach.followers_of) if reach.followers_of else []
    )
    named = deliveries.inboxes_of_actors(tx, reach.actors, personal=reach.personal)
    if reach.readers_of:
        followers, named = _readers_only(tx, reach.readers_of, followers, named)
    found = [*followers, *named]
    if reach.holders_of:
        found += deliveries.inboxes_of_holders(tx, reach.holders_of)
    if reach.copies_of and not reach.readers_of:
        # What only some may read is not sent after those who may not read it any more.
        found += deliveries.inboxes_of_copies(tx, reach.copies_of)
    distinct = {inbox.address: inbox for inbox in found}
    hosts = {inbox.host for inbox in distinct.values()}
    admitted = {host for host in hosts if may_exchange(tx, node, host)}
    return [inbox for inbox in distinct.values() if inbox.host in admitted]


def may_still_get(tx: Tx, *, node: Node, post_id: int, addresses: Collection[str]) -> set[str]:
    """Those of the inboxes that a post of ours may still be sent to (protocol §1, §6).

    What was deleted goes nowhere; what anybody may read, everywhere that it was queued for.
    """
    row = posts.by_id(tx, post_id)
    if row is None or row.deleted_at is not None:
        return set()
    if row.is_world_public:
        return set(addresses)
    reach = reach_of(tx, for_delivery(tx, post_id))
    entitled = _inboxes(tx, node, reach) if reach is not None else []
    return {inbox.address for inbox in entitled} & set(addresses)


def _readers_only(
    tx: Tx, post_id: int, followers: list[Inbox], named: list[Inbox]
) -> tuple[list[Inbox], list[Inbox]]:
    """Leave out who may not read the post now; for a reply that includes reading its root.

    A server shows what is addressed to followers to all followers there. So one of them who may
    not read it keeps the whole server from getting it that way.
    """
    readers = readers_among(tx, post_id, {inbox.actor_id for inbox in (*followers, *named)})
    closed = {inbox.origin_id for inbox in followers if inbox.actor_id not in readers}
    return (
        [inbox for inbox in followers if inbox.origin_id not in closed],
        [inbox for inbox in named if inbox.actor_id in readers],
    )
