"""Keys: which are refused (row S20), which hold, and what is never shown."""

import base64
import logging
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from activitypub import multibase
from federation.key_material import (
    KeyKind,
    PrivateKey,
    PublicKey,
    UnacceptableKeyError,
    generate_ed25519,
    load_multikey,
    load_private_key,
    load_public_key,
)
from tests.federation.signing import ed25519_key, rsa_key
from tests.support.timing import is_quick


def pem_of(key: object, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_bytes(Encoding.PEM, form).decode()  # type: ignore[attr-defined, no-any-return]


def rsa_with(bits: int, exponent: int = 65_537) -> str:
    """An RSA public key of a size and exponent that nobody would make, written by hand.

    A modulus of the right length is enough: refusing must not depend on its factors.
    """
    modulus = (1 << bits) - 1

    def integer(number: int) -> bytes:
        data = number.to_bytes(number.bit_length() // 8 + 1, "big")
        return b"\x02" + length(data) + data

    def length(data: bytes) -> bytes:
        if len(data) < 128:
            return bytes([len(data)])
        size = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
        return bytes([0x80 | len(size)]) + size

    numbers = integer(modulus) + integer(exponent)
    return armour(b"\x30" + length(numbers) + numbers, "RSA PUBLIC KEY")


def armour(der: bytes, name: str = "PUBLIC KEY") -> str:
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[n : n + 64] for n in range(0, len(text), 64))
    return f"-----BEGIN {name}-----\n{lines}\n-----END {name}-----\n"


def trailing_der() -> str:
    der = rsa_key().public.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return armour(der + b"\x00")


REFUSED: dict[str, Callable[[], str]] = {
    "RSA 512": lambda: rsa_with(512),
    "RSA 1024": lambda: rsa_with(1_024),
    "RSA 2047": lambda: rsa_with(2_047),
    "RSA 4097": lambda: rsa_with(4_097),
    "RSA 16384": lambda: rsa_with(16_384),
    "exponent 1": lambda: rsa_with(2_048, 1),
    "exponent 3": lambda: rsa_with(2_048, 3),
    "exponent 65536": lambda: rsa_with(2_048, 65_536),
    "exponent huge": lambda: rsa_with(2_048, (1 << 2_000) + 1),
    "P-256": lambda: pem_of(ec.generate_private_key(ec.SECP256R1()).public_key()),
    "secp256k1": lambda: pem_of(ec.generate_private_key(ec.SECP256K1()).public_key()),
    "Ed448": lambda: pem_of(ed448.Ed448PrivateKey.generate().public_key()),
    "X25519": lambda: pem_of(x25519.X25519PrivateKey.generate().public_key()),
    "trailing text": lambda: rsa_key().public.pem() + "x",
    "leading text": lambda: "x" + rsa_key().public.pem(),
    "trailing DER": trailing_der,
    "two keys": lambda: ed25519_key().public.pem() * 2,
    "a private key": lambda: ed25519_key().pem(),
    "other label": lambda: armour(b"\x30\x00", "CERTIFICATE"),
    "labels differ": lambda: ed25519_key().public.pem().replace("END", "END RSA"),
    "not base64": lambda: "-----BEGIN PUBLIC KEY-----\nA=A\n-----END PUBLIC KEY-----",
    "no DER": lambda: armour(b"hello"),
    "empty": lambda: "",
    "long": lambda: "-----BEGIN PUBLIC KEY-----\n" + "A" * 1_000_000,
    "spaces": lambda: " " * 1_000_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_S20_odd_key_is_refused_quickly(name: str) -> None:
    pem = REFUSED[name]()

    def refused() -> None:
        with pytest.raises(UnacceptableKeyError):
            load_public_key(pem)

    assert is_quick(refused, seconds=0.05)


@pytest.mark.parametrize("bits", [2_048, 3_072, 4_096])
def test_S20_rsa_of_allowed_sizes_holds(bits: int) -> None:
    key = load_public_key(rsa_with(bits))
    assert key.kind is KeyKind.RSA
    assert len(key.pem()) <= 800


def test_S20_ed25519_holds() -> None:
    assert load_public_key(ed25519_key().public.pem()).kind is KeyKind.ED25519


def test_S20_line_ends_and_pkcs1_hold() -> None:
    public = rsa_key().public
    assert load_public_key(public.pem().replace("\n", "\r\n")) == public
    assert load_public_key("\n" + public.pem().strip()) == public
    assert load_public_key(pem_of(public.key, PublicFormat.PKCS1)) == public


def test_S20_the_policy_cannot_be_gone_around() -> None:
    weak = rsa.generate_private_key(65_537, 1_024)
    with pytest.raises(UnacceptableKeyError, match="1024"):
        PublicKey(weak.public_key())
    with pytest.raises(UnacceptableKeyError, match="1024"):
        load_private_key(PrivateKey(weak).pem())


@pytest.mark.parametrize(
    "raw",
    [
        "00" * 32,
        "01" + "00" * 31,
        "01" + "00" * 30 + "80",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ec" + "ff" * 30 + "7f",
        "ec" + "ff" * 31,
    ],
)
def test_S20_ed25519_of_small_order_is_refused(raw: str) -> None:
    with pytest.raises(UnacceptableKeyError, match="small order"):
        load_multikey(multibase.encode_ed25519(bytes.fromhex(raw)))


def test_S20_a_long_key_is_not_even_parsed() -> None:
    for name in ("RSA 16384", "long", "spaces"):
        with pytest.raises(UnacceptableKeyError, match="too long"):
            load_public_key(REFUSED[name]())


# Writing and reading


@pytest.mark.parametrize("make", [rsa_key, ed25519_key])
def test_keys_survive_storage(make: Callable[[], PrivateKey]) -> None:
    key = make()
    again = load_private_key(key.pem())
    assert again.kind is key.kind
    assert again.public == key.public
    assert load_public_key(key.public.pem()) == key.public
    assert key.public.verifies(again.sign(b"message"), b"message")
    assert not key.public.verifies(again.sign(b"message"), b"massage")
    assert not key.public.verifies(b"", b"message")


def test_loading_is_cached() -> None:
    pem = rsa_key().pem()
    assert load_private_key(pem) is load_private_key(pem)
    assert load_public_key(rsa_key().public.pem()) is load_public_key(rsa_key().public.pem())


def test_multikey_of_fep_521a() -> None:
    """The key of the FEP-8b32 test vector, which begins with z6Mk as every Ed25519 Multikey."""
    text = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    assert load_multikey(text).multikey() == text
    own = ed25519_key().public
    assert own.multikey().startswith("z6Mk")
    assert load_multikey(own.multikey()) == own


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "u7QGwDZOTjn93PVFWWq02piP1NE9_XRlg",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ20",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2 ",
        multibase.encode(b"\xe7\x01" + b"k" * 33),
        multibase.encode(b"\xed\x01" + b"k" * 31),
        multibase.encode(b"\x80\x26" + b"k" * 32),
        "z" + "2" * 1_000_000,
    ],
    ids=lambda text: text[:20],
)
def test_another_multikey_is_refused(text: str) -> None:
    def refused() -> None:
        with pytest.raises(UnacceptableKeyError):
            load_multikey(text)

    assert is_quick(refused, seconds=0.05)


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0a", b"hello", bytes(range(64)), b"\xff" * 70])
def test_base58_survives(data: bytes) -> None:
    assert multibase.decode(multibase.encode(data)) == data


def test_base58_as_the_multibase_draft_gives_it() -> None:
    assert multibase.encode(b"yes mani !") == "z7paNL19xttacUY"
    assert multibase.decode("z7paNL19xttacUY") == b"yes mani !"


def test_an_rsa_key_makes_no_proofs() -> None:
    with pytest.raises(UnacceptableKeyError):
        _ = rsa_key().ed25519
    with pytest.raises(UnacceptableKeyError):
        rsa_key().public.multikey()
    assert isinstance(ed25519_key().ed25519, ed25519.Ed25519PrivateKey)


# Secrets


def test_no_secret_in_repr_log_or_error(caplog: pytest.LogCaptureFixture) -> None:
    key = generate_ed25519()
    body = key.pem().splitlines()[1]
    logging.getLogger("test").warning("%s %r %s", key, key, {"key": key})
    with pytest.raises(UnacceptableKeyError) as refused:
        load_private_key(key.pem().replace("-----END", "----END"))
    shown = caplog.text + repr(refused.getrepr(chain=True)) + str(refused.value) + f"{key}"
    assert body not in shown
    assert refused.value.__suppress_context__
    assert repr(key) == "<PrivateKey ed25519>"
