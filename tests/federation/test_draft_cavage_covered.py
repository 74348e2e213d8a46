"""What a draft-cavage signature has to cover (rows S02–S08, S22): the body, the place, the time."""

import base64
import hashlib
from typing import Any

import pytest

from federation import draft_cavage, signatures
from federation.signatures import IncomingRequest
from tests.federation.cavage_by_hand import ALL, delivery, fields, hand_signed
from tests.federation.signing import (
    BODY,
    NOW,
    ORIGIN,
    STAMP,
    later,
    received,
    refusal,
    signed_headers,
    verify,
)

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
