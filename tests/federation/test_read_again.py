"""What is read shorter the second time is read the same: Signature headers, dates, digests."""

import asyncio
import base64
from collections.abc import Callable

import pytest
from aiohttp.test_utils import RawTestServer
from aiohttp.web import BaseRequest, Response
from hypothesis import example, given
from hypothesis import strategies as st

from federation import draft_cavage
from federation.draft_cavage import digest_header, http_date, parse, read_header
from federation.signatures import BadSignature, ClaimedSignature, IncomingRequest
from federation.signed_requests import check_digests, strict_base64
from tests.federation.signing import (
    BODY,
    KEY_ID,
    NOW,
    ORIGIN,
    later,
    received,
    rsa_key,
    signed_headers,
    verify,
)

Outcome = ClaimedSignature | tuple[int, str] | None


def outcome(read: Callable[[], ClaimedSignature | None]) -> Outcome:
    try:
        return read()
    except BadSignature as refused:
        return refused.status, refused.reason


names = st.sampled_from(
    [
        *("keyId", "KEYID", "algorithm", "headers", "created", "expires", "signature"),
        *("Signature", "xsignature", "x-signature", "_signature", "other", ""),
    ]
)
values = st.one_of(
    st.sampled_from(
        [
            *(KEY_ID, "rsa-sha256", "hs2019", "12", "1e3", "AAAA", "QUJD", "QQ==", "", "a b", "é"),
            *("(request-target) host date digest", "host host", "signature=", ",", "=", "\\"),
        ]
    ),
    st.binary(max_size=40).map(lambda raw: base64.b64encode(raw).decode()),
    st.text(max_size=8),
)
parameters = st.builds(
    lambda name, gap, quote, value, end: f"{name}{gap}={quote}{value}{quote}{end}",
    names,
    st.sampled_from(["", " ", "\t"]),
    st.sampled_from(['"', '"', '"', ""]),
    values,
    st.sampled_from([",", ",", ", ", "", " ", '"', ",,"]),
)
good_heads = st.sampled_from(
    [
        f'keyId="{KEY_ID}",algorithm="rsa-sha256",headers="(request-target) host date digest",',
        f'keyId="{KEY_ID}",headers="(request-target) host (created)",created=1,expires="2", ',
        f'headers="(request-target) host date",keyId="{KEY_ID}",',
        'headers="(request-target) host date",',
    ]
)
ends = st.builds(lambda value, end: f'signature="{value}"{end}', values, st.sampled_from(["", ","]))
headers = st.one_of(
    st.lists(parameters, max_size=6).map("".join),
    st.builds(lambda head, end: head + end, good_heads, ends),
    st.builds(
        lambda some, head, end: "".join([head, *some, end]), st.lists(parameters), good_heads, ends
    ),
    st.text(alphabet='signature="AQ,= xkeyId\\', max_size=60),
)


@given(headers)
@example(f'keyId="{KEY_ID}",headers="date",signature="AAAA",xsignature="QUJD"')
@example(f'keyId="{KEY_ID}",headers="date",signature="QUJD",xsignature="AAAA"')
@example(f'keyId="{KEY_ID}",headers="date",x-signature="QUJD"')
@example('keyId="signature="QUJD"')
@example(f'keyId="{KEY_ID}",headers="date",signature="')
@example(f'keyId="{"a" * 2_049}",headers="date",signature="QUJD"')
@example(f'keyId="{"a" * 1_500}",headers="date",signature="QUJD"')
def test_S09_a_header_is_read_the_same_however_often(header: str) -> None:
    expected = outcome(lambda: read_header(header.strip(" \t")))
    if any(one in header for one in "\n\r\0"):
        return  # refused before anything is read
    for _ in range(2):
        assert outcome(lambda: parse(received({"Signature": header}))) == expected


@given(st.binary(min_size=1, max_size=300), st.binary(min_size=1, max_size=300))
def test_S09_only_the_signature_comes_from_the_second_header(first: bytes, second: bytes) -> None:
    for raw in (first, second):
        claimed = verify_nothing(base64.b64encode(raw).decode())
        assert claimed == read_header(written(base64.b64encode(raw).decode()))
        assert claimed.signature == raw


def written(signature: str) -> str:
    return f'keyId="{KEY_ID}",headers="(request-target) host date",signature="{signature}"'


def verify_nothing(signature: str) -> ClaimedSignature:
    return parse(received({"Signature": written(signature)}))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The headers whose parameters were read one by one."""
    seen: list[str] = []
    read = draft_cavage.parse_parameters

    def counted(header: str) -> dict[str, str]:
        seen.append(header)
        return read(header)

    monkeypatch.setattr(draft_cavage, "parse_parameters", counted)
    return seen


def test_a_servers_second_header_is_not_read_parameter_by_parameter(reads: list[str]) -> None:
    verify(received(signed_headers()))
    reads.clear()
    for seconds in range(5):
        verify(received(signed_headers(now=later(seconds=seconds))))
    assert reads == []


def test_a_long_header_is_not_remembered(reads: list[str]) -> None:
    header = f'other="{"x" * 1_100}",{written("QUJD")}'
    for _ in range(3):
        assert parse(received({"Signature": header})).signature == b"ABC"
    assert reads == [header] * 3


SHA256 = digest_header(BODY)
digests = st.one_of(
    st.sampled_from([SHA256, digest_header(b"x"), f"{SHA256},", f"{SHA256},{SHA256}", "MD5=AA=="]),
    st.builds(
        lambda before, after: before + SHA256 + after, st.text(max_size=2), st.text(max_size=2)
    ),
    st.builds(
        lambda at, to: SHA256[:at] + to + SHA256[at + 1 :], st.integers(0, 51), st.text(max_size=1)
    ),
    st.text(max_size=60),
)


@given(digests)
def test_S05_a_digest_counts_the_same_as_usual_or_read_member_by_member(header: str) -> None:
    if any(one in header for one in "\n\r\0"):
        return
    header = header.strip(" \t")
    request = received({**signed_headers(), "Digest": header})

    def slowly() -> None:
        members = (member.strip(" \t").partition("=") for member in header.split(","))
        read = [(name.lower(), strict_base64(value) or None) for name, _, value in members]
        check_digests(read, BODY)

    def at_once() -> None:
        draft_cavage.check(parse(request), request, NOW)

    assert outcome(at_once) == outcome(slowly)


def test_S08_a_date_that_was_read_before_grows_old_like_any_other() -> None:
    request = received(signed_headers())
    verify(request)
    verify(request, now=later(hours=1))
    with pytest.raises(BadSignature, match="too old"):
        verify(request, now=later(hours=1, seconds=1))
    with pytest.raises(BadSignature, match="future"):
        verify(request, now=later(seconds=-301))


def test_S08_a_date_that_cannot_be_read_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(BadSignature, match="Date cannot be read"):
            verify(received({**signed_headers(), "Date": http_date(NOW).replace("GMT", "UTC")}))


@pytest.mark.parametrize("value", [b"\xe9 \xff", "é".encode(), b"a\t b", b"", b"one"])
async def test_header_bytes_are_verified_as_they_came(value: bytes) -> None:
    """The server's own fields are taken as they are: trimmed, undecodable bytes kept."""
    outcomes: list[Outcome] = []

    async def check_it(request: BaseRequest) -> Response:
        body = await request.read()
        incoming = IncomingRequest("POST", request.path, request.headers, body, ORIGIN)
        outcomes.append(outcome(lambda: verify(incoming)))
        return Response()

    names = "(request-target) host date digest x-note"
    lines = [b"host: a.example", f"date: {http_date(NOW)}".encode(), f"digest: {SHA256}".encode()]
    text = b"\n".join([b"(request-target): post /inbox", *lines, b"x-note: " + value])
    signature = base64.b64encode(rsa_key().sign(text)).decode()
    stated = f'keyId="{KEY_ID}",headers="{names}",signature="{signature}"'
    sent = [b"POST /inbox HTTP/1.1", *lines, b"X-Note: \t " + value + b" \t"]
    sent += [f"Signature: {stated}\r\nContent-Length: {len(BODY)}".encode(), b"", BODY]
    async with RawTestServer(check_it) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"\r\n".join(sent))
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
    [claimed] = outcomes
    assert isinstance(claimed, ClaimedSignature)
    assert claimed.components == tuple(names.split(" "))
