"""From a request to its Signer: the only place that makes one.

Order: what can be read, then whether we talk to that server at all, then the key, which is fetched
only for a request that a key could save (form, coverage, digest, time). Whether the signer may do
what it asks for is for the caller, who has the signer's stored actor in hand.
"""

import hashlib
from functools import lru_cache

from msgspec import Struct

from activitypub.parse.fields import origin_of
from domain.addresses import BadUrl, parse_url
from domain.kinds import KeyType, Limit
from federation.fetcher import CannotFetch, Fetcher
from federation.key_material import (
    PublicKey,
    UnacceptableKeyError,
    load_multikey,
    load_public_key,
)
from federation.keys import known_key, new_key, refetched_key
from federation.signatures import (
    MAX_AGE,
    MAX_AHEAD,
    BadSignature,
    ClaimedSignature,
    IncomingRequest,
    Scheme,
    check,
    parse,
    verify,
)
from storage.queries.keys import KeyHolder, use_nonce
from storage.views.actors import ActorView

__all__ = ["BadSignature", "IncomingRequest", "Signer", "authenticate"]


class Signer(Struct, frozen=True):
    """Who signed a request: the actor whose own document lists the key that verified it.

    `covered`: what of the request was signed, in lower case.
    """

    actor: ActorView
    key_id: str
    scheme: Scheme
    covered: tuple[str, ...] = ()


async def authenticate(fetcher: Fetcher, request: IncomingRequest) -> Signer:
    """Establish who signed `request`.

    Raises BadSignature: 400 unreadable, 401 proves nothing, 403 a server that we do not talk to.
    """
    claimed = parse(request)
    await _admit(fetcher, claimed.key_id)
    holder = await _verified(fetcher, claimed, request)
    if holder.actor.gone_at is not None:
        raise BadSignature(401, "the signer is gone")
    if holder.actor.limited is Limit.SUSPENDED:
        raise BadSignature(403, "this node does not talk to that actor")
    if claimed.nonce is not None:
        await _use_nonce(fetcher, claimed, claimed.nonce)
    return Signer(holder.actor, claimed.key_id, claimed.scheme, claimed.components)


async def _admit(fetcher: Fetcher, key_id: str) -> None:
    """Refuse other servers before anything is fetched or looked up (protocol §3)."""
    try:
        origin, authority = _server_of(key_id)
    except BadUrl:
        raise BadSignature(403, "the keyId is not an address of a server we talk to") from None
    if origin == fetcher.node.origin:
        raise BadSignature(401, "our own actors do not sign from outside")
    if not await fetcher.policy.may_exchange(authority):
        raise BadSignature(403, "this node does not talk to that server")


@lru_cache(maxsize=4_096)
def _server_of(key_id: str) -> tuple[str, str]:
    """A key's origin and authority: the same keys come again and again. Raises BadUrl."""
    url = parse_url(key_id)
    return url.origin, url.authority


async def _verified(
    fetcher: Fetcher, claimed: ClaimedSignature, request: IncomingRequest
) -> KeyHolder:
    """The holder of the key that verifies the request, asked for anew once if it does not."""
    now = fetcher.now()
    known = await known_key(fetcher, claimed.key_id)
    if known is None:
        check(claimed, request, now)  # nobody makes us fetch with what no key could save
        fresh = await _new(fetcher, claimed.key_id)
        verify(claimed, request, _public(fresh), now)
        return fresh
    try:
        verify(claimed, request, _public(known), now)
    except BadSignature:
        check(claimed, request, now)
        newer = await refetched_key(fetcher, known)
        if newer is None:
            raise
        verify(claimed, request, _public(newer), now)
        return newer
    return known


async def _new(fetcher: Fetcher, key_id: str) -> KeyHolder:
    if not fetcher.newcomers.take(origin_of(key_id)):
        raise BadSignature(429, "too many new actors of that server")
    try:
        return await new_key(fetcher, key_id)
    except CannotFetch as problem:
        raise BadSignature(401, "the signer's key could not be confirmed") from problem


def _public(holder: KeyHolder) -> PublicKey:
    load = load_public_key if holder.key.type is KeyType.RSA else load_multikey
    try:
        return load(holder.key.public)
    except UnacceptableKeyError:
        raise BadSignature(401, "the key is not one that we accept") from None


async def _use_nonce(fetcher: Fetcher, claimed: ClaimedSignature, nonce: str) -> None:
    """A signature with a nonce is good once (RFC 9421 §7.2.2)."""
    name = hashlib.sha256(f"{claimed.key_id}\n{nonce}".encode()).hexdigest()
    made = claimed.created if claimed.created is not None else int(fetcher.now().timestamp())
    last = min(claimed.expires or made + MAX_AGE, made + MAX_AGE) + MAX_AHEAD
    if not await fetcher.db.write(use_nonce, name, last * 1000):
        raise BadSignature(401, "this signature was used before")
