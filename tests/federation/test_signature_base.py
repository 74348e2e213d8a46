"""What RFC 9421 has signed, against http-message-signatures, which the node itself does not use."""

import base64
from collections.abc import Iterator
from typing import Any

import http_message_signatures as oracle
import http_sf
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from federation import message_signatures, signatures
from federation.message_signatures import MessageSignature
from federation.signature_base import Signed, parameters_of, read_plainly, signature_base
from federation.signatures import BadSignature, IncomingRequest, Scheme
from tests.federation.signing import (
    BODY,
    INBOX,
    KEY_ID,
    NONCE,
    NOW,
    ORIGIN,
    received,
    rsa_key,
    signed_headers,
    verify,
)

STAMP = int(NOW.timestamp())
ORIGINS = (ORIGIN, "https://a.example:8443", "http://a.localhost:3000", "http://a.localhost:80")
TARGETS = ("/inbox", "/", "/a/1/inbox", "/a?page=2&x=%2F", "/?", "/a?b?c")
DERIVED = ("@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query")
FIELDS = ("host", "date", "content-digest", "content-type", "x-one", "x-two")
UNUSUAL = ("@status", "@query-param", "@nothing", "x-absent", "signature", "")
VALUE = st.text("abcXYZ019 ,;\t\"\\'%/=:éß", max_size=12)


class FieldLines:
    """Field lines as the oracle iterates them."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self.lines = lines

    def items(self) -> Iterator[tuple[str, str]]:
        return iter(self.lines)


class Wire:
    """A request as the oracle reads it."""

    def __init__(self, request: IncomingRequest, *, but: tuple[str, ...] = ()) -> None:
        self.method = request.method
        self.url = request.public_origin + request.target
        lines = [(name.lower(), value) for name, value in request.fields.items()]
        self.headers = FieldLines(
            [each for each in lines if each[0] not in {"host", *but}] + [("host", request.host)]
        )


class Verifier(oracle.HTTPMessageVerifier):
    """Without its clock: ours is asked about times."""

    def validate_created_and_expires(self, *_: object, **__: object) -> None:
        return


class Key(oracle.HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> Any:
        return rsa_key().public.key if key_id == KEY_ID else None


def oracle_accepts(request: IncomingRequest) -> bool:
    verifier = Verifier(signature_algorithm=oracle.algorithms.RSA_V1_5_SHA256, key_resolver=Key())
    try:
        return len(verifier.verify(Wire(request), max_age=None)) == 1
    except oracle.HTTPMessageSignaturesException:
        return False


def as_signed(request: IncomingRequest) -> Signed:
    return message_signatures._received(request)


def oracle_base(request: IncomingRequest, components: list[str]) -> tuple[bytes, str] | None:
    """What it would sign of a request, and the last line of it."""
    signer = oracle.HTTPMessageSigner(signature_algorithm=oracle.algorithms.RSA_V1_5_SHA256)
    try:
        prepared = signer.prepare(
            Wire(request),
            key_id=KEY_ID,
            created=NOW,
            nonce=NONCE,
            tag="any",
            covered_component_ids=components,
        )
    except oracle.HTTPMessageSignaturesException:
        return None
    return prepared.signature_base, prepared.signature_params


requests = st.builds(
    lambda method, target, origin, lines, host: IncomingRequest(
        method, target, [("Host", host or origin.partition("://")[2]), *lines], BODY, origin
    ),
    method=st.sampled_from(("POST", "GET", "DELETE", "post")),
    target=st.sampled_from(TARGETS),
    origin=st.sampled_from(ORIGINS),
    lines=st.lists(st.tuples(st.sampled_from(("Date", *FIELDS[2:])), VALUE), max_size=6),
    host=st.sampled_from(("", "A.Example", "a.example:443", "elsewhere.example")),
)


def with_method(names: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    """The method is always covered (row S21)."""
    some = st.lists(st.sampled_from(names), max_size=5, unique=True)
    return some.map(lambda each: ["@method", *each])


usual = with_method(DERIVED[1:] + FIELDS)
any_components = with_method(DERIVED[1:] + FIELDS + UNUSUAL)


@given(requests, usual)
def test_the_base_is_the_one_that_the_oracle_signs(
    request_: IncomingRequest, components: list[str]
) -> None:
    assume("content-digest" not in request_.fields)  # which the oracle would make anew
    theirs = oracle_base(request_, components)
    text = parameters_of(
        components,
        {
            "created": STAMP,
            "keyid": KEY_ID,
            "alg": "rsa-v1_5-sha256",
            "nonce": NONCE,
            "tag": "any",
        },
    )
    ours = signature_base(components, text, as_signed(request_))
    event("signed" if theirs else "cannot be signed")
    assert (ours, text) == theirs if theirs else ours is None


@given(requests, any_components, st.booleans())
def test_what_verifies_is_what_verifies_for_the_oracle(
    request_: IncomingRequest, components: list[str], spoilt: bool
) -> None:
    text = parameters_of(components, {"created": STAMP, "keyid": KEY_ID})
    base = signature_base(components, text, as_signed(request_)) or b"what cannot be signed"
    value = bytearray(rsa_key().sign(base))
    value[7] ^= spoilt
    signed = IncomingRequest(
        request_.method,
        request_.target,
        [
            *request_.fields.items(),
            ("Signature-Input", f"sig1={text}"),
            ("Signature", http_sf.ser({"sig1": (bytes(value), {})})),
        ],
        BODY,
        request_.public_origin,
    )
    claimed = claim(components, text, bytes(value))
    again = signature_base(claimed.components, claimed.text, as_signed(signed))
    holds = again is not None and rsa_key().public.verifies(claimed.signature, again)
    event("holds" if holds else "does not")
    assert holds is oracle_accepts(signed)


def claim(components: list[str], text: str, signature: bytes) -> MessageSignature:
    return MessageSignature(
        scheme=Scheme.RFC9421,
        key_id=KEY_ID,
        components=tuple(components),
        signature=signature,
        created=STAMP,
        text=text,
    )


# Reading


def read_fully(inputs: str, signed: str) -> tuple[Any, Any, str] | None:
    """The two fields as the general reader has them, and the one label's last line."""

    def refuse(_key: str, _context: str) -> None:
        raise ValueError("twice")

    try:
        one, other = (
            http_sf.parse(each.encode("ascii"), tltype="dictionary", on_duplicate_key=refuse)
            for each in (inputs, signed)
        )
    except ValueError:
        return None
    return one, other, http_sf.ser(one).partition("=")[2]


NAMES = ('"@method"', '"date"', '"a b"', '""', '"@authority"')
OTHER_NAMES = ('"x";sf', "date", '"\\""', '"ü"')
PARAMETERS = (";created=17", ';keyid="k"', ';tag="a;b"', ";expires=0", ";nonce=999999999999999")
OTHER_PARAMETERS = (
    *(";created=01", ";created=-1", ";created=1.5", ';tag="\\\\"', ";nonce=:YQ==:", ";flag"),
    *(";flag=?1", "; created=2", ";x=a", ";created=1234567890123456", ";Tag=1", ";a-b=1"),
)
VALUES = (":YWJj:", ":YWI=:")
OTHER_VALUES = (":YWJ=:", ":YWI:", "::", ":YW J:", ':"YWI=":', "?1", ":YWJj:;a=1")


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """Both fields: about half of them in their one spelling."""

    def one_of(good: tuple[str, ...], other: tuple[str, ...]) -> st.SearchStrategy[str]:
        return st.sampled_from(good if is_good else good + other)

    is_good = draw(st.booleans())
    label = draw(one_of(("sig1", "*s-1_.x", "s"), ("Sig", "", "1")))
    names = draw(st.lists(one_of(NAMES, OTHER_NAMES), max_size=3))
    rest = "".join(draw(st.lists(one_of(PARAMETERS, OTHER_PARAMETERS), max_size=4)))
    gap = draw(one_of((" ",), ("  ", "\t")))
    end = draw(one_of(("",), (" ", ", sig2=()", ",")))
    inputs = f"{label}=({gap.join(names)}){rest}{end}"
    return inputs, f"{draw(one_of((label,), ('sig2',)))}={draw(one_of(VALUES, OTHER_VALUES))}"


@given(written())
def test_what_is_read_plainly_is_read_so_by_the_general_reader(fields: tuple[str, str]) -> None:
    plain = read_plainly(*fields)
    event("plainly" if plain else "fully")
    if plain is not None:
        assert tuple(plain) == read_fully(*fields)


@pytest.mark.parametrize(
    ("inputs", "signature"),
    [
        ('sig1=("date");created=1;created=2', "sig1=:YWJj:"),
        ('sig1=("date");created=01', "sig1=:YWJj:"),
        ('sig1=("date" );created=1', "sig1=:YWJj:"),
        ('sig1=("date";sf)', "sig1=:YWJj:"),
        ('sig1=("da\\"te")', "sig1=:YWJj:"),
        ('sig1=("date"), sig2=("date")', "sig1=:YWJj:"),
        ('sig1=("date")', "sig2=:YWJj:"),
        ('sig1=("date")', "sig1=:YWJ=:"),
        ('sig1=("date")', "sig1=:YWI:"),
        ('sig1=("date")', 'sig1=:YWJj:;a="b"'),
        ('sig1=("date");keyid="' + "k" * 2_048 + '"', "sig1=:YWJj:"),
        ('sig1=("date")\n', "sig1=:YWJj:"),
    ],
)
def test_what_is_not_in_its_one_spelling_is_left_to_the_general_reader(
    inputs: str, signature: str
) -> None:
    assert read_plainly(inputs, signature) is None


@pytest.mark.parametrize("scheme", [Scheme.RFC9421, Scheme.RFC9421_OURS])
def test_what_nodes_send_is_read_without_the_general_reader(
    scheme: Scheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the general reader was asked")

    monkeypatch.setattr(http_sf, "parse", never)
    monkeypatch.setattr(http_sf, "ser", never)
    headers = signed_headers(scheme)
    assert verify(received(headers)).scheme is scheme
    headers["Signature-Input"] += " "
    verify(received(headers))  # space around a field is none of its value
    headers["Signature-Input"] = headers["Signature-Input"].replace(";created", "; created")
    with pytest.raises(AssertionError):
        verify(received(headers))


def test_another_spelling_verifies_as_well() -> None:
    """The base says it in the one spelling (RFC 9421 §2.3), whatever was sent."""
    headers = signed_headers(Scheme.RFC9421)
    headers["Signature-Input"] = (
        headers["Signature-Input"].replace('" "', '"  "').replace(";created", "; created")
    )
    assert verify(received(headers)).scheme is Scheme.RFC9421


@pytest.mark.parametrize("name", ["signature", "signature-input", "set-cookie"])
def test_S21_what_holds_the_signature_or_cannot_be_joined_is_not_signed(name: str) -> None:
    """However well it is signed: the base is made by hand."""
    components = ["@method", "@target-uri", "content-digest", name]
    text = parameters_of(components, {"created": STAMP, "keyid": KEY_ID})
    headers = signed_headers(Scheme.RFC9421) | {"Set-Cookie": "a=b"}
    headers["Signature-Input"] = f"sig1={text}"
    value = {"signature-input": f"sig1={text}"}.get(name, "a=b")
    base = (
        f'"@method": POST\n"@target-uri": {INBOX}\n'
        f'"content-digest": {headers["Content-Digest"]}\n"{name}": {value}\n'
        f'"@signature-params": {text}'
    )
    signature = base64.b64encode(rsa_key().sign(base.encode())).decode()
    headers["Signature"] = f"sig1=:{signature}:"
    with pytest.raises(BadSignature) as refused:
        verify(received(headers))
    assert (refused.value.status, refused.value.reason) == (401, "the signature does not verify")


@pytest.mark.parametrize("text", ["ü", "a\nb", "\x7f", "a\tb"])
def test_what_no_structured_field_holds_is_no_parameter(text: str) -> None:
    with pytest.raises(ValueError, match="structured field"):
        parameters_of(["@method"], {"keyid": text})


@pytest.mark.parametrize("value", ["a\nb", "a\x7fb", "a\x0bb", "ü"])
def test_a_header_that_no_base_holds_cannot_be_signed(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be signed"):
        sign_along(value)
    assert "collection-synchronization" in sign_along("a\tb")["Signature-Input"]


def sign_along(value: str) -> dict[str, str]:
    return signatures.sign(
        method="GET",
        url=f"{ORIGIN}/a",
        headers={"Collection-Synchronization": value},
        body=None,
        key=rsa_key(),
        key_id=KEY_ID,
        scheme=Scheme.RFC9421_OURS,
        now=NOW,
        nonce=NONCE,
    )


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize(("url", "target"), [(ORIGIN, "/"), (f"{ORIGIN}?x=1", "/?x=1")])
def test_an_address_without_a_path_is_signed_as_it_is_asked_for(
    scheme: Scheme, url: str, target: str
) -> None:
    headers = signed_headers(scheme, url=url)
    assert verify(received(headers, target=target)).scheme is scheme


def test_an_empty_text_and_quotes_are_written_as_the_general_writer_does() -> None:
    values: dict[str, str | int] = {"keyid": "", "nonce": 'a"b\\c', "created": 0}
    covered: Any = ([("@method", {}), ("date", {})], values)
    wanted = http_sf.ser({"sig1": covered})
    assert f"sig1={parameters_of(['@method', 'date'], values)}" == wanted


def test_space_around_a_header_is_none_of_what_is_signed() -> None:
    value = 'url="https://b.example/f", digest="00"'
    headers = sign_along(f" {value}\t") | {"Collection-Synchronization": f" {value}\t"}

    def asked() -> IncomingRequest:
        return received(headers, method="GET", target="/a", body=b"")

    assert "collection-synchronization" in verify(asked()).components
    headers["Collection-Synchronization"] = value.replace("00", "01")
    with pytest.raises(BadSignature):
        verify(asked())
