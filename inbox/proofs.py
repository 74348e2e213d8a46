"""Integrity proofs on what arrives (FEP-8b32).

The HTTP signature already says whose an activity is. A proof by the same actor is asked as well:
one that does not fit means that the bytes are not what was proven. A proof by a key that we do
not know is no statement to us.
"""

from datetime import UTC, datetime

from activitypub.json import JsonObject, MalformedDocument, parse
from activitypub.parse.fields import origin_of
from activitypub.proofs import BadProof, proof_method, verify_proof
from domain.kinds import KeyType
from federation.fetcher import CannotFetch, Fetcher
from federation.key_material import load_multikey
from federation.keys import known_key, new_key
from inbox.reading import LARGEST
from inbox.signed import Dropped
from storage.queries.keys import KeyHolder
from storage.views.actors import ActorView


async def check_proof(fetcher: Fetcher, body: bytes, signer: ActorView, received_at: int) -> bool:
    """Whether an activity carries a proof by its signer's key that verifies.

    Raises Dropped for one that does not verify, or is by somebody else.
    """
    document = parse(body, max_bytes=LARGEST)
    holder = await _key(fetcher, document, signer)
    if holder is None or holder.key.type is not KeyType.ED25519:
        return False
    if holder.actor.id != signer.id:
        raise Dropped("its proof is by somebody else")
    try:
        key = load_multikey(holder.key.public).ed25519
        verify_proof(document, key, datetime.fromtimestamp(received_at / 1000, UTC))
    except (BadProof, ValueError) as problem:
        raise Dropped("its proof does not verify") from problem
    return True


async def _key(fetcher: Fetcher, document: JsonObject, signer: ActorView) -> KeyHolder | None:
    """The key that a proof names. A new one is asked for where a community will need it."""
    method = proof_method(document)
    if method is None:
        return None
    known = await known_key(fetcher, method)
    if known is not None or "audience" not in document or not _lies_with(method, signer):
        return known
    try:
        return await new_key(fetcher, method)
    except CannotFetch as problem:
        if problem.later:
            raise
        return None


def _lies_with(method: str, signer: ActorView) -> bool:
    try:
        return origin_of(method) == origin_of(signer.uri)
    except MalformedDocument:
        return False
