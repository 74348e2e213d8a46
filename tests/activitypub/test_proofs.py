"""FEP-8b32 proofs: the published vector, round trips, and everything that has to break one."""

import copy
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from activitypub import json, multibase
from activitypub.json import AS2
from activitypub.proofs import BadProof, add_proof, proof_method, verify_proof

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
METHOD = "https://b.example/a/7#ed25519-key"
DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"
NOTE: dict[str, Any] = {
    "@context": [AS2, DATA_INTEGRITY],
    "id": "https://b.example/act/1",
    "type": "Create",
    "actor": "https://b.example/a/7",
    "to": ["https://a.example/a/9"],
    "object": {"type": "Note", "content": "Größe 😀", "duration": 1.5, "sensitive": False},
}

# The vector that comes with FEP-8b32 (fep-8b32.feature, CC0).
VECTOR_METHOD = "https://server.example/users/alice#ed25519-key"
VECTOR_SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
VECTOR_PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
VECTOR_VALUE = (
    "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL"
)
VECTOR: dict[str, Any] = {
    "@context": [AS2, DATA_INTEGRITY],
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": "https://server.example/users/alice",
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
}


def vector_key() -> Ed25519PrivateKey:
    data = multibase.decode(VECTOR_SECRET)
    assert data[:2] == b"\x80\x26"  # multicodec ed25519-priv
    return Ed25519PrivateKey.from_private_bytes(data[2:])


def signed(document: dict[str, Any] | None = None) -> dict[str, Any]:
    return add_proof(document or NOTE, KEY, METHOD, NOW)


def check(document: dict[str, Any], now: datetime | None = None) -> None:
    """Over the wire and back, as everything that is verified comes."""
    again = json.parse(json.to_bytes(document), max_bytes=65_536)
    verify_proof(again, KEY.public_key(), now)


def test_the_vector_of_fep_8b32_is_made_to_the_letter() -> None:
    made = add_proof(
        VECTOR, vector_key(), VECTOR_METHOD, datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
    )
    assert made["proof"] == {
        "@context": [AS2, DATA_INTEGRITY],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": VECTOR_METHOD,
        "proofPurpose": "assertionMethod",
        "proofValue": VECTOR_VALUE,
        "created": "2023-02-24T23:36:38Z",
    }


def test_the_vector_of_fep_8b32_verifies() -> None:
    public = Ed25519PublicKey.from_public_bytes(multibase.decode_ed25519(VECTOR_PUBLIC))
    proof = {
        "@context": [AS2, DATA_INTEGRITY],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": VECTOR_METHOD,
        "proofPurpose": "assertionMethod",
        "proofValue": VECTOR_VALUE,
        "created": "2023-02-24T23:36:38Z",
    }
    verify_proof({**VECTOR, "proof": proof}, public)
    other = copy.deepcopy(VECTOR)
    other["object"]["location"]["latitude"] = 25.273963
    with pytest.raises(BadProof):
        verify_proof({**other, "proof": proof}, public)


def test_an_older_proof_without_context_verifies() -> None:
    """The form that FEP-8b32 used before Data Integrity 1.0: the proof repeats no context."""

    proof = {name: value for name, value in signed()["proof"].items() if name != "@context"}
    del proof["proofValue"]
    message = (
        hashlib.sha256(rfc8785.dumps(proof)).digest() + hashlib.sha256(rfc8785.dumps(NOTE)).digest()
    )
    proof["proofValue"] = multibase.encode(KEY.sign(message))
    check({**NOTE, "proof": proof})
    with pytest.raises(BadProof):
        check({**NOTE, "@context": [AS2], "proof": proof})


def test_a_proof_holds_and_names_its_key() -> None:
    document = signed()
    assert proof_method(document) == METHOD
    check(document)
    assert "proof" not in NOTE


def test_a_single_context_becomes_a_list() -> None:
    document = signed({**NOTE, "@context": AS2})
    assert document["@context"] == document["proof"]["@context"] == [AS2]
    check(document)


def test_order_of_keys_and_spaces_do_not_matter() -> None:
    import json as stdlib_json

    document = dict(reversed(signed().items()))
    raw = stdlib_json.dumps(document, indent=3).encode()
    verify_proof(json.parse(raw, max_bytes=65_536), KEY.public_key())


def test_another_key_is_refused() -> None:
    with pytest.raises(BadProof, match="does not verify"):
        verify_proof(signed(), Ed25519PrivateKey.generate().public_key())


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = copy.deepcopy(signed())
    change(document)
    return document


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "content": lambda d: d["object"].update(content="other"),
    "a new field": lambda d: d.update(summary="new"),
    "a field less": lambda d: d.pop("to"),
    "audience": lambda d: d.update(to=[json.PUBLIC]),
    "actor": lambda d: d.update(actor="https://e.example/a/1"),
    "type of a number": lambda d: d["object"].update(duration="1.5"),
    "false to null": lambda d: d["object"].update(sensitive=None),
    "list to value": lambda d: d.update(to=d["to"][0]),
    "created": lambda d: d["proof"].update(created="2026-11-22T12:00:01Z"),
    "method": lambda d: d["proof"].update(verificationMethod="https://e.example/a#k"),
    "a new option": lambda d: d["proof"].update(nonce="1"),
    "purpose": lambda d: d["proof"].update(proofPurpose="authentication"),
    "cryptosuite": lambda d: d["proof"].update(cryptosuite="eddsa-rdfc-2022"),
    "proof type": lambda d: d["proof"].update(type="RsaSignature2017"),
    "no method": lambda d: d["proof"].pop("verificationMethod"),
    "no value": lambda d: d["proof"].pop("proofValue"),
    "value of zeros": lambda d: d["proof"].update(proofValue=multibase.encode(b"\0" * 64)),
    "value too short": lambda d: d["proof"].update(proofValue=multibase.encode(b"\1" * 63)),
    "value in another base": lambda d: d["proof"].update(proofValue="u" + "A" * 86),
    "value not a text": lambda d: d["proof"].update(proofValue=[d["proof"]["proofValue"]]),
    "value huge": lambda d: d["proof"].update(proofValue="z" + "2" * 30_000),
    "a list of proofs": lambda d: d.update(proof=[d["proof"]]),
    "no proof": lambda d: d.pop("proof"),
    "proof is an id": lambda d: d.update(proof="https://e.example/proof"),
    "contexts swapped": lambda d: d.update({"@context": d["@context"][::-1]}),
    "context put in front": lambda d: d["@context"].insert(0, "https://e.example/ns"),
    "context taken away": lambda d: d.update({"@context": [AS2]}),
    "no context": lambda d: d.pop("@context"),
    "the proof's context changed": lambda d: d["proof"].update({"@context": [AS2]}),
    "the proof's context empty": lambda d: d["proof"].update({"@context": []}),
    "the proof's context gone": lambda d: d["proof"].pop("@context"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_any_change_breaks_the_proof(name: str) -> None:
    check(signed())
    with pytest.raises(BadProof):
        check(changed(CHANGES[name]))


def test_an_appended_context_does_not_break_it() -> None:
    check(changed(lambda d: d["@context"].append("https://c.example/ns")))


def test_an_ld_signature_is_removed_before_checking() -> None:
    check(changed(lambda d: d.update(signature={"type": "RsaSignature2017", "x": 1})))


def test_an_embedded_proof_is_covered_by_the_outer_one() -> None:
    outer = signed({**NOTE, "type": "Announce", "object": signed()})
    check(outer)
    verify_proof(outer["object"], KEY.public_key())
    outer["object"]["proof"]["created"] = "2020-01-01T00:00:00Z"
    with pytest.raises(BadProof):
        check(outer)


def with_options(document: dict[str, Any] | None = None, **options: object) -> dict[str, Any]:
    """NOTE with a proof of the right key over other options, made by hand."""
    proof = {**signed()["proof"], **options}
    del proof["proofValue"]
    message = hashlib.sha256(rfc8785.dumps(proof)).digest()
    message += hashlib.sha256(rfc8785.dumps(document or NOTE)).digest()
    return {**NOTE, "proof": {**proof, "proofValue": multibase.encode(KEY.sign(message))}}


def with_expiry(expires: object) -> dict[str, Any]:
    return with_options(expires=expires)


def test_a_proof_for_no_context_at_all_is_refused() -> None:
    check(with_options())
    with pytest.raises(BadProof, match="another context"):
        check(with_options({**NOTE, "@context": []}, **{"@context": []}))


def test_expiry_is_kept() -> None:
    document = with_expiry("2026-11-22T13:00:00Z")
    check(document, NOW)
    for now in (None, NOW + timedelta(hours=1)):
        with pytest.raises(BadProof, match="expired"):
            check(document, now)


@pytest.mark.parametrize("expires", ["soon", "", None, 1, "2026-11-22T13:00:00"])
def test_an_unreadable_expiry_is_refused(expires: object) -> None:
    with pytest.raises(BadProof):
        check(with_expiry(expires), NOW)


@pytest.mark.parametrize(
    "document",
    [
        {**NOTE, "proof": {}},
        {**NOTE, "signature": {}},
        {name: value for name, value in NOTE.items() if name != "@context"},
        {**NOTE, "size": 2**60},
    ],
)
def test_what_cannot_be_signed_is_our_own_error(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (several messages)
        add_proof(document, KEY, METHOD, NOW)


def test_a_time_without_zone_is_our_own_error() -> None:
    with pytest.raises(ValueError, match="zone"):
        add_proof(NOTE, KEY, METHOD, NOW.replace(tzinfo=None))


@pytest.mark.parametrize("change", ["list", "kind", "number", "none"])
def test_proof_method_of_what_we_cannot_verify_is_none(change: str) -> None:
    proof = signed()["proof"]
    documents: dict[str, dict[str, Any]] = {
        "list": {"proof": [proof]},
        "kind": {"proof": {**proof, "cryptosuite": "bbs-2023"}},
        "number": {"proof": {**proof, "verificationMethod": 7}},
        "none": {},
    }
    assert proof_method(documents[change]) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15, allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab€\ufb33😀", max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_content_survives_the_wire(value: Any) -> None:
    check(signed({**NOTE, "object": value}))


def test_canonical_form_of_rfc_8785() -> None:
    """The numbers and key order of RFC 8785 §3.2.2 and §3.2.3."""
    assert rfc8785.dumps([333333333.33333329, 1e30, 4.50, 2e-3, 1e-27, -0.0]) == (
        b"[333333333.3333333,1e+30,4.5,0.002,1e-27,0]"
    )
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    assert rfc8785.dumps(keys).decode() == (
        '{"\\r":2,"1":4,"\x80":6,"\xf6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}'
    )
