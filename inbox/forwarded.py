"""Forwarded: an activity that somebody else than its actor delivers (ActivityPub §7.1.2).

What comes so is never believed for who brings it, nor for an LD signature that it carries. With a
proof by its actor's own key (FEP-8b32) it is the actor's word and taken as that. Without one it is
a hint at most: the object is fetched from its own server, if it belongs to what is here already.
Only what is for anybody and in no community comes this way. We forward nothing ourselves.
"""

from datetime import UTC, datetime
from typing import Final

import structlog
from msgspec.structs import replace

from activitypub.json import PUBLIC, JsonObject, MalformedDocument, parse
from activitypub.parse.activities import Activity
from activitypub.parse.fields import origin_of, reference, types
from activitypub.proofs import BadProof, proof_method, verify_proof
from domain.addresses import parse_url
from domain.errors import TooMany
from domain.kinds import KeyType
from domain.node import Node
from federation.authentication import Signer
from federation.fetcher import CannotFetch, Fetcher
from federation.key_material import load_multikey
from federation.keys import known_key, new_key
from inbox.reading import LARGEST
from jobs.queue import Decision, Job, Retry, enqueue
from social import attempts
from social.ancestors import read_post, want_ancestors
from social.attempts import Attempt, Pace
from social.remote_changes import delete_remote_post, update_remote_post
from social.remote_posts import store_remote_post
from storage.queries import actors, keys, posts
from storage.queries.keys import KeyHolder
from storage.tx import Tx
from storage.views.posts import PostRow

log = structlog.get_logger("inbox")

LOOK: Final = "look_at_forwarded"
"""The kind of job that looks at an object of which somebody else told; its payload is the id."""

_TYPES: Final = frozenset({"Create", "Update", "Delete"})
#: Milliseconds between two looks at one object.
PAUSE_MS: Final = 5 * 60 * 1000
#: Days for which a proof stands for the present; later its server is asked.
PROVEN_DAYS: Final = 7
#: What one server may forward: some at once, then one every two seconds.
PACE: Final = Pace(200, 2)
_TRIES: Final = 3
_AGAIN_MS: Final = 10 * 60 * 1000


async def spoken_for(
    fetcher: Fetcher, signer: Signer, activity: Activity, body: bytes
) -> Signer | None:
    """Whose word a delivered activity is: its signer's, or by proof its actor's.

    None: nobody's, but a look at its object was asked for. Whoever signed what is not theirs and
    not forwarded like this stays its signer, to be refused.
    """
    if activity.actor == signer.actor.uri or not _may_come_so(fetcher, activity):
        return signer
    if not await fetcher.policy.may_exchange(parse_url(activity.actor).authority):
        return signer
    if not await fetcher.db.read(_belongs_here, activity):
        return signer
    try:
        forwarder = Attempt("forwarded", str(signer.actor.origin_id), PACE)
        await fetcher.db.write(attempts.take, [forwarder])
    except TooMany:
        return None  # its author will tell us, or somebody who forwards less
    holder = await _prover(fetcher, activity, body)
    if holder is not None:
        return replace(signer, actor=holder.actor, key_id=holder.key.uri)
    await fetcher.db.write(_want_look, activity)
    return None


def _may_come_so(fetcher: Fetcher, activity: Activity) -> bool:
    """A post of somebody elsewhere, for anybody, on its actor's server."""
    if activity.type not in _TYPES or activity.object_id is None or activity.audience:
        return False
    origin = origin_of(activity.actor)
    ids = (activity.id, activity.object_id)
    if any(origin_of(one) != origin for one in ids) or origin == fetcher.node.origin:
        return False
    return "#" not in activity.object_id and PUBLIC in activity.addressees


def _belongs_here(tx: Tx, activity: Activity) -> bool:
    """Whether the object is here, or answers what is here: nobody makes us ask for more."""
    if activity.object_id is None or posts.buried_by(tx, activity.object_id) is not None:
        return False
    known = posts.by_uri(tx, activity.object_id)
    if activity.type != "Create" or known is not None:
        return known is not None and not known.is_local and known.is_world_public
    parent = posts.by_uri(tx, _answered(activity))
    return parent is not None and parent.is_world_public and parent.deleted_at is None


def _answered(activity: Activity) -> str:
    try:
        return reference((activity.embedded or {}).get("inReplyTo"), "inReplyTo")
    except MalformedDocument:
        return ""


async def _prover(fetcher: Fetcher, activity: Activity, body: bytes) -> KeyHolder | None:
    """The holder of the key that proves an activity: its actor, by a young proof; else nobody."""
    if not activity.has_proof:
        return None
    document = parse(body, max_bytes=LARGEST)
    method = proof_method(document)
    if method is None or method.partition("#")[0] != activity.actor:
        return None
    try:
        holder = await known_key(fetcher, method) or await new_key(fetcher, method)
    except CannotFetch:
        return None
    if holder.actor.uri != activity.actor or holder.key.type is not KeyType.ED25519:
        return None
    return holder if _verifies(document, holder, fetcher.now()) else None


def _verifies(document: JsonObject, holder: KeyHolder, now: datetime) -> bool:
    try:
        verify_proof(document, load_multikey(holder.key.public).ed25519, now)
        made = datetime.fromisoformat(str(document["proof"]["created"]))
    except (BadProof, ValueError, KeyError):
        return False
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    return (now - made).days < PROVEN_DAYS


def _want_look(tx: Tx, activity: Activity) -> None:
    uri = activity.object_id or ""
    if activity.type == "Create" and posts.by_uri(tx, uri) is not None:
        return  # its author told us first
    if keys.may_ask(tx, f"{LOOK} {uri}", PAUSE_MS):
        enqueue(tx, LOOK, uri, unique=f"{LOOK} {uri}")


async def look(fetcher: Fetcher, job: Job) -> Decision:
    """Look at an object at its own server, and believe what is there."""
    try:
        await look_at(fetcher, job.payload)
    except CannotFetch as problem:
        if problem.later and job.attempts < _TRIES:
            return Retry(_AGAIN_MS, problem.reason)
        log.info("not looked at", reason=problem.reason)
    return None


async def look_at(fetcher: Fetcher, uri: str) -> bool:
    """Store, change or delete a post as its own server shows it; whether anything changed.

    Raises CannotFetch.
    """
    known = await fetcher.db.read(posts.by_uri, uri)
    if known is None:
        return await _store(fetcher, uri)
    try:
        if await _is_tombstone(fetcher, uri):
            return await fetcher.db.write(_gone, node=fetcher.node, row=known)
        note, author = await read_post(fetcher, uri)
    except CannotFetch as problem:
        if not problem.gone:
            raise
        return await fetcher.db.write(_gone, node=fetcher.node, row=known)
    return await fetcher.db.write(update_remote_post, node=fetcher.node, note=note, signer=author)


async def _store(fetcher: Fetcher, uri: str) -> bool:
    note, author = await read_post(fetcher, uri)

    def store(tx: Tx) -> bool:
        stored = store_remote_post(tx, node=fetcher.node, note=note, signer=author)
        if stored is not None:
            want_ancestors(tx, note=note)
        return stored is not None

    return note.id == uri and await fetcher.db.write(store)


async def _is_tombstone(fetcher: Fetcher, uri: str) -> bool:
    found = await fetcher.document(uri)
    try:
        return "Tombstone" in types(found.body)
    except MalformedDocument:
        return False


def _gone(tx: Tx, *, node: Node, row: PostRow) -> bool:
    """What anybody could read is gone when its own server does not show it any more."""
    author = actors.by_id(tx, row.author_id)
    if author is None or not row.is_world_public:
        return False
    return delete_remote_post(tx, node=node, uri=row.uri, by_uri=author.uri)
