"""What the signature tests share: keys made once per run, requests as they arrive."""

from datetime import UTC, datetime, timedelta
from functools import cache

from federation import signatures
from federation.key_material import PrivateKey, generate_ed25519, generate_rsa
from federation.signatures import IncomingRequest, Scheme

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())
ORIGIN = "https://a.example"
INBOX = f"{ORIGIN}/inbox"
KEY_ID = "https://b.example/a/7#main-key"
BODY = b'{"type":"Create","id":"https://b.example/act/1"}'
NONCE = "0123456789abcdef-nonce"
AS2_TYPE = {"Content-Type": "application/activity+json"}


@cache
def rsa_key() -> PrivateKey:
    return generate_rsa()


@cache
def other_rsa_key() -> PrivateKey:
    return generate_rsa()


@cache
def ed25519_key() -> PrivateKey:
    return generate_ed25519()


def signed_headers(
    scheme: Scheme = Scheme.CAVAGE,
    *,
    method: str = "POST",
    url: str = INBOX,
    body: bytes | None = BODY,
    key: PrivateKey | None = None,
    now: datetime = NOW,
) -> dict[str, str]:
    added = signatures.sign(
        method=method,
        url=url,
        headers=AS2_TYPE,
        body=body,
        key=key or rsa_key(),
        key_id=KEY_ID,
        scheme=scheme,
        now=now,
        nonce=NONCE,
    )
    return {**AS2_TYPE, **added}


def received(
    headers: dict[str, str] | list[tuple[str, str]],
    *,
    method: str = "POST",
    target: str = "/inbox",
    body: bytes = BODY,
    origin: str = ORIGIN,
) -> IncomingRequest:
    lines = list(headers.items()) if isinstance(headers, dict) else headers
    return IncomingRequest(method, target, lines, body, origin)


def verify(
    request: IncomingRequest, key: PrivateKey | None = None, now: datetime = NOW
) -> signatures.ClaimedSignature:
    """Parse and verify as the server does; gives the claim back if it holds."""
    claimed = signatures.parse(request)
    signatures.verify(claimed, request, (key or rsa_key()).public, now)
    return claimed


def refusal(
    request: IncomingRequest, key: PrivateKey | None = None, now: datetime = NOW
) -> tuple[int, str]:
    """Status and reason of the refusal; fails if there is none."""
    try:
        verify(request, key, now)
    except signatures.BadSignature as refused:
        return refused.status, refused.reason
    raise AssertionError("the request was accepted")


def later(**delta: float) -> datetime:
    return NOW + timedelta(**delta)
