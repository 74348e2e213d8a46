"""How a draft-cavage Signature header is read: its parameters and its list (rows S09, S10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import draft_cavage
from federation.signatures import BadSignature
from federation.signed_requests import MAX_COMPONENTS
from tests.federation.cavage_by_hand import ALL, delivery, fields
from tests.federation.signing import KEY_ID, received, refusal, signed_headers, verify
from tests.support.timing import is_quick

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
