"""Messages to apps through their push services: encrypted for the app, signed by this node.

Two ways, since apps read either: RFC 8291 (`aes128gcm`) with RFC 8292 (VAPID), and the drafts that
came before them (draft-ietf-webpush-encryption-04, `aesgcm`; draft-ietf-webpush-vapid-01), which
some apps still take alone. The push service sees who is told, when, and how much; never what.
"""

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from domain.addresses import Url
from federation.keyring import Keyring

TTL_SECONDS: Final = 48 * 3600
"""For how long a push service keeps a message for an app that is not reachable."""

SIGNED_SECONDS: Final = 12 * 3600
"""How long a signature holds; a push service accepts up to a day (RFC 8292 §2)."""

POINT_BYTES: Final = 65
AUTH_BYTES: Final = 16
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_RECORD: Final = 4096
# The order of the curve P-256 (SEC 2): private keys are the numbers below it.
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class BadKey(ValueError):  # noqa: N818 -- a refusal of what somebody sent
    """What an app sent is no key of its kind."""


class Recipient(Struct, frozen=True):
    """The keys that an app made for its subscription."""

    p256dh: bytes
    auth: bytes
    standard: bool

    def __repr__(self) -> str:
        """Nothing of the secret."""
        return "<Recipient>"


class Message(Struct, frozen=True):
    """A request to a push service, ready to be sent."""

    headers: dict[str, str]
    body: bytes


class WebPush:
    """The node's own side of Web Push. One per process; the keys follow from the data folder's."""

    def __init__(self, keyring: Keyring, subject: str) -> None:
        """`subject`: whom the operator of a push service can ask, `mailto:` or an address."""
        self._key = _private_key(keyring.derive("web push"))
        self._tokens = AESGCM(keyring.derive("web push tokens"))
        self._subject = subject
        self.public_key: Final = encoded(_point(self._key.public_key()))
        """By which apps and push services know this node: base64url without padding."""

    def __repr__(self) -> str:
        return "<WebPush>"

    def seal(self, token: str) -> bytes:
        """Encrypt an access token for storage: the database holds none that can be used."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._tokens.encrypt(nonce, token.encode(), None)

    def unseal(self, sealed: bytes) -> str:
        """The access token in what `seal` made; nothing if another key sealed it."""
        try:
            plain = self._tokens.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            return ""
        return plain.decode()

    def message(self, recipient: Recipient, endpoint: Url, plain: bytes, now: int) -> Message:
        """A message for one app; `now` in ms. Raises BadKey."""
        token = self._signed(endpoint, now // 1000)
        made = _standard if recipient.standard else _legacy
        headers, body = made(recipient, plain)
        if recipient.standard:
            headers["Authorization"] = f"vapid t={token},k={self.public_key}"
        else:
            headers["Authorization"] = f"WebPush {token}"
            headers["Crypto-Key"] += f";p256ecdsa={self.public_key}"
        common = {"Content-Type": "application/octet-stream", "TTL": str(TTL_SECONDS)}
        return Message({**common, "Urgency": "normal", **headers}, body)

    def _signed(self, endpoint: Url, seconds: int) -> str:
        """A JSON Web Token for the push service's origin (RFC 8292 §2)."""
        claims = {
            "aud": endpoint.origin,
            "exp": seconds + SIGNED_SECONDS,
            "sub": self._subject,
        }
        head = encoded(orjson.dumps({"typ": "JWT", "alg": "ES256"}))
        said = f"{head}.{encoded(orjson.dumps(claims))}"
        r, s = decode_dss_signature(self._key.sign(said.encode(), ECDSA(SHA256())))
        return f"{said}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def encoded(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def read_point(text: str) -> bytes:
    """An app's public key: an uncompressed point on P-256. Raises BadKey."""
    point = _decoded(text, POINT_BYTES)
    _public_key(point)
    return point


def read_auth(text: str) -> bytes:
    """An app's secret of 16 bytes (RFC 8291 §3.2). Raises BadKey."""
    return _decoded(text, AUTH_BYTES)


def _decoded(text: str, size: int) -> bytes:
    """Base64 as apps send it: either alphabet, with padding or without."""
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        data = urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except (NotBase64, ValueError):
        raise BadKey from None
    if len(data) != size or encoded(data) != plain:
        raise BadKey
    return data


def _private_key(secret: bytes) -> EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha512(secret).digest(), "big") % (_ORDER - 1) + 1
    return derive_private_key(number, SECP256R1())


def _public_key(point: bytes) -> EllipticCurvePublicKey:
    if point[:1] != b"\x04":
        raise BadKey
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError:
        raise BadKey from None


def _point(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(salt: bytes, secret: bytes, info: bytes, size: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=size, salt=salt, info=info).derive(secret)


def _standard(to: Recipient, plain: bytes) -> tuple[dict[str, str], bytes]:
    """RFC 8291 §3.4 over RFC 8188 §2: one record, the key and the salt in its header."""
    ours = generate_private_key(SECP256R1())
    own, salt = _point(ours.public_key()), secrets.token_bytes(_SALT_BYTES)
    shared = ours.exchange(ECDH(), _public_key(to.p256dh))
    secret = _derived(to.auth, shared, b"WebPush: info\x00" + to.p256dh + own, 32)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\x00", _NONCE_BYTES)
    record = AESGCM(key).encrypt(nonce, plain + b"\x02", None)
    header = salt + _RECORD.to_bytes(4, "big") + bytes([len(own)]) + own
    return {"Content-Encoding": "aes128gcm"}, header + record


def _legacy(to: Recipient, plain: bytes) -> tuple[dict[str, str], bytes]:
    """draft-ietf-webpush-encryption-04 §4: the key and the salt in headers of the request."""
    ours = generate_private_key(SECP256R1())
    own, salt = _point(ours.public_key()), secrets.token_bytes(_SALT_BYTES)
    shared = ours.exchange(ECDH(), _public_key(to.p256dh))
    secret = _derived(to.auth, shared, b"Content-Encoding: auth\x00", 32)
    context = b"P-256\x00" + _sized(to.p256dh) + _sized(own)
    key = _derived(salt, secret, b"Content-Encoding: aesgcm\x00" + context, 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\x00" + context, _NONCE_BYTES)
    record = AESGCM(key).encrypt(nonce, b"\x00\x00" + plain, None)
    headers = {
        "Content-Encoding": "aesgcm",
        "Encryption": f"salt={encoded(salt)}",
        "Crypto-Key": f"dh={encoded(own)}",
    }
    return headers, record


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data
