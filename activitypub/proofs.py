"""Object integrity proofs: FEP-8b32 with the cryptosuite `eddsa-jcs-2022`.

What is signed: SHA-256 of the proof without its value, then SHA-256 of the document without its
proof, both canonicalised by JCS (RFC 8785). A proof shows that the holder of a key wrote a
document; that the key belongs to the document's author is for the caller to establish.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from activitypub import multibase
from activitypub.json import JsonObject, as_list

CRYPTOSUITE: Final = "eddsa-jcs-2022"

_FIXED: Final = {
    "type": "DataIntegrityProof",
    "cryptosuite": CRYPTOSUITE,
    "proofPurpose": "assertionMethod",
}


class BadProof(ValueError):  # noqa: N818  (it names the thing refused)
    """A document whose proof proves nothing. `reason` is safe to show."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def proof_method(document: JsonObject) -> str | None:
    """The `verificationMethod` of the one proof in `document`: the id of the key to look for.

    None if there is no proof, or several, or one that we could not verify anyway.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict):
        return None
    if any(proof.get(name) != value for name, value in _FIXED.items()):
        return None
    method = proof.get("verificationMethod")
    return method if isinstance(method, str) and method else None


def add_proof(
    document: JsonObject, key: Ed25519PrivateKey, verification_method: str, created: datetime
) -> JsonObject:
    """A copy of `document` with a proof under `proof`.

    `@context` becomes a list, as verifiers compare it with the proof's own. `verification_method`:
    the id under which the author's `assertionMethod` lists the key. Raises ValueError if the
    document has a proof or an LD signature, holds what JCS cannot write, or lacks a context.
    """
    if "proof" in document or "signature" in document:
        raise ValueError("the document is signed already")
    if created.tzinfo is None:
        raise ValueError("created needs a time zone")
    context = as_list(document.get("@context"))
    if not context:
        raise ValueError("the document has no @context")
    unsigned = {**document, "@context": context}
    proof = {
        "@context": list(context),
        **_FIXED,
        "verificationMethod": verification_method,
        "created": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    value = multibase.encode(key.sign(_hashes(unsigned, proof)))
    return {**unsigned, "proof": {**proof, "proofValue": value}}


def verify_proof(
    document: JsonObject, public_key: Ed25519PublicKey, now: datetime | None = None
) -> None:
    """Return if the holder of `public_key` made the proof over exactly this document.

    The document has to come from `activitypub.json.parse`. Fields outside the proof's reach are
    none: everything is covered but `proof` itself and a `signature`, which FEP-8b32 has removed,
    and contexts appended after those that the proof repeats. `now` is needed only for a proof
    with `expires`; without it such a proof is refused. Raises BadProof.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise BadProof("not exactly one proof")
    if proof_method(document) is None:
        raise BadProof("a proof of another kind")
    _check_expiry(proof, now)
    signature = _signature(proof)
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        message = _hashes(_unsigned(document, proof), options)
    except rfc8785.CanonicalizationError as error:
        raise BadProof("the document has no canonical form") from error
    try:
        public_key.verify(signature, message)
    except InvalidSignature as error:
        raise BadProof("the proof does not verify") from error


def _hashes(document: JsonObject, options: JsonObject) -> bytes:
    """What gets signed (Data Integrity EdDSA Cryptosuites 1.0 §3.3.4)."""
    return (
        hashlib.sha256(rfc8785.dumps(options)).digest()
        + hashlib.sha256(rfc8785.dumps(document)).digest()
    )


def _unsigned(document: JsonObject, proof: JsonObject) -> JsonObject:
    unsigned = {
        name: value for name, value in document.items() if name not in {"proof", "signature"}
    }
    if "@context" in proof:
        # §3.3.2: the proof's contexts come first in the document's, and stand for them.
        claimed, actual = as_list(proof["@context"]), as_list(document.get("@context"))
        if not claimed or actual[: len(claimed)] != claimed:
            raise BadProof("the proof was made for another context")
        unsigned["@context"] = proof["@context"]
    return unsigned


def _signature(proof: JsonObject) -> bytes:
    value: Any = proof.get("proofValue")
    try:
        return multibase.decode(value) if isinstance(value, str) else b""
    except ValueError as error:
        raise BadProof("the proof has no readable value") from error


def _check_expiry(proof: JsonObject, now: datetime | None) -> None:
    if "expires" not in proof:
        return
    try:
        expires = datetime.fromisoformat(proof["expires"])
    except (TypeError, ValueError) as error:
        raise BadProof("the proof's expiry cannot be read") from error
    if now is None or expires.tzinfo is None or expires <= now:
        raise BadProof("the proof has expired")
