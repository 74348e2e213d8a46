"""Our own private keys: made, sealed at rest, unsealed for signing.

The database holds them encrypted (AES-256-GCM) under a key that lies in a file beside it, so a copy
of the database alone signs nothing. Keys are unsealed once and kept by their row's id; which row
is an actor's current key is asked of the database again at the latest after two seconds, because
the command line may rotate keys in another process.
"""

import asyncio
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from domain.kinds import KeyType
from federation.key_material import PrivateKey, generate_ed25519, generate_rsa, load_private_key
from federation.recent import Recent
from storage.database import Database
from storage.queries.keys import OwnKey, own_keys

FILE: Final = "secret.key"

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"tertulia private key 1"
_KEPT: Final = 4_096


class KeyringError(Exception):
    """The data folder's key is missing, damaged or not the one that sealed the database's keys."""


class NewKeys(Struct, frozen=True, kw_only=True):
    """A pair of new keys, ready to be stored: public halves as documents show them."""

    rsa_public: str  # PEM
    rsa_sealed: bytes
    ed25519_public: str  # multibase
    ed25519_sealed: bytes

    def __repr__(self) -> str:
        """Nothing of the secrets, not even sealed."""
        return "<NewKeys>"


class SigningKey(Struct, frozen=True):
    """A private key of one of our actors and the id under which its document lists it."""

    uri: str
    key: PrivateKey


class Keyring:
    """Makes and unseals the private keys of our actors. One per process."""

    def __init__(self, folder: Path) -> None:
        """Open the key file in `folder`, or make it. Raises KeyringError."""
        secret = _secret(folder / FILE)
        self._cipher = AESGCM(secret)
        self._secret = secret
        self._unsealed: dict[int, PrivateKey] = {}
        self._current: Recent[tuple[int, KeyType], OwnKey] = Recent(_KEPT)

    def __repr__(self) -> str:
        return "<Keyring>"

    def make(self) -> NewKeys:
        """New keys for one actor. Takes tens of milliseconds: from the command line only."""
        rsa, ed25519 = generate_rsa(), generate_ed25519()
        return NewKeys(
            rsa_public=rsa.public.pem(),
            rsa_sealed=self.seal(rsa.pem()),
            ed25519_public=ed25519.public.multikey(),
            ed25519_sealed=self.seal(ed25519.pem()),
        )

    async def generate(self) -> NewKeys:
        """New keys for one actor, made in a thread. Never inside a write."""
        return await asyncio.to_thread(self.make)

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, always the same for this data folder (RFC 5869)."""
        info = f"tertulia {purpose} 1".encode()
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(
            self._secret
        )

    def seal(self, pem: str) -> bytes:
        """Encrypt a private key for storage."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, pem.encode(), _PURPOSE)

    def unseal(self, sealed: bytes) -> PrivateKey:
        """The private key in what `seal` made. Raises KeyringError."""
        try:
            pem = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _PURPOSE)
        except (InvalidTag, ValueError):
            raise KeyringError("a stored key was not sealed with this data folder's key") from None
        return load_private_key(pem.decode())

    async def signing_key(
        self, db: Database, actor_id: int, key_type: KeyType = KeyType.RSA
    ) -> SigningKey:
        """The current key of one of our actors. Raises KeyringError if it has none."""
        found = await self.signing_keys(db, [actor_id], key_type)
        if actor_id not in found:
            raise KeyringError("this actor has no key")
        return found[actor_id]

    async def newest_key(
        self, db: Database, actor_id: int, key_type: KeyType = KeyType.RSA
    ) -> SigningKey:
        """The key as it is this moment, for a second try: it may have been changed just now.

        Raises KeyringError if the actor has none.
        """
        self._current.forget((actor_id, key_type))
        return await self.signing_key(db, actor_id, key_type)

    async def signing_keys(
        self, db: Database, actor_ids: Iterable[int], key_type: KeyType = KeyType.RSA
    ) -> dict[int, SigningKey]:
        """The current keys of several of our actors; who has none is left out."""
        current = {one: self._current.get((one, key_type)) for one in actor_ids}
        stale = [one for one, own in current.items() if own is None]
        if stale:
            for actor_id, own in (await db.read(own_keys, stale, key_type)).items():
                current[actor_id] = self._current.put((actor_id, key_type), own)
        return {one: self._opened(own) for one, own in current.items() if own is not None}

    def _opened(self, own: OwnKey) -> SigningKey:
        key = self._unsealed.get(own.id)
        if key is None:
            if len(self._unsealed) >= _KEPT:
                self._unsealed.clear()
            key = self._unsealed[own.id] = self.unseal(own.sealed)
        return SigningKey(own.uri, key)


def _secret(path: Path) -> bytes:
    """The bytes of the key file, made with mode 0600 if it is not there yet."""
    try:
        _create(path)
        secret = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as problem:
        raise KeyringError(f"{path}: {problem.strerror}") from None
    if len(secret) != _KEY_BYTES:
        raise KeyringError(f"{path} does not hold a key of {_KEY_BYTES} bytes")
    if mode & 0o077:
        raise KeyringError(f"{path} can be read by others; its mode must be 0600")
    return secret


def _create(path: Path) -> None:
    """Write a new key under another name and link it, so that nobody reads half a key."""
    if path.exists():
        return
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            return  # another process was quicker: its key holds
    finally:
        part.unlink()
