"""Integrity proofs on what arrives (FEP-8b32).

The HTTP signature already says whose an activity is. A proof by the same actor is asked as well:
one that does not fit means that the bytes are not what was proven. A proof by a key that we do
not know is no statement to us.
"""

from datetime import UTC, datetime

from activitypub.json import parse
from activitypub.proofs import BadProof, proof_method, verify_proof
from domain.kinds import KeyType
from federation.fetcher import Fetcher
from federation.key_material import load_multikey
from federation.keys import known_key
from inbox.reading import LARGEST
from inbox.signed import Dropped
from storage.views.actors import ActorView


async def check_proof(fetcher: Fetcher, body: bytes, signer: ActorView, received_at: int) -> None:
    """Refuse an activity whose own proof, by its signer's key, does not verify. Raises Dropped."""
    if b'"proof"' not in body:
        return
    document = parse(body, max_bytes=LARGEST)
    method = proof_method(document)
    holder = await known_key(fetcher, method) if method is not None else None
    if holder is None or holder.key.type is not KeyType.ED25519:
        return
    if holder.actor.id != signer.id:
        raise Dropped("its proof is by somebody else")
    try:
        key = load_multikey(holder.key.public).ed25519
        verify_proof(document, key, datetime.fromtimestamp(received_at / 1000, UTC))
    except (BadProof, ValueError) as problem:
        raise Dropped("its proof does not verify") from problem
