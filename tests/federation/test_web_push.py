"""Web Push: what we encrypt and sign, read with other libraries than ours."""

from pathlib import Path

import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from http_ece import ECEException

from domain.addresses import parse_url
from federation.keyring import Keyring
from federation.web_push import (
    SIGNED_SECONDS,
    BadKey,
    Recipient,
    WebPush,
    encoded,
    read_auth,
    read_point,
)
from tests.support.push_services import App, Received, decoded

NOW = 1_790_000_000_000
ENDPOINT = parse_url("https://push.example:8443/device/1?x=y")
WORDS = '{"title":"Ana Ñandú wrote to you"}'.encode()


@pytest.fixture
def push(tmp_path: Path) -> WebPush:
    return WebPush(Keyring(tmp_path), "mailto:admin@here.example")


def sent(push: WebPush, app: App, *, standard: bool, words: bytes = WORDS) -> Received:
    to = Recipient(app.point, app.auth, standard)
    message = push.message(to, ENDPOINT, words, NOW)
    return Received("/", message.headers, message.body)


@pytest.mark.parametrize("standard", [True, False], ids=["aes128gcm", "aesgcm"])
def test_the_app_reads_what_was_sent_and_nobody_else_does(push: WebPush, standard: bool) -> None:
    app, other = App(), App()
    message = sent(push, app, standard=standard)
    assert app.opened(message) == WORDS
    assert b"wrote" not in message.body
    with pytest.raises(ECEException):
        other.opened(message)
    other.key = app.key  # the key without the secret opens nothing
    with pytest.raises(ECEException):
        other.opened(message)
    assert sent(push, app, standard=standard).body != message.body


def test_the_two_ways_differ_in_their_headers(push: WebPush) -> None:
    app = App()
    standard, legacy = (sent(push, app, standard=one).headers for one in (True, False))
    assert standard["Content-Encoding"] == "aes128gcm"
    assert standard["Authorization"].startswith("vapid t=")
    assert standard["Authorization"].endswith(f",k={push.public_key}")
    assert "Crypto-Key" not in standard
    assert legacy["Content-Encoding"] == "aesgcm"
    assert legacy["Authorization"].startswith("WebPush ")
    assert legacy["Crypto-Key"].endswith(f";p256ecdsa={push.public_key}")
    assert int(standard["TTL"]) == int(legacy["TTL"]) > 0


def test_the_signature_names_the_service_and_verifies_under_the_public_key(push: WebPush) -> None:
    token = sent(push, App(), standard=False).headers["Authorization"].removeprefix("WebPush ")
    head, claims, signature = token.split(".")
    said = orjson.loads(decoded(claims))
    assert orjson.loads(decoded(head)) == {"typ": "JWT", "alg": "ES256"}
    assert said["aud"] == "https://push.example:8443"
    assert said["sub"] == "mailto:admin@here.example"
    assert said["exp"] == NOW // 1000 + SIGNED_SECONDS <= NOW // 1000 + 86_400
    raw = decoded(signature)
    pair = encode_dss_signature(*(int.from_bytes(half, "big") for half in (raw[:32], raw[32:])))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(push.public_key))
    key.verify(pair, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(pair, f"{head}.{claims}x".encode(), ec.ECDSA(SHA256()))


def test_the_key_stays_the_same_for_a_data_folder(push: WebPush, tmp_path: Path) -> None:
    assert WebPush(Keyring(tmp_path), "").public_key == push.public_key
    other = tmp_path / "other"
    other.mkdir()
    assert WebPush(Keyring(other), "").public_key != push.public_key
    assert len(decoded(push.public_key)) == 65


def test_tokens_are_sealed_for_this_folder_alone(push: WebPush, tmp_path: Path) -> None:
    sealed = push.seal("secret-token")
    assert b"secret" not in sealed
    assert sealed != push.seal("secret-token")
    assert push.unseal(sealed) == "secret-token"
    other = tmp_path / "other"
    other.mkdir()
    assert WebPush(Keyring(other), "").unseal(sealed) == ""
    assert push.unseal(b"") == push.unseal(sealed[:-1]) == ""


def test_keys_are_read_in_every_spelling_of_base64() -> None:
    app = App()
    text = encoded(app.point)
    for spelling in (text, f"{text}=", text.replace("-", "+").replace("_", "/"), f" {text}\n"):
        assert read_point(spelling) == app.point
    assert read_auth(encoded(app.auth)) == app.auth


@pytest.mark.parametrize(
    "text",
    ["", "AAAA", "ü", "*" * 87, encoded(b"\x04" + b"\x01" * 64), encoded(b"\x02" + b"\x01" * 64)],
    ids=["empty", "short", "letters", "signs", "off-the-curve", "compressed"],
)
def test_what_is_no_point_on_the_curve_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        read_point(text)


@pytest.mark.parametrize("size", [0, 15, 17], ids=["empty", "short", "long"])
def test_a_secret_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(BadKey):
        read_auth(encoded(bytes(size)))
