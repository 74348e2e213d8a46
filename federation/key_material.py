"""Keys as objects: loading, checking, making and writing them.

A `PublicKey` exists only if it passed the policy, so a verifier never has to ask: RSA of 2048 to
4096 bits with exponent 65537, or Ed25519 without the points of small order. The algorithm belongs
to the key and to nothing that a request says. Loading is cached, since parsing a private key
costs thousands of times what a look-up does. No `repr` shows a secret.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from activitypub import multibase

#: Characters. An RSA-4096 public key has 800; a longer PEM is refused before anything parses it.
MAX_PUBLIC_PEM: Final = 1_024
MIN_RSA_BITS: Final = 2_048
MAX_RSA_BITS: Final = 4_096
RSA_EXPONENT: Final = 65_537
#: What new keys get. Every server known to us verifies it.
NEW_RSA_BITS: Final = 2_048

_PKCS1V15: Final = padding.PKCS1v15()
_SHA256: Final = hashes.SHA256()
_PUBLIC_PEM: Final = re.compile(
    r"\s*-----BEGIN (?P<kind>(?:RSA )?PUBLIC KEY)-----(?P<body>[A-Za-z0-9+/=\s]+)"
    r"-----END (?P=kind)-----\s*"
)

#: Encodings of the Ed25519 points of order 1, 2, 4 and 8, without the sign bit. Under such a key
#: one signature fits many messages.
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


class UnacceptableKeyError(ValueError):
    """A key that we refuse to use. The message says why and repeats nothing of the key."""


class KeyKind(StrEnum):
    """What a key is, and with it which algorithm it signs with."""

    RSA = "rsa"  # RSASSA-PKCS1-v1_5 with SHA-256
    ED25519 = "ed25519"


@dataclass(frozen=True)
class PublicKey:
    """A public key that passed the policy. Raises UnacceptableKeyError when built from another."""

    key: RSAPublicKey | Ed25519PublicKey

    def __post_init__(self) -> None:
        if isinstance(self.key, RSAPublicKey):
            _check_rsa(self.key)
        else:
            _check_ed25519(self.key)

    @cached_property
    def kind(self) -> KeyKind:
        """Which algorithm this key verifies."""
        return KeyKind.RSA if isinstance(self.key, RSAPublicKey) else KeyKind.ED25519

    @property
    def ed25519(self) -> Ed25519PublicKey:
        """The key for FEP-8b32 proofs. Raises UnacceptableKeyError if it is an RSA key."""
        if not isinstance(self.key, Ed25519PublicKey):
            raise UnacceptableKeyError("a proof needs an Ed25519 key")
        return self.key

    @cached_property
    def _verify(self) -> Callable[[bytes, bytes], None]:
        # Kept: to ask whether it is RSA, an abstract class, takes 2 µs.
        if isinstance(self.key, RSAPublicKey):
            return partial(self.key.verify, padding=_PKCS1V15, algorithm=_SHA256)
        return self.key.verify

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` is this key's over `message`."""
        try:
            self._verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> str:
        """SubjectPublicKeyInfo PEM, as `publicKeyPem` wants it."""
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def multikey(self) -> str:
        """The `publicKeyMultibase` of an Ed25519 key (FEP-521a)."""
        return multibase.encode_ed25519(self.ed25519.public_bytes_raw())


@dataclass(frozen=True, repr=False)
class PrivateKey:
    """One of our own keys. Its `repr` is fixed; only `pem()` gives the secret away."""

    key: RSAPrivateKey | Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"<PrivateKey {self.kind}>"

    @property
    def kind(self) -> KeyKind:
        """Which algorithm this key signs with."""
        return KeyKind.RSA if isinstance(self.key, RSAPrivateKey) else KeyKind.ED25519

    @property
    def ed25519(self) -> Ed25519PrivateKey:
        """The key for FEP-8b32 proofs. Raises UnacceptableKeyError if it is an RSA key."""
        if not isinstance(self.key, Ed25519PrivateKey):
            raise UnacceptableKeyError("a proof needs an Ed25519 key")
        return self.key

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self.key.public_key())

    def sign(self, message: bytes) -> bytes:
        """The raw signature over `message`, by the algorithm of the key."""
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(message, _PKCS1V15, _SHA256)
        return self.key.sign(message)

    def pem(self) -> str:
        """Unencrypted PKCS #8 PEM: a secret, for storage only."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def generate_rsa() -> PrivateKey:
    """A new RSA key for HTTP signatures. Takes tens of milliseconds: never inside a write."""
    return PrivateKey(generate_private_key(RSA_EXPONENT, NEW_RSA_BITS))


def generate_ed25519() -> PrivateKey:
    """A new Ed25519 key for proofs and for HTTP signatures between our nodes."""
    return PrivateKey(Ed25519PrivateKey.generate())


@lru_cache(maxsize=2_048)
def load_private_key(pem: str) -> PrivateKey:
    """One of our own keys from its PKCS #8 PEM. Never for a key from outside.

    RSA's consistency checks are skipped: they cost 30 ms and we wrote the key ourselves.
    Raises UnacceptableKeyError, with a message that shows nothing of `pem`.
    """
    try:
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause might quote its input, so it is cut off.
        raise UnacceptableKeyError("not a private key that can be read") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise UnacceptableKeyError("neither RSA nor Ed25519")
    private = PrivateKey(key)
    _ = private.public  # the same policy for our own keys
    return private


@lru_cache(maxsize=8_192)
def load_public_key(pem: str) -> PublicKey:
    """A key from `publicKeyPem`: SubjectPublicKeyInfo, or PKCS #1 as some older servers write it.

    Raises UnacceptableKeyError for anything but one key that passes the policy, alone in its PEM.
    Long input is refused before parsing, so an odd key costs microseconds.
    """
    if len(pem) > MAX_PUBLIC_PEM:
        raise UnacceptableKeyError("public key is too long")
    match = _PUBLIC_PEM.fullmatch(pem)
    if match is None:
        raise UnacceptableKeyError("not exactly one public key in PEM")
    try:
        der = base64.b64decode("".join(match["body"].split()), validate=True)
        key = load_der_public_key(der)
    except (binascii.Error, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnacceptableKeyError("not a public key that can be read") from error
    if not isinstance(key, RSAPublicKey | Ed25519PublicKey):
        raise UnacceptableKeyError("neither RSA nor Ed25519")
    return PublicKey(key)


@lru_cache(maxsize=8_192)
def load_multikey(text: str) -> PublicKey:
    """An Ed25519 key from `publicKeyMultibase` (FEP-521a). Raises UnacceptableKeyError."""
    try:
        return PublicKey(Ed25519PublicKey.from_public_bytes(multibase.decode_ed25519(text)))
    except ValueError as error:
        raise UnacceptableKeyError(str(error)) from error


def _check_rsa(key: RSAPublicKey) -> None:
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise UnacceptableKeyError(f"RSA key of {key.key_size} bits")
    if key.public_numbers().e != RSA_EXPONENT:
        raise UnacceptableKeyError("RSA exponent is not 65537")


def _check_ed25519(key: Ed25519PublicKey) -> None:
    raw = key.public_bytes_raw()
    if raw[:31] + bytes([raw[31] & 0x7F]) in _SMALL_ORDER:
        raise UnacceptableKeyError("Ed25519 key of small order")
