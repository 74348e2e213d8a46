"""draft-cavage signatures: what holds, by which algorithm and key, and httpsig as oracle."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest

from federation import draft_cavage, signatures
from federation.key_material import generate_ed25519
from federation.signatures import BadSignature, Scheme
from tests.federation.cavage_by_hand import ALL, delivery, fields, hand_signed
from tests.federation.signing import (
    KEY_ID,
    NOW,
    ORIGIN,
    ed25519_key,
    later,
    other_rsa_key,
    received,
    refusal,
    rsa_key,
    signed_headers,
    verify,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # httpsig imports pkg_resources, which warns
    import httpsig


# Holds


def test_a_signed_delivery_holds_and_tells_its_key_id() -> None:
    claimed = verify(received(signed_headers()))
    assert claimed.key_id == KEY_ID
    assert claimed.scheme is Scheme.CAVAGE
    assert claimed.components == (
        "(request-target)",
        "host",
        "date",
        "digest",
        "content-type",
    )


def test_a_signed_get_covers_target_host_and_date() -> None:
    headers = signed_headers(method="GET", url=f"{ORIGIN}/a/1", body=None)
    assert "Digest" not in headers
    claimed = verify(received(headers, method="GET", target="/a/1", body=b""))
    assert claimed.components == ("(request-target)", "host", "date")


def test_a_get_can_carry_the_digest_of_nothing() -> None:
    headers = signed_headers(method="GET", url=f"{ORIGIN}/a/1", body=b"")
    assert headers["Digest"] == "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    verify(received(headers, method="GET", target="/a/1", body=b""))


def test_an_ed25519_key_signs_and_verifies_as_hs2019() -> None:
    headers = signed_headers(key=ed25519_key())
    assert 'algorithm="hs2019"' in headers["Signature"]
    verify(received(headers), ed25519_key())
    assert refusal(received(headers), rsa_key())[0] == 401


@pytest.mark.parametrize("algorithm", [None, "rsa-sha256", "hs2019"])
def test_accepted_algorithm_names(algorithm: str | None) -> None:
    verify(delivery(ALL, algorithm=algorithm))


@pytest.mark.parametrize(
    "algorithm", ["hmac-sha256", "rsa-sha1", "rsa-sha512", "ecdsa-sha256", "none", "", "RSA-SHA256"]
)
def test_refused_algorithm_names(algorithm: str) -> None:
    assert refusal(delivery(ALL, algorithm=algorithm))[0] == 401


def test_another_key_is_refused() -> None:
    assert refusal(received(signed_headers()), other_rsa_key())[0] == 401
    assert refusal(received(signed_headers()), ed25519_key())[0] == 401


def test_an_unsigned_request_is_401() -> None:
    headers = signed_headers()
    del headers["Signature"]
    assert refusal(received(headers))[0] == 401


def test_duplicate_headers_are_joined_as_the_draft_says() -> None:
    values = fields(**{"x-tag": "1, 2"})
    signature = hand_signed([*ALL, "x-tag"], values)
    del values["x-tag"]
    lines = [*values.items(), ("X-Tag", " 1"), ("signature", signature), ("X-Tag", "2 ")]
    verify(received(lines))
    assert refusal(received([*lines, ("x-tag", "3")]))[0] == 401


def test_an_empty_header_can_be_signed() -> None:
    verify(delivery([*ALL, "x-empty"], fields(**{"x-empty": ""})))


def test_a_line_break_in_a_header_cannot_make_signed_lines() -> None:
    headers = signed_headers()
    headers["X-Two"] = "a\nhost: b"
    assert refusal(received(headers))[0] == 400


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/x",
        "/inbox",
        "https://u:p@a.example/",
        "https://a.example/#f",
        "https://a.example/a b",
        "https://a.example/ä",
        "https://a.example\\@e.example/",
    ],
)
def test_a_url_that_cannot_be_signed_is_our_own_error(url: str) -> None:
    for scheme in Scheme:
        with pytest.raises(ValueError, match="URL"):
            signed_headers(scheme, url=url)


def test_early_check_refuses_without_a_key() -> None:
    request = received(signed_headers(now=later(hours=-2)))
    with pytest.raises(BadSignature):
        signatures.check(signatures.parse(request), request, NOW)
    request = received(signed_headers(key=generate_ed25519()))
    signatures.check(signatures.parse(request), request, NOW)


def test_no_body_or_header_in_a_repr() -> None:
    request = received(signed_headers(), body=b"secret-word")
    assert "secret-word" not in repr(request)
    assert "SHA-256" not in repr(request)
    assert "signature=" not in repr(signatures.parse(request))


# httpsig, an independent implementation, as an oracle


def quietly(call: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def test_httpsig_accepts_what_we_sign() -> None:
    headers = signed_headers()
    verifier = httpsig.HeaderVerifier(
        headers,
        rsa_key().public.pem(),
        required_headers=ALL,
        method="POST",
        path="/inbox",
        sign_header="signature",
    )
    assert quietly(verifier.verify) is True
    headers["Digest"] = draft_cavage.digest_header(b"other")
    verifier = httpsig.HeaderVerifier(
        headers, rsa_key().public.pem(), method="POST", path="/inbox", sign_header="signature"
    )
    assert quietly(verifier.verify) is False


@pytest.mark.parametrize("target", ["/inbox", "/inbox?x=1&y=%2F"])
def test_we_accept_what_httpsig_signs(target: str) -> None:
    signer = httpsig.HeaderSigner(
        KEY_ID, rsa_key().pem(), algorithm="rsa-sha256", headers=ALL, sign_header="signature"
    )
    signed = quietly(lambda: signer.sign(fields(), method="POST", path=target))
    verify(received(dict(signed), target=target))
    assert refusal(received(dict(signed), target="/other"))[0] == 401


def test_the_forgery_that_fools_httpsig_is_refused() -> None:
    """HMAC keyed with the public PEM: whoever trusts the header's algorithm accepts it."""
    public_pem = rsa_key().public.pem()
    forger = httpsig.HeaderSigner(
        KEY_ID, public_pem, algorithm="hmac-sha256", headers=ALL, sign_header="signature"
    )
    forged = dict(quietly(lambda: forger.sign(fields(), method="POST", path="/inbox")))
    fooled = httpsig.HeaderVerifier(
        forged, public_pem, method="POST", path="/inbox", sign_header="signature"
    )
    assert quietly(fooled.verify) is True
    assert refusal(received(forged)) == (401, "the algorithm is not accepted")
    for declared in ("hs2019", "rsa-sha256"):
        renamed = {
            **forged,
            "signature": forged["signature"].replace("hmac-sha256", declared),
        }
        assert refusal(received(renamed)) == (401, "the signature does not verify")
