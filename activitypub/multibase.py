"""Multibase and multicodec, as far as Multikeys and proofs need them.

Only base58btc (prefix `z`) is read or written: FEP-521a and FEP-8b32 name no other. Keys carry the
multicodec prefix `ed25519-pub` (0xed, as the varint bytes ed 01) before their 32 bytes.
"""

from typing import Final

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_ED25519_PUB: Final = b"\xed\x01"

#: Decoding is quadratic, and nothing that we read (a key, a signature) is longer than 90 letters.
MAX_LETTERS: Final = 256


def encode(data: bytes) -> str:
    """`data` as a base58btc multibase string, beginning with `z`."""
    zeros = len(data) - len(data.lstrip(b"\0"))
    number = int.from_bytes(data, "big")
    letters: list[str] = []
    while number:
        number, digit = divmod(number, 58)
        letters.append(_ALPHABET[digit])
    return "z" + "1" * zeros + "".join(reversed(letters))


def decode(text: str) -> bytes:
    """The bytes of a base58btc multibase string.

    Raises ValueError for another base, a letter outside the alphabet or more than MAX_LETTERS.
    """
    if not text.startswith("z"):
        raise ValueError("multibase: only base58btc (z) is read")
    letters = text[1:]
    if len(letters) > MAX_LETTERS:
        raise ValueError("multibase: too long")
    number = 0
    for letter in letters:
        value = _VALUES.get(letter)
        if value is None:
            raise ValueError("multibase: a letter is not base58btc")
        number = number * 58 + value
    zeros = len(letters) - len(letters.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode_ed25519(raw: bytes) -> str:
    """The `publicKeyMultibase` of a raw 32-byte Ed25519 public key (FEP-521a)."""
    if len(raw) != 32:
        raise ValueError("an Ed25519 public key has 32 bytes")
    return encode(_ED25519_PUB + raw)


def decode_ed25519(text: str) -> bytes:
    """The raw 32 bytes of an Ed25519 `publicKeyMultibase`. Raises ValueError for anything else."""
    data = decode(text)
    if len(data) != 34 or not data.startswith(_ED25519_PUB):
        raise ValueError("multikey: only ed25519-pub is read")
    return data[2:]
