"""draft-cavage signatures: what is refused (rows S02–S22), what holds, and httpsig as oracle."""

import base64
import hashlib
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import draft_cavage, signatures
from federation.key_material import generate_ed25519
from federation.signatures import BadSignature, IncomingRequest, Scheme
from federation.signed_requests import MAX_COMPONENTS
from tests.federation.signing import (
    AS2_TYPE,
    BODY,
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
from tests.support.timing import is_quick

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # httpsig imports pkg_resources, which warns
    import httpsig


def hand_signed(
    names: list[str],
    values: dict[str, str],
    *,
    method: str = "post",
    target: str = "/inbox",
    algorithm: str | None = "rsa-sha256",
    extra: str = "",
    listed: str | None = None,
) -> str:
    """A Signature header over exactly `names`, as a sender with other habits would make it."""
    known = {"(request-target)": f"{method} {target}", **values}
    text = "\n".join(f"{name}: {known[name]}" for name in names)
    signature = base64.b64encode(rsa_key().sign(text.encode())).decode()
    declared = f'algorithm="{algorithm}",' if algorithm is not None else ""
    return (
        f'keyId="{KEY_ID}",{declared}{extra}'
        f'headers="{" ".join(names) if listed is None else listed}",signature="{signature}"'
    )


def fields(**changed: str) -> dict[str, str]:
    return {
        "host": "a.example",
        "date": draft_cavage.http_date(NOW),
        "digest": draft_cavage.digest_header(BODY),
        "content-type": AS2_TYPE["Content-Type"],
        **changed,
    }


ALL = ["(request-target)", "host", "date", "digest"]


def delivery(names: list[str], values: dict[str, str] | None = None, **how: Any) -> IncomingRequest:
    values = values or fields()
    return received({**values, "signature": hand_signed(names, values, **how)})


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


# S02, S03, S05: the body


@pytest.mark.parametrize("position", [0, len(BODY) // 2, len(BODY) - 1])
def test_S02_body_flipped_is_refused(position: int) -> None:
    verify(received(signed_headers()))
    flipped = bytearray(BODY)
    flipped[position] ^= 1
    assert refusal(received(signed_headers(), body=bytes(flipped))) == (
        401,
        "the digest does not fit the body",
    )


def test_S02_digest_changed_with_the_body_is_refused() -> None:
    headers = signed_headers()
    headers["Digest"] = draft_cavage.digest_header(b"other")
    assert refusal(received(headers, body=b"other"))[0] == 401


def test_S03_digest_absent_is_refused() -> None:
    values = fields()
    verify(delivery(ALL, values))
    del values["digest"]
    assert refusal(delivery(ALL[:3], values)) == (401, "digest is not signed")


def test_S03_digest_present_but_unsigned_is_refused() -> None:
    assert refusal(delivery(ALL[:3])) == (401, "digest is not signed")


def test_S03_a_get_with_a_body_needs_its_digest() -> None:
    values = fields()
    del values["digest"]
    signature = hand_signed(ALL[:3], values, method="get")
    request = received({**values, "signature": signature}, method="GET", body=b"x")
    assert refusal(request) == (401, "digest is not signed")
    verify(received({**values, "signature": signature}, method="GET", body=b""))


SHA256 = draft_cavage.digest_header(BODY).partition("=")[2]


@pytest.mark.parametrize(
    "digest",
    [
        "MD5=Vhd/dLQXKSVHbRD0d/dgQw==",
        "SHA=qvTGHdzF6KLavt4PO0gs2a6pQ00=",
        f"SHA-256={SHA256},MD5=AAAAAAAAAAAAAAAAAAAAAA==",
        f"SHA-256={SHA256},SHA-512=AAAA",
        f"SHA-512=AAAA,SHA-256={SHA256}",
        f"SHA-256={SHA256},sha-256={SHA256}",
        f"SHA-256={SHA256[:-1]}",
        "SHA-256=***",
        f"SHA-256={SHA256} x",
        "SHA-256=",
        "SHA-256",
        "",
        f"SHA-256={SHA256},",
        "SHA-256=" + base64.urlsafe_b64encode(b"\xff" * 32).decode(),
    ],
)
def test_S05_digest_games_are_refused(digest: str) -> None:
    status, _ = refusal(delivery(ALL, fields(digest=digest)))
    assert status in {400, 401}


def test_S05_two_digest_headers_are_refused() -> None:
    digest = fields()["digest"]
    values = fields(digest=f"{digest}, {digest}")
    signature = hand_signed(ALL, values)
    values["digest"] = digest
    lines = [*values.items(), ("Digest", digest), ("signature", signature)]
    assert refusal(received(lines))[0] == 400


@pytest.mark.parametrize(
    "digest",
    [
        f"SHA-256={SHA256}",
        f"sha-256={SHA256}",
        f"Sha-256={SHA256}, unixsum=12",
        f"SHA-512={base64.b64encode(hashlib.sha512(BODY).digest()).decode()},SHA-256={SHA256}",
    ],
)
def test_S05_one_or_several_right_digests_hold(digest: str) -> None:
    verify(delivery(ALL, fields(digest=digest)))


# S06, S07, S22: where it was meant for


def test_S06_target_unsigned_is_refused() -> None:
    assert refusal(delivery(ALL[1:])) == (401, "(request-target) is not signed")


def test_S06_replayed_to_another_path_or_method_is_refused() -> None:
    headers = signed_headers()
    verify(received(headers))
    assert refusal(received(headers, target="/a/9/inbox"))[0] == 401
    assert refusal(received(headers, method="PUT"))[0] == 401


def test_S07_host_uncovered_is_refused() -> None:
    assert refusal(delivery(["(request-target)", "date", "digest"])) == (401, "host is not signed")


@pytest.mark.parametrize("host", ["e.example", "a.example", "A.EXAMPLE:443"])
def test_S07_signed_for_another_host_is_refused_whatever_host_says(host: str) -> None:
    headers = signed_headers(url="https://e.example/inbox")
    headers["Host"] = host
    assert refusal(received(headers)) == (401, "the signature does not verify")


def test_S07_our_host_is_configuration_so_a_proxy_may_rewrite_it() -> None:
    headers = signed_headers()
    for host in ("a.example", "127.0.0.1:8080", "a.example:443"):
        headers["Host"] = host
        if host == "a.example:443":  # names us, but was not what the sender signed
            assert refusal(received(headers))[0] == 401
        else:
            verify(received(headers))


def test_S07_the_senders_spelling_of_our_host_is_kept() -> None:
    verify(delivery(ALL, fields(host="A.example:443")))


def test_S07_a_port_of_ours_is_part_of_the_host() -> None:
    url = "http://hq.localhost:8081/inbox"
    headers = signed_headers(url=url)
    assert headers["Host"] == "hq.localhost:8081"
    verify(received(headers, origin="http://hq.localhost:8081"))
    assert refusal(received(headers, origin="http://hq.localhost:8082"))[0] == 401


@pytest.mark.parametrize(
    "target", ["//inbox", "/x/%2e%2e/inbox", "/Inbox", "/inbox/", "/inbox?a=1"]
)
def test_S22_path_confusion_is_refused(target: str) -> None:
    verify(received(signed_headers()))
    assert refusal(received(signed_headers(), target=target)) == (
        401,
        "the signature does not verify",
    )


@pytest.mark.parametrize(
    "target", ["inbox", "http://a.example/inbox", "/in box", "/in\nbox", "/ä", ""]
)
def test_S22_a_target_that_is_no_path_is_refused(target: str) -> None:
    assert refusal(received(signed_headers(), target=target))[0] == 400


def test_S22_the_query_is_signed_and_a_get_may_leave_it_out() -> None:
    with_query = signed_headers(method="GET", url=f"{ORIGIN}/a/1?page=2", body=None)
    verify(received(with_query, method="GET", target="/a/1?page=2", body=b""))
    assert refusal(received(with_query, method="GET", target="/a/1?page=3", body=b""))[0] == 401
    without = signed_headers(method="GET", url=f"{ORIGIN}/a/1", body=None)
    verify(received(without, method="GET", target="/a/1?page=2", body=b""))
    assert refusal(received(signed_headers(), target="/inbox?page=2"))[0] == 401


# S08: time


@pytest.mark.parametrize("seconds", [-3_600, 0, 300])
def test_S08_within_the_window_holds(seconds: int) -> None:
    verify(received(signed_headers(now=later(seconds=seconds))))


@pytest.mark.parametrize("seconds", [-3_601, -86_400, 301, 600])
def test_S08_outside_the_window_is_refused(seconds: int) -> None:
    assert refusal(received(signed_headers(now=later(seconds=seconds))))[0] == 401


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "2026-11-22T12:00:00Z",
        "Sun, 22 Nov 2026 12:00:00",
        "Sun, 22 Nov 2026 12:00:00 +0000",
        "Sun, 22 Xxx 2026 12:00:00 GMT",
        "Sun, 31 Feb 2026 12:00:00 GMT",
        "Sun, 22 Nov 2026 25:00:00 GMT",
        "Sun, 22 Nov 0000 12:00:00 GMT",
        "Sun, 22 Nov 2026 12:00:00 GMT, Sun, 22 Nov 2026 12:00:00 GMT",
    ],
)
def test_S08_unreadable_date_is_refused(date: str) -> None:
    assert refusal(delivery(ALL, fields(date=date)))[0] == 401


def test_S08_date_missing_is_refused() -> None:
    values = fields()
    del values["date"]
    assert refusal(delivery(["(request-target)", "host", "digest"], values)) == (
        401,
        "no time is signed",
    )
    assert refusal(delivery(["(request-target)", "host", "digest"])) == (401, "no time is signed")


def test_S08_two_date_headers_are_refused() -> None:
    values = fields()
    lines = [*values.items(), ("Date", values["date"])]
    assert refusal(received([*lines, ("signature", hand_signed(ALL, values))]))[0] == 401


def by_created(created: str, expires: str | None = None, **how: Any) -> IncomingRequest:
    names = ["(request-target)", "host", "(created)", "digest"]
    values = fields(**{"(created)": created})
    extra = f"created={created},"
    if expires is not None:
        names.append("(expires)")
        values["(expires)"] = expires
        extra += f"expires={expires},"
    signature = hand_signed(names, values, extra=extra, **{"algorithm": "hs2019", **how})
    plain = {name: value for name, value in values.items() if not name.startswith("(")}
    return received({**plain, "signature": signature})


STAMP = int(NOW.timestamp())


def test_S08_created_and_expires_stand_for_a_date() -> None:
    verify(by_created(str(STAMP)))
    verify(by_created(str(STAMP), str(STAMP + 60)))
    verify(by_created(str(STAMP), algorithm=None))


@pytest.mark.parametrize(
    ("created", "expires"),
    [
        (STAMP - 3_601, None),
        (STAMP + 301, None),
        (STAMP - 60, STAMP),
        (STAMP - 3_601, STAMP + 60),
    ],
)
def test_S08_created_and_expires_outside_the_window_are_refused(
    created: int, expires: int | None
) -> None:
    request = by_created(str(created), None if expires is None else str(expires))
    assert refusal(request)[0] == 401


@pytest.mark.parametrize("created", ["-1", "1.5", "1e9", "0x10", "9" * 13, "soon"])
def test_S08_a_created_that_is_no_integer_is_refused(created: str) -> None:
    assert refusal(by_created(created))[0] == 400


def test_S08_created_is_not_for_rsa_sha256_and_needs_its_parameter() -> None:
    assert refusal(by_created(str(STAMP), algorithm="rsa-sha256"))[0] == 401
    assert refusal(delivery([*ALL, "(created)"], fields(**{"(created)": "1"})))[0] == 401


def test_S08_a_client_header_called_created_does_not_count() -> None:
    values = fields(**{"(created)": str(STAMP)})
    names = ["(request-target)", "host", "(created)", "digest"]
    assert refusal(delivery(names, values, algorithm="hs2019"))[0] == 401


def test_now_without_a_time_zone_is_our_own_error() -> None:
    request = received(signed_headers())
    with pytest.raises(ValueError, match="time zone"):
        signatures.check(signatures.parse(request), request, NOW.replace(tzinfo=None))


# S09: duplicates


@pytest.mark.parametrize(
    "addition",
    [
        'keyId="https://e.example/k"',
        'keyid="https://e.example/k"',
        'headers="date"',
        'signature="AAAA"',
        'algorithm="hs2019"',
        'x="1",x="1"',
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_S09_duplicate_parameters_are_refused(addition: str, first: bool) -> None:
    headers = signed_headers()
    own = headers["Signature"]
    headers["Signature"] = f"{addition},{own}" if first else f"{own},{addition}"
    assert refusal(received(headers))[0] == 400


def test_S09_two_signature_headers_are_refused() -> None:
    headers = signed_headers()
    verify(received(headers))
    lines = [*headers.items(), ("signature", headers["Signature"])]
    assert refusal(received(lines)) == (400, "more than one signature header")


def test_S09_a_parameter_that_the_draft_does_not_know_means_nothing() -> None:
    headers = signed_headers()
    headers["Signature"] += ',ext="1"'
    verify(received(headers))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Signature keyId=a",
        'keyId="a" signature="b"',
        'keyId="a\\"b",signature="AAAA"',
        'keyId="a,signature="AAAA"',
        "keyId=,signature=AAAA",
        'keyId="",signature="AAAA"',
        'keyId="a b",signature="AAAA"',
        'keyId="ä",signature="AAAA"',
        'keyId="k",signature=""',
        'keyId="k",signature="***"',
        'keyId="k",signature="AAA"',
        'keyId="' + "k" * 3_000 + '",signature="AAAA"',
        "a" * 40_000,
    ],
    ids=lambda header: header[:20],
)
def test_S09_an_unreadable_signature_header_is_400(header: str) -> None:
    headers = signed_headers()
    headers["Signature"] = header
    assert refusal(received(headers))[0] == 400


# S10: component lists


@pytest.mark.parametrize(
    "listed",
    [
        "",
        " ",
        "(request-target) host date digest date",
        "(request-target) Host date digest",
        "(Request-Target) host date digest",
        "(request-target) host date digest (foo)",
        "(request-target) host date digest (key-id)",
        "(request-target) host date digest x-absent",
        "(request-target)  host date digest",
        " (request-target) host date digest",
        "(request-target)\thost date digest",
        "(request-target),host,date,digest",
        " ".join(["(request-target) host date digest", *(f"x-{n}" for n in range(1_000))]),
        " ".join(["(request-target) host date digest"] + ["date"] * 1_000),
    ],
    ids=lambda listed: listed[-20:],
)
def test_S10_component_list_abuse_is_refused_quickly(listed: str) -> None:
    request = delivery(ALL, listed=listed)
    status, reason = refusal(request)

    def refused_anew() -> None:
        draft_cavage._stated.cache_clear()
        refusal(request)

    assert is_quick(refused_anew, seconds=0.05)
    assert status == 401
    assert reason != "the signature does not verify"  # it is the list that is refused


def test_S10_a_header_signed_twice_is_refused() -> None:
    assert refusal(delivery([*ALL, "date"])) == (401, "a header is signed twice")


def test_S10_an_unknown_pseudo_header_is_refused_even_if_signed_or_sent() -> None:
    values = fields(**{"(foo)": "None"})
    assert refusal(delivery([*ALL, "(foo)"], values)) == (
        401,
        "the list of signed headers is malformed",
    )


def test_S10_no_list_at_all_is_refused() -> None:
    headers = signed_headers()
    headers["Signature"] = f'keyId="{KEY_ID}",algorithm="hs2019",signature="AAAA"'
    assert refusal(received(headers))[0] == 401


def test_S10_as_many_names_as_allowed_hold() -> None:
    extra = {f"x-{n}": str(n) for n in range(MAX_COMPONENTS - len(ALL))}
    verify(delivery([*ALL, *extra], fields(**extra)))
    one_more = {**extra, "x-more": "1"}
    assert refusal(delivery([*ALL, *one_more], fields(**one_more)))[0] == 401


# The header grammar

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,10}", fullmatch=True)
VALUES = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), max_size=40
)


@given(
    st.dictionaries(NAMES, VALUES, max_size=6).filter(
        lambda d: len({k.lower() for k in d}) == len(d)
    )
)
def test_parameters_survive_writing_and_reading(parameters: dict[str, str]) -> None:
    header = draft_cavage.format_parameters(parameters)
    expected = {name.lower(): value for name, value in parameters.items()}
    assert draft_cavage.parse_parameters(header) == expected


@given(st.text(max_size=200) | st.text('ab="\\, \t', max_size=60))
def test_any_signature_header_is_read_or_refused(header: str) -> None:
    for scheme_header in ("Signature", "Signature-Input"):
        request = received({**signed_headers(), scheme_header: header})
        with pytest.raises(BadSignature):
            verify(request)


def test_a_value_that_cannot_be_quoted_is_our_own_error() -> None:
    with pytest.raises(ValueError, match="quotes"):
        draft_cavage.format_parameters({"keyId": 'a"b'})


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
