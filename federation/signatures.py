"""Signing requests and verifying their signatures: the one interface, whatever the scheme.

Order for a caller: `parse`, then `check` (both without a key: whoever fails here costs no fetch),
then find the key of `key_id` and prove that it belongs to the actor, then `verify`. A signature
with a nonce (`Scheme.RFC9421_OURS`) is good once: remember (key_id, nonce) until `expires`.
"""

from collections.abc import Mapping
from datetime import datetime

from federation import draft_cavage, message_signatures
from federation.draft_cavage import CavageSignature
from federation.key_material import PrivateKey, PublicKey
from federation.message_signatures import MessageSignature
from federation.signed_requests import (
    MAX_AGE,
    MAX_AHEAD,
    BadSignature,
    ClaimedSignature,
    IncomingRequest,
    Scheme,
    check_lines,
    check_target,
)

__all__ = [
    "MAX_AGE",
    "MAX_AHEAD",
    "BadSignature",
    "ClaimedSignature",
    "IncomingRequest",
    "Scheme",
    "check",
    "parse",
    "sign",
    "verify",
]


def parse(request: IncomingRequest) -> ClaimedSignature:
    """What the request says about its signature.

    A `Signature-Input` makes it RFC 9421, otherwise it is draft-cavage.
    Raises BadSignature: 400 if the fields cannot be read, 401 if there is no signature.
    """
    check_target(request)
    check_lines(request)
    if "signature-input" in request.fields:
        return message_signatures.parse(request)
    return draft_cavage.parse(request)


def check(claimed: ClaimedSignature, request: IncomingRequest, now: datetime) -> None:
    """Refuse what no key could save: coverage, digest, time. Raises BadSignature.

    `verify` asks all of it again; this is only for refusing early.
    """
    if isinstance(claimed, MessageSignature):
        message_signatures.check(claimed, request, now)
    elif isinstance(claimed, CavageSignature):
        draft_cavage.check(claimed, request, now)
    else:
        raise TypeError("not made by parse()")


def verify(
    claimed: ClaimedSignature, request: IncomingRequest, public_key: PublicKey, now: datetime
) -> None:
    """Return if the holder of `public_key` signed this request for us, within the time window.

    `claimed` has to come from `parse(request)`. Whose key it is remains the caller's question.
    Raises BadSignature(401), or 400 where fields contradict themselves.
    """
    if isinstance(claimed, MessageSignature):
        message_signatures.verify(claimed, request, public_key, now)
    elif isinstance(claimed, CavageSignature):
        draft_cavage.verify(claimed, request, public_key, now)
    else:
        raise TypeError("not made by parse()")


def sign(
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    key: PrivateKey,
    key_id: str,
    scheme: Scheme,
    now: datetime,
    nonce: str = "",
) -> dict[str, str]:
    """The headers to add to a request so that it is signed by `key`.

    `url` is signed as it stands, so it has to be encoded already, and `body` has to be the very
    bytes to be sent (None for no body). `nonce` (16 to 128 characters, random, new for every
    request) is needed for `Scheme.RFC9421_OURS`. Sign again for every attempt.
    Raises ValueError for what cannot be signed.
    """
    if scheme is Scheme.CAVAGE:
        return draft_cavage.sign(
            method=method, url=url, headers=headers, body=body, key=key, key_id=key_id, now=now
        )
    return message_signatures.sign(
        method=method,
        url=url,
        headers=headers,
        body=body,
        key=key,
        key_id=key_id,
        scheme=scheme,
        now=now,
        nonce=nonce,
    )
