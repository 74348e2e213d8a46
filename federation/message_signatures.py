"""HTTP Message Signatures (RFC 9421): what has to be covered, and what is believed.

Which of several labels counts, the time window and the body are decided here; what exactly is
signed, `federation/signature_base` puts together. `@target-uri` and `@authority` are those of our
public origin, never of the socket. Between our own nodes a stricter profile holds
(`Scheme.RFC9421_OURS`, tag `tertulia`): `@authority`, a nonce and an expiry of at most five
minutes.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

import http_sf

from federation.key_material import KeyKind, PrivateKey, PublicKey
from federation.signature_base import (
    Labels,
    Signed,
    parameters_of,
    read_plainly,
    signature_base,
)
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
    unix,
)

#: The application tag of signatures between our own nodes.
OUR_TAG: Final = "tertulia"
#: How long such a signature lives, and how long its nonce has to be remembered.
OUR_LIFETIME: Final = timedelta(minutes=5)
#: Headers that mean something to the receiver, and so are signed where a request has them.
COVERED: Final = frozenset({"collection-synchronization"})
MAX_LABELS: Final = 4
MIN_NONCE: Final = 16
MAX_NONCE: Final = 128

_LABEL: Final = "sig1"
_ALGORITHMS: Final = {KeyKind.RSA: "rsa-v1_5-sha256", KeyKind.ED25519: "ed25519"}
_ACCEPTED: Final = frozenset({None, *_ALGORITHMS.values()})
_PARAMETERS: Final = frozenset({"alg", "created", "expires", "keyid", "nonce", "tag"})


class MessageSignature(ClaimedSignature, frozen=True, kw_only=True):
    """The one acceptable label of a request, read and not yet believed."""

    #: The last line of what was signed: components and parameters, in their one spelling.
    text: str


def parse(request: IncomingRequest) -> MessageSignature:
    """The one label that fulfils our policy.

    Raises BadSignature: 400 if the fields cannot be read, 401 if no label, or more than one,
    is acceptable; a label that covers too little is never a way in (row S21).
    """
    inputs, signatures, text = _labels(request)
    if inputs.keys() != signatures.keys():
        raise BadSignature(400, "Signature and Signature-Input have different labels")
    if not 0 < len(inputs) <= MAX_LABELS:
        raise BadSignature(401, "too many signatures")
    acceptable: list[MessageSignature] = []
    refusals: list[BadSignature] = []
    for label, entry in inputs.items():
        try:
            acceptable.append(_claim(entry, signatures[label], text, request))
        except BadSignature as refusal:
            refusals.append(refusal)
    if len(acceptable) == 1:
        return acceptable[0]
    if len(inputs) == 1:
        raise refusals[0]
    raise BadSignature(401, "not exactly one of the signatures is acceptable")


def check(claimed: MessageSignature, request: IncomingRequest, now: datetime) -> None:
    """Everything that can be refused without the key. Raises BadSignature."""
    seconds = unix(now)
    if claimed.created is None:
        raise BadSignature(401, "created is missing")
    check_made_at(claimed.created, seconds)
    check_not_expired(claimed.expires, seconds)
    if "content-digest" in claimed.components or request.body:
        _check_digest(request)


def verify(
    claimed: MessageSignature, request: IncomingRequest, public_key: PublicKey, now: datetime
) -> None:
    """Return if `public_key` signed this request for us, now. Raises BadSignature otherwise."""
    check(claimed, request, now)
    if claimed.algorithm not in {None, _ALGORITHMS[public_key.kind]}:
        raise BadSignature(401, "the algorithm does not fit the key")
    base = signature_base(claimed.components, claimed.text, _received(request))
    if base is None or not public_key.verifies(claimed.signature, base):
        raise BadSignature(401, "the signature does not verify")


def sign(
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    key: PrivateKey,
    key_id: str,
    scheme: Scheme,
    now: datetime,
    nonce: str,
) -> dict[str, str]:
    """The headers to add: Host, Content-Digest if there is a body, Signature-Input, Signature.

    `headers`: those already set; what is in `COVERED` of them is signed along.
    `nonce` is used for `Scheme.RFC9421_OURS` only. Raises ValueError for a URL that cannot be
    signed or a nonce that our own nodes would refuse.
    """
    to = destination(url)
    ours = scheme is Scheme.RFC9421_OURS
    if ours and not _is_nonce(nonce):
        raise ValueError("the nonce is too short or too long")
    lowered = ((name.lower(), value.strip(" \t")) for name, value in headers.items())
    along = {name: value for name, value in lowered if name in COVERED}
    components = ["@method", "@target-uri", *(["@authority"] if ours else []), *sorted(along)]
    added = {"Host": to.host}
    if body is not None:
        added["Content-Digest"] = along["content-digest"] = _digest_field(body)
        components.append("content-digest")
    created = unix(now)
    parameters: dict[str, str | int] = {
        "created": created,
        "keyid": key_id,
        "alg": _ALGORITHMS[key.kind],
    }
    if ours:
        lives = int(OUR_LIFETIME.total_seconds())
        parameters |= {"expires": created + lives, "nonce": nonce, "tag": OUR_TAG}
    text = parameters_of(components, parameters)
    base = signature_base(
        components, text, Signed(method.upper(), to.url, to.host, to.target, along.get)
    )
    if base is None:
        raise ValueError("the request cannot be signed")
    signature = base64.b64encode(key.sign(base)).decode()
    return added | {
        "Signature-Input": f"{_LABEL}={text}",
        "Signature": f"{_LABEL}=:{signature}:",
    }


def _labels(request: IncomingRequest) -> Labels:
    """Both fields. Raises BadSignature: 401 if one is missing, 400 if it cannot be read."""
    fields = {}
    for name in ("signature-input", "signature"):
        header = request.single(name, 400)
        if header is None:
            raise BadSignature(401, f"there is no {name}")
        fields[name] = header
    plain = read_plainly(fields["signature-input"], fields["signature"])
    if plain is not None:
        return plain
    inputs, signatures = (_parse_dictionary(header, name) for name, header in fields.items())
    return Labels(inputs, signatures)


def _parse_dictionary(header: str, name: str) -> dict[str, Any]:
    def refuse(_key: str, _context: str) -> None:
        raise BadSignature(400, f"a member of {name} is given twice")

    try:
        parsed = http_sf.parse(header.encode("ascii"), tltype="dictionary", on_duplicate_key=refuse)
    except ValueError as error:
        raise BadSignature(400, f"{name} cannot be read") from error
    return cast(dict[str, Any], parsed)


def _claim(
    entry: Any, signature: Any, text: str | None, request: IncomingRequest
) -> MessageSignature:
    members, parameters = entry
    value, _ = signature
    if not isinstance(members, list) or not isinstance(value, bytes) or not value:
        raise BadSignature(400, "a signature is not of the right form")
    _check_parameters(parameters)
    components = _component_names(members)
    ours = parameters.get("tag") == OUR_TAG
    claimed = MessageSignature(
        scheme=Scheme.RFC9421_OURS if ours else Scheme.RFC9421,
        key_id=check_key_id(parameters.get("keyid", "")),
        components=components,
        signature=value,
        algorithm=parameters.get("alg"),
        created=parameters.get("created"),
        expires=parameters.get("expires"),
        nonce=parameters.get("nonce"),
        text=text or http_sf.ser({_LABEL: entry}).partition("=")[2],
    )
    _check_policy(claimed, request)
    return claimed


def _check_parameters(parameters: Mapping[str, object]) -> None:
    if not parameters.keys() <= _PARAMETERS:
        raise BadSignature(401, "an unknown signature parameter")
    for name, value in parameters.items():
        expected = int if name in {"created", "expires"} else str
        if type(value) is not expected:
            raise BadSignature(400, f"{name} has the wrong type")


def _component_names(members: list[Any]) -> tuple[str, ...]:
    if len(members) > MAX_COMPONENTS:
        raise BadSignature(401, "too many covered components")
    names: list[str] = []
    for name, parameters in members:
        # A component with parameters is a part or a re-coding of one; none of ours has any.
        if type(name) is not str or parameters or name != name.lower() or name in names:
            raise BadSignature(401, "the list of covered components is malformed")
        names.append(name)
    return tuple(names)


def _required(request: IncomingRequest, scheme: Scheme) -> list[str]:
    required = ["@method", "@target-uri"]
    if scheme is Scheme.RFC9421_OURS:
        required.append("@authority")
    if request.must_cover_body:
        required.append("content-digest")
    return required


def _check_policy(claimed: MessageSignature, request: IncomingRequest) -> None:
    for name in _required(request, claimed.scheme):
        if name not in claimed.components:
            raise BadSignature(401, f"{name} is not covered")
    if claimed.algorithm not in _ACCEPTED:
        raise BadSignature(401, "the algorithm is not accepted")
    if claimed.created is None:
        raise BadSignature(401, "created is missing")
    if claimed.scheme is not Scheme.RFC9421_OURS:
        return
    if claimed.nonce is None or not _is_nonce(claimed.nonce):
        raise BadSignature(401, "a signature between our nodes needs a nonce")
    lifetime = (claimed.expires or 0) - claimed.created
    if not 0 < lifetime <= OUR_LIFETIME.total_seconds():
        raise BadSignature(401, "a signature between our nodes expires within five minutes")


def _is_nonce(nonce: str) -> bool:
    return MIN_NONCE <= len(nonce) <= MAX_NONCE


def _received(request: IncomingRequest) -> Signed:
    """A request as it was meant: for our origin, under the name that its sender used for us."""

    def field(name: str) -> str | None:
        return request.host if name == "host" else request.joined(name)

    url = request.public_origin + request.target
    return Signed(request.method, url, request.authority, request.target, field)


def _digest_field(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _check_digest(request: IncomingRequest) -> None:
    header = request.single("content-digest", 400)
    if header is None:
        raise BadSignature(401, "the body has no digest")
    if header != _digest_field(request.body):  # as nearly everybody writes it: nothing to read
        check_digests(_members(header), request.body)


def _members(header: str) -> Iterator[tuple[str, bytes | None]]:
    for name, (value, _) in _parse_dictionary(header, "content-digest").items():
        yield name, value if isinstance(value, bytes) else None
