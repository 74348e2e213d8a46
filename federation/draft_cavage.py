"""HTTP signatures after draft-cavage-http-signatures-12, the dialect that every server takes.

What has to be signed is decided here and never by the sender: request target, host, a time and,
with a body, its digest. The algorithm follows from the key; the header may name `rsa-sha256`,
`hs2019` ("look at the key") or nothing. Interpretation: Digest is RFC 3230's, the time window is
security row S08's.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

from federation.key_material import KeyKind, PrivateKey, PublicKey
from federation.signed_requests import (
    MAX_COMPONENTS,
    BadSignature,
    ClaimedSignature,
    IncomingRequest,
    Scheme,
    check_digests,
    check_key_id,
    check_made_at,
    check_not_expired,
    destination,
    strict_base64,
    unix,
)

TARGET: Final = "(request-target)"
CREATED: Final = "(created)"
EXPIRES: Final = "(expires)"

_ALGORITHMS: Final = frozenset({None, "rsa-sha256", "hs2019"})
_PARAMETER: Final = re.compile(
    r"[ \t]*(?P<name>[A-Za-z][A-Za-z0-9_-]*)[ \t]*=[ \t]*"
    r'(?:"(?P<quoted>[^"\\]*)"|(?P<bare>[^",\s\\]+))[ \t]*(?:,|\Z)'
)
#: Characters of a header before the signature, as they are remembered. Real ones have 200.
_LONGEST_HEAD: Final = 1_024
_ANY_SIGNATURE: Final = "AAAA"
_ALWAYS_REQUIRED: Final = (TARGET, "host")
_REQUIRED: Final = (*_ALWAYS_REQUIRED, "digest")
#: What the signing string takes from elsewhere than the header of that name.
_PROVIDED: Final = frozenset({TARGET, CREATED, EXPIRES, "host"})
_COMPONENT: Final = re.compile(r"\((?:request-target|created|expires)\)|[a-z0-9!#$%&'*+.^_`|~-]+")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT"
)
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


class CavageSignature(ClaimedSignature, frozen=True, kw_only=True):
    """The `Signature` header, read and not yet believed."""


def parse_parameters(header: str) -> dict[str, str]:
    """The parameters of a `Signature` header, names in lower case.

    Raises BadSignature(400) for anything that does not read as `name="value"` or `name=value`
    separated by commas, and for a name given twice in any spelling (row S09). Names that the
    draft does not define are kept and mean nothing.
    """
    parameters: dict[str, str] = {}
    position = 0
    while position < len(header):
        match = _PARAMETER.match(header, position)
        if match is None:
            raise BadSignature(400, "the Signature header cannot be read")
        name = match["name"].lower()
        if name in parameters:
            raise BadSignature(400, "a Signature parameter is given twice")
        parameters[name] = match["bare"] if match["quoted"] is None else match["quoted"]
        position = match.end()
    return parameters


def format_parameters(parameters: Mapping[str, str]) -> str:
    """The inverse of `parse_parameters`; every value is quoted.

    Raises ValueError for a value that the grammar has no place for.
    """
    for value in parameters.values():
        if '"' in value or "\\" in value or not value.isprintable():
            raise ValueError("a Signature parameter cannot hold quotes or control characters")
    return ",".join(f'{name}="{value}"' for name, value in parameters.items())


def parse(request: IncomingRequest) -> CavageSignature:
    """What the request claims. Raises BadSignature: 401 unsigned or useless, 400 unreadable."""
    header = request.single("signature", 400)
    if header is None:
        raise BadSignature(401, "the request is not signed")
    return _read_again(header) or read_header(header)


def read_header(header: str) -> CavageSignature:
    """What a `Signature` header claims. Raises BadSignature as `parse`."""
    parameters = parse_parameters(header)
    signature = strict_base64(parameters.get("signature", ""))
    if not signature:
        raise BadSignature(400, "the signature is not base64")
    return CavageSignature(
        scheme=Scheme.CAVAGE,
        key_id=check_key_id(parameters.get("keyid", "")),
        components=_components(parameters.get("headers")),
        signature=signature,
        algorithm=parameters.get("algorithm"),
        created=_seconds(parameters, "created"),
        expires=_seconds(parameters, "expires"),
    )


def _read_again(header: str) -> CavageSignature | None:
    """The same as `read_header`, if all but the signature was read before; None says nothing.

    A server's headers differ in the signature alone, which stands last (7 µs less of 9).
    """
    head, mark, end = header.rpartition('signature="')
    if not mark or len(head) > _LONGEST_HEAD or end[-1:] != '"':
        return None
    signature = strict_base64(end[:-1])
    stated = _stated(head) if signature else None
    if not signature or stated is None:
        return None
    return CavageSignature(
        scheme=Scheme.CAVAGE,
        key_id=stated.key_id,
        components=stated.components,
        signature=signature,
        algorithm=stated.algorithm,
        created=stated.created,
        expires=stated.expires,
    )


@lru_cache(maxsize=2_048)
def _stated(head: str) -> CavageSignature | None:
    """What a header says before its signature, if that stands last; None if that is not sure.

    Base64 has no quotes, so any signature stands where this one does.
    """
    header = f'{head}signature="{_ANY_SIGNATURE}"'
    try:
        places = [
            name for name, value in parse_parameters(header).items() if value == _ANY_SIGNATURE
        ]
        return read_header(header) if places == ["signature"] else None
    except BadSignature:
        return None  # which refusal it is, `read_header` finds out


def check(claimed: CavageSignature, request: IncomingRequest, now: datetime) -> None:
    """Everything that can be refused without the key, so that nobody fetches one in vain.

    Raises BadSignature.
    """
    if claimed.algorithm not in _ALGORITHMS:
        raise BadSignature(401, "the algorithm is not accepted")
    _check_coverage(claimed, request)
    _check_times(claimed, request, unix(now))
    if "digest" in claimed.components:  # which a body makes sure of
        _check_digest(request)


def verify(
    claimed: CavageSignature, request: IncomingRequest, public_key: PublicKey, now: datetime
) -> None:
    """Return if `public_key` signed this request for us, now. Raises BadSignature otherwise.

    A GET whose query was left out of the signature is accepted (two known servers sign the path
    only); for any other method the query is part of the target, as signed.
    """
    check(claimed, request, now)
    if claimed.algorithm == "rsa-sha256" and public_key.kind is not KeyKind.RSA:
        raise BadSignature(401, "the algorithm does not fit the key")
    for target in _targets(request):
        if public_key.verifies(claimed.signature, _signing_string(claimed, request, target)):
            return
    raise BadSignature(401, "the signature does not verify")


def sign(
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    key: PrivateKey,
    key_id: str,
    now: datetime,
) -> dict[str, str]:
    """The headers to add: Host, Date, Digest if there is a body, Signature.

    `headers`: those already set; a Content-Type among them is signed along with a body.
    `body`: the exact bytes to be sent, or None. A GET with `b""` gets the digest of nothing,
    which Lemmy asks for. Raises ValueError for a URL or key id that cannot be signed.
    """
    to = destination(url)
    added = {"Host": to.host, "Date": http_date(now)}
    components = [TARGET, "host", "date"]
    fields = {"host": to.host, "date": added["Date"]}
    if body is not None:
        added["Digest"] = fields["digest"] = digest_header(body)
        components.append("digest")
        for name, value in headers.items():
            if name.lower() == "content-type":
                fields["content-type"] = value
                components.append("content-type")
    lines = [f"{TARGET}: {method.lower()} {to.target}"]
    lines += [f"{name}: {fields[name]}" for name in components[1:]]
    signature = key.sign("\n".join(lines).encode("ascii"))
    added["Signature"] = format_parameters(
        {
            "keyId": key_id,
            "algorithm": "rsa-sha256" if key.kind is KeyKind.RSA else "hs2019",
            "headers": " ".join(components),
            "signature": base64.b64encode(signature).decode(),
        }
    )
    return added


def digest_header(body: bytes) -> str:
    """`SHA-256=…`: upper case and one hash only, since some servers compare the whole field."""
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()


def http_date(now: datetime) -> str:
    """`now` as an IMF-fixdate (RFC 9110 §5.6.7). Raises ValueError without a time zone."""
    return _date_of(unix(now))


@lru_cache(maxsize=8)
def _date_of(second: int) -> str:
    """Kept for a moment: many requests are signed in the same second."""
    return format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)


def _components(headers: str | None) -> tuple[str, ...]:
    # The draft's default is "(created)" alone, which covers too little to be worth reading.
    names = (headers or "").split(" ")
    if len(names) > MAX_COMPONENTS:
        raise BadSignature(401, "too many signed headers")
    if len(set(names)) != len(names):
        raise BadSignature(401, "a header is signed twice")
    if not all(_COMPONENT.fullmatch(name) for name in names):
        raise BadSignature(401, "the list of signed headers is malformed")
    return tuple(names)


def _seconds(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise BadSignature(400, f"{name} is not a whole number of seconds")
    return int(text)


def _check_coverage(claimed: CavageSignature, request: IncomingRequest) -> None:
    components = claimed.components
    for name in _REQUIRED if request.must_cover_body else _ALWAYS_REQUIRED:
        if name not in components:
            raise BadSignature(401, f"{name} is not signed")
    if "date" not in components and CREATED not in components:
        raise BadSignature(401, "no time is signed")
    fields = request.fields
    for name in components:
        if name not in _PROVIDED and name not in fields:
            raise BadSignature(401, "a signed header is not in the request")


def _check_times(claimed: CavageSignature, request: IncomingRequest, now: int) -> None:
    components = claimed.components
    for name, value in ((CREATED, claimed.created), (EXPIRES, claimed.expires)):
        # Draft §2.3: the pseudo-headers are for hs2019 only, and need their parameter.
        if name in components and (value is None or claimed.algorithm == "rsa-sha256"):
            raise BadSignature(401, f"{name} cannot be signed here")
    if "date" in components:
        check_made_at(_second_of(request.single("date", 401) or ""), now)
    if claimed.created is not None:
        check_made_at(claimed.created, now)
    check_not_expired(claimed.expires, now)


@lru_cache(maxsize=64)
def _second_of(date: str) -> int:
    """An IMF-fixdate in Unix seconds; kept for a moment, since many requests state the same."""
    match = _DATE.fullmatch(date)
    if match is None or match[2] not in _MONTHS:
        raise BadSignature(401, "the Date cannot be read")
    day, month, *rest = match.groups()
    year, hour, minute, second = (int(part) for part in rest)
    try:
        moment = datetime(
            year, _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC
        )
    except ValueError as error:
        raise BadSignature(401, "the Date cannot be read") from error
    return int(moment.timestamp())


def _check_digest(request: IncomingRequest) -> None:
    header = request.single("digest", 400)
    if header is None:
        raise BadSignature(401, "the body has no digest")
    if header != digest_header(request.body):  # as everybody writes it: nothing to read
        check_digests(_members(header), request.body)


def _members(header: str) -> Iterator[tuple[str, bytes | None]]:
    for member in header.split(","):
        name, _, value = member.strip(" \t").partition("=")
        yield name.lower(), strict_base64(value) or None


def _targets(request: IncomingRequest) -> tuple[str, ...]:
    path, query, _ = request.target.partition("?")
    if query and request.method.upper() in {"GET", "HEAD"}:
        return request.target, path
    return (request.target,)


def _signing_string(claimed: CavageSignature, request: IncomingRequest, target: str) -> bytes:
    lines: list[str] = []
    for name in claimed.components:
        if name == TARGET:
            value: object = f"{request.method.lower()} {target}"
        elif name == "host":
            value = request.host
        elif name == CREATED:
            value = claimed.created
        elif name == EXPIRES:
            value = claimed.expires
        else:
            value = request.joined(name)
        lines.append(f"{name}: {value}")
    # Header bytes that are not UTF-8 come in as surrogates; they go back to what they were.
    return "\n".join(lines).encode("utf-8", "surrogateescape")
