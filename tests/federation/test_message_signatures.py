"""RFC 9421: what holds, our own profile, and http-message-signatures used directly as an oracle."""

from datetime import UTC, datetime, timedelta
from typing import Any

import http_message_signatures as oracle
import pytest

from federation import signatures
from federation.signatures import Scheme
from tests.federation.messages_by_hand import BOTH, NORMAL, delivery, hand_signed
from tests.federation.signing import (
    BODY,
    INBOX,
    KEY_ID,
    NONCE,
    NOW,
    ORIGIN,
    STAMP,
    ed25519_key,
    other_rsa_key,
    received,
    refusal,
    rsa_key,
    signed_headers,
    verify,
)

# Holds


@pytest.mark.parametrize("scheme", BOTH)
@pytest.mark.parametrize("key", [rsa_key, ed25519_key])
def test_a_signed_delivery_holds(scheme: Scheme, key: Any) -> None:
    claimed = verify(received(signed_headers(scheme, key=key())), key())
    assert claimed.scheme is scheme
    assert claimed.key_id == KEY_ID
    assert refusal(received(signed_headers(scheme, key=key())), other_rsa_key())[0] == 401


@pytest.mark.parametrize("scheme", BOTH)
def test_a_signed_get_holds(scheme: Scheme) -> None:
    headers = signed_headers(scheme, method="GET", url=f"{ORIGIN}/a/1?page=2", body=None)
    assert "Content-Digest" not in headers
    verify(received(headers, method="GET", target="/a/1?page=2", body=b""))
    assert refusal(received(headers, method="GET", target="/a/1", body=b""))[0] == 401


def test_what_our_nodes_send_to_each_other() -> None:
    headers = signed_headers(Scheme.RFC9421_OURS)
    assert headers["Signature-Input"] == (
        'sig1=("@method" "@target-uri" "@authority" "content-digest")'
        f';created={STAMP};keyid="{KEY_ID}";alg="rsa-v1_5-sha256";expires={STAMP + 300}'
        f';nonce="{NONCE}";tag="tertulia"'
    )
    claimed = verify(received(headers))
    assert (claimed.nonce, claimed.expires) == (NONCE, STAMP + 300)


def test_what_we_send_to_others() -> None:
    headers = signed_headers(Scheme.RFC9421)
    assert headers["Signature-Input"] == (
        'sig1=("@method" "@target-uri" "content-digest")'
        f';created={STAMP};keyid="{KEY_ID}";alg="rsa-v1_5-sha256"'
    )
    assert verify(received(headers)).nonce is None


def test_hand_made_signatures_hold() -> None:
    verify(delivery(hand_signed()))
    wide = ["@method", "@target-uri", "@authority", "host", "date", "content-digest"]
    date = "Sun, 22 Nov 2026 12:00:00 GMT"
    verify(
        delivery(
            hand_signed(wide, values={"host": "a.example", "date": date}),
            Date=date,
            Host="127.0.0.1:8080",  # a proxy rewrote it
        )
    )


# Our own profile


OURS = ["@method", "@target-uri", "@authority", "content-digest"]


def our_parameters(**changed: str) -> str:
    values = {
        "created": str(STAMP),
        "keyid": f'"{KEY_ID}"',
        "expires": str(STAMP + 300),
        "nonce": f'"{NONCE}"',
        "tag": '"tertulia"',
        **changed,
    }
    return "".join(f";{name}={value}" for name, value in values.items() if value)


def test_our_profile_holds_when_complete() -> None:
    claimed = verify(delivery(hand_signed(OURS, our_parameters())))
    assert claimed.scheme is Scheme.RFC9421_OURS


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": ""},
        {"nonce": '"short"'},
        {"nonce": '"' + "n" * 129 + '"'},
        {"expires": ""},
        {"expires": str(STAMP + 301)},
        {"expires": str(STAMP)},
    ],
)
def test_our_profile_is_refused_when_loose(changed: dict[str, str]) -> None:
    assert refusal(delivery(hand_signed(OURS, our_parameters(**changed))))[0] == 401


def test_our_profile_needs_the_authority() -> None:
    assert refusal(delivery(hand_signed(NORMAL, our_parameters()))) == (
        401,
        "@authority is not covered",
    )


def test_another_tag_is_a_plain_signature() -> None:
    claimed = verify(delivery(hand_signed(NORMAL, our_parameters(tag='"fedify"', nonce=""))))
    assert claimed.scheme is Scheme.RFC9421


def test_a_tag_taken_away_breaks_the_signature() -> None:
    entry, signature = hand_signed(OURS, our_parameters())
    stripped = (entry.replace(';tag="tertulia"', ""), signature)
    assert refusal(delivery(stripped)) == (401, "the signature does not verify")


def test_a_nonce_that_our_nodes_would_refuse_is_our_own_error() -> None:
    with pytest.raises(ValueError, match="nonce"):
        signatures.sign(
            method="GET",
            url=INBOX,
            headers={},
            body=None,
            key=rsa_key(),
            key_id=KEY_ID,
            scheme=Scheme.RFC9421_OURS,
            now=NOW,
        )


# http-message-signatures used directly, as the other side


class Wire:
    """A request as the oracle reads and writes it."""

    def __init__(self, headers: dict[str, str], method: str = "POST", url: str = INBOX) -> None:
        self.method, self.url, self.headers = method, url, headers


def keys() -> oracle.MappingKeyResolver:
    return oracle.MappingKeyResolver(
        public_keys={KEY_ID: rsa_key().public.pem().encode()},
        private_keys={KEY_ID: rsa_key().pem().encode()},
    )


@pytest.mark.parametrize("scheme", BOTH)
def test_the_oracle_accepts_what_we_sign(scheme: Scheme) -> None:
    # The oracle reads the wall clock, so this one signature is made for it.
    headers = signed_headers(scheme, now=datetime.now(UTC))
    verifier = oracle.HTTPMessageVerifier(
        signature_algorithm=oracle.algorithms.RSA_V1_5_SHA256, key_resolver=keys()
    )
    (result,) = verifier.verify(
        Wire(headers), body=BODY, require_components=NORMAL, max_age=timedelta(minutes=5)
    )
    assert result.nonce == (NONCE if scheme is Scheme.RFC9421_OURS else None)
    with pytest.raises(oracle.InvalidSignature):
        verifier.verify(Wire(headers, url="https://e.example/inbox"), body=BODY)


@pytest.mark.parametrize("include_alg", [True, False])
def test_we_accept_what_the_oracle_signs(include_alg: bool) -> None:
    signer = oracle.HTTPMessageSigner(
        signature_algorithm=oracle.algorithms.RSA_V1_5_SHA256, key_resolver=keys()
    )
    wire = Wire({"Host": "a.example", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"})
    signer.sign(
        wire,
        key_id=KEY_ID,
        created=NOW,
        include_alg=include_alg,
        label="any-label",
        covered_component_ids=("@method", "@target-uri", "@authority", "host", "date"),
        body=BODY,
    )
    assert verify(received(wire.headers)).components[-1] == "content-digest"
    assert refusal(received(wire.headers, body=b"x"))[0] == 401


def test_S21_hmac_with_the_public_key_is_refused() -> None:
    pem = rsa_key().public.pem().encode()
    keys = oracle.MappingKeyResolver(public_keys={}, private_keys={KEY_ID: pem})
    for include in (True, False):
        message = Wire({})
        oracle.HTTPMessageSigner(
            signature_algorithm=oracle.algorithms.HMAC_SHA256, key_resolver=keys
        ).sign(
            message,
            key_id=KEY_ID,
            created=NOW,
            include_alg=include,
            covered_component_ids=NORMAL[:2],
            body=BODY,
        )
        assert refusal(received(message.headers))[0] == 401
