"""HTTP Message Signatures (RFC 9421) over the http-message-signatures library.

The library builds signature bases; what has to be covered, which of several labels counts, the
time window and the body are decided here. `@target-uri` and `@authority` are those of our public
origin, never of the socket. Between our own nodes a stricter profile holds (`Scheme.RFC9421_OURS`,
tag `tertulia`): `@authority`, a nonce and an expiry of at most five minutes.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import http_sf
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
    algorithms,
)

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
_ALGORITHMS: Final = {
    KeyKind.RSA: algorithms.RSA_V1_5_SHA256,
    KeyKind.ED25519: algorithms.ED25519,
}
_ACCEPTED: Final = frozenset({None, *(a.algorithm_id for a in _ALGORITHMS.values())})
_PARAMETERS: Final = frozenset({"alg", "created", "expires", "keyid", "nonce", "tag"})


class MessageSignature(ClaimedSignature, frozen=True, kw_only=True):
    """The one acceptable label of a request, read and not yet believed."""

    label: str
    #: The two fields, reduced to this label.
    signature_input: str
    signature_field: str


@dataclass
class _Message:
    """What the library reads a request from."""

    method: str
    url: str
    headers: Any


class _FieldLines:
    """Field lines in order, as the library wants to iterate them."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self._lines = lines

    def items(self) -> Iterator[tuple[str, str]]:
        return iter(self._lines)


class _OneKey(HTTPSignatureKeyResolver):
    """The key was found before verifying began."""

    def __init__(self, key: PublicKey) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> object:  # noqa: ARG002
        return self._key.key


class _Verifier(HTTPMessageVerifier):
    """Without the library's own clock: the window was checked against the caller's `now`."""

    def validate_created_and_expires(self, *_args: object, **_named: object) -> None:
        return


def parse(request: IncomingRequest) -> MessageSignature:
    """The one label that fulfils our policy.

    Raises BadSignature: 400 if the fields cannot be read, 401 if no label, or more than one,
    is acceptable; a label that covers too little is never a way in (row S21).
    """
    inputs = _dictionary(request, "signature-input")
    signatures = _dictionary(request, "signature")
    if inputs.keys() != signatures.keys():
        raise BadSignature(400, "Signature and Signature-Input have different labels")
    if not 0 < len(inputs) <= MAX_LABELS:
        raise BadSignature(401, "too many signatures")
    acceptable: list[MessageSignature] = []
    refusals: list[BadSignature] = []
    for label, entry in inputs.items():
        try:
            acceptable.append(_claim(label, entry, signatures[label], request))
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
        check_digests(_read_digest(request), request.body)


def verify(
    claimed: MessageSignature, request: IncomingRequest, public_key: PublicKey, now: datetime
) -> None:
    """Return if `public_key` signed this request for us, now. Raises BadSignature otherwise."""
    check(claimed, request, now)
    verifier = _Verifier(
        signature_algorithm=_ALGORITHMS[public_key.kind], key_resolver=_OneKey(public_key)
    )
    message = _Message(
        request.method, request.public_origin + request.target, _lines(claimed, request)
    )
    try:
        results = verifier.verify(
            message, max_age=None, require_components=tuple(_required(request, claimed.scheme))
        )
    except HTTPMessageSignaturesException as error:
        raise BadSignature(401, "the signature does not verify") from error
    if [result.label for result in results] != [claimed.label]:
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
    along = {name.lower(): value for name, value in headers.items() if name.lower() in COVERED}
    covered = ["@method", "@target-uri"] + (["@authority"] if ours else []) + sorted(along)
    message = dict(along)  # the library adds and covers Content-Digest
    created = datetime.fromtimestamp(unix(now), UTC)
    algorithm: type[HTTPSignatureAlgorithm] = _ALGORITHMS[key.kind]
    signer = HTTPMessageSigner(signature_algorithm=algorithm)
    try:
        prepared = signer.prepare(
            _Message(method.upper(), to.url, message),
            key_id=key_id,
            created=created,
            expires=created + OUR_LIFETIME if ours else None,
            nonce=nonce if ours else None,
            tag=OUR_TAG if ours else None,
            covered_component_ids=covered,
            body=body,
        )
    except HTTPMessageSignaturesException as error:
        raise ValueError("the request cannot be signed") from error
    signature = base64.b64encode(key.sign(prepared.signature_base)).decode()
    return {
        "Host": to.host,
        **{name: value for name, value in message.items() if name not in along},
        "Signature-Input": f"{_LABEL}={prepared.signature_params}",
        "Signature": f"{_LABEL}=:{signature}:",
    }


def _dictionary(request: IncomingRequest, name: str) -> dict[str, Any]:
    header = request.single(name, 400)
    if header is None:
        raise BadSignature(401, f"there is no {name}")
    return _parse_dictionary(header, name)


def _parse_dictionary(header: str, name: str) -> dict[str, Any]:
    def refuse(_key: str, _context: str) -> None:
        raise BadSignature(400, f"a member of {name} is given twice")

    try:
        parsed = http_sf.parse(header.encode("ascii"), tltype="dictionary", on_duplicate_key=refuse)
    except ValueError as error:
        raise BadSignature(400, f"{name} cannot be read") from error
    return cast(dict[str, Any], parsed)


def _claim(label: str, entry: Any, signature: Any, request: IncomingRequest) -> MessageSignature:
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
        label=label,
        signature_input=http_sf.ser({label: entry}),
        signature_field=http_sf.ser({label: signature}),
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


def _lines(claimed: MessageSignature, request: IncomingRequest) -> _FieldLines:
    replaced = {
        "signature-input": claimed.signature_input,
        "signature": claimed.signature_field,
        "host": request.host,
    }
    received = ((name.lower(), value.strip(" \t")) for name, value in request.fields.items())
    lines = [(name, value) for name, value in received if name not in replaced]
    return _FieldLines(lines + list(replaced.items()))


def _read_digest(request: IncomingRequest) -> Iterator[tuple[str, bytes | None]]:
    header = request.single("content-digest", 400)
    if header is None:
        raise BadSignature(401, "the body has no digest")
    for name, (value, _) in _parse_dictionary(header, "content-digest").items():
        yield name, value if isinstance(value, bytes) else None
