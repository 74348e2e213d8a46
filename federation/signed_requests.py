"""What both signature schemes share: the request as it came, what it claims, why it is refused.

Pure: no network, no database, no clock. Times are Unix seconds inside, `datetime` outside.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

#: Seconds. A signature older than this is refused (security row S08); a ledger that refuses
#: repetitions has to remember at least as long.
MAX_AGE: Final = 3_600
#: Seconds that a peer's clock may be ahead of ours.
MAX_AHEAD: Final = 300
#: Components in one covered list. Real servers sign three to eight.
MAX_COMPONENTS: Final = 32
#: Characters of one `Signature`, `Signature-Input` or digest field.
MAX_FIELD: Final = 32_768
MAX_KEY_ID: Final = 2_048

_NO_PATH: Final = re.compile(r"\A([A-Za-z]+://[^/?]+)(?=\?|\Z)")
_BODILESS: Final = frozenset({"GET", "HEAD"})


class BadSignature(Exception):  # noqa: N818  (it names the thing refused, as domain.errors does)
    """A request that proves nothing. `status` is the HTTP answer, `reason` is safe to show.

    400: the fields cannot be read, or contradict themselves. 401: readable, and not enough.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status}: {reason}")


class Scheme(StrEnum):
    """How a request is signed. Stored per origin once we know what it understands."""

    CAVAGE = "cavage"  # draft-cavage-http-signatures-12, which everybody takes
    RFC9421 = "rfc9421"
    RFC9421_OURS = "rfc9421-ours"  # between our nodes: authority, 5-minute expiry, nonce, tag


class IncomingRequest:
    """A request as received.

    `target`: path and query exactly as on the request line, undecoded. `fields`: every field line
    in order. `public_origin`: our own configured origin without a final slash; where a request was
    meant for is compared with that and never with what the request says.
    """

    __slots__ = ("body", "fields", "method", "public_origin", "target")

    def __init__(
        self,
        method: str,
        target: str,
        headers: CIMultiDictProxy[str] | Iterable[tuple[str, str]],
        body: bytes,
        public_origin: str,
    ) -> None:
        """`headers`: as the server has them (taken as they are), or any field lines."""
        if not isinstance(headers, CIMultiDictProxy):
            headers = CIMultiDictProxy(CIMultiDict(headers))
        self.fields: Final[CIMultiDictProxy[str]] = headers
        self.method = method
        self.target = target
        self.body = body
        self.public_origin = public_origin

    def __repr__(self) -> str:
        return f"<IncomingRequest {self.method} {self.target}>"

    def joined(self, name: str) -> str | None:
        """All values of a field joined as HTTP and both schemes say, or None if it is absent."""
        values = self.fields.getall(name, None)
        if values is None:
            return None
        if len(values) == 1:
            return values[0].strip(" \t")
        return ", ".join([value.strip(" \t") for value in values])

    def single(self, name: str, status: int) -> str | None:
        """The one value of a field, or None. A second field line is refused with `status`."""
        values = self.fields.getall(name, None)
        if values is None:
            return None
        if len(values) > 1:
            raise BadSignature(status, f"more than one {name} header")
        value = values[0].strip(" \t")
        if len(value) > MAX_FIELD:
            raise BadSignature(400, f"the {name} header is too long")
        return value

    @property
    def host(self) -> str:
        """The Host to verify against: always ours.

        The received spelling is kept if it names our host (a peer signs what it sends, perhaps
        with the default port); whatever else it says is replaced by the configured name, so that
        a request signed for somebody else cannot match, and a proxy may rewrite the field.
        """
        ours, lower, default_port = _host_of(self.public_origin)
        received = self.joined("host") or ""
        return received if received.lower().removesuffix(default_port) == lower else ours

    @property
    def authority(self) -> str:
        """Our own name in lower case, without the scheme's own port (RFC 9421 §2.2.3)."""
        _, lower, default_port = _host_of(self.public_origin)
        return lower.removesuffix(default_port)

    @property
    def must_cover_body(self) -> bool:
        """Whether a signature counts only if it covers a digest of the body."""
        return bool(self.body) or self.method.upper() not in _BODILESS


@lru_cache(maxsize=16)
def _host_of(origin: str) -> tuple[str, str, str]:
    """Our own name, the same in lower case, and the port that goes without saying."""
    ours = urlsplit(origin)
    default_port = {"http": ":80", "https": ":443"}.get(ours.scheme, "")
    return ours.netloc, ours.netloc.lower(), default_port


class ClaimedSignature(Struct, frozen=True, kw_only=True):
    """What a request says about its signature; nothing of it is true before `verify` returned.

    `created` and `expires` in Unix seconds. `nonce` is None unless the sender gave one; a caller
    that refuses repetitions remembers (key_id, nonce) until `expires`.
    """

    scheme: Scheme
    key_id: str
    components: tuple[str, ...]
    signature: bytes
    algorithm: str | None = None
    created: int | None = None
    expires: int | None = None
    nonce: str | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} by {self.key_id}>"


def check_lines(request: IncomingRequest) -> None:
    """Refuse (400) a value that holds a line break: a signing string would have one line more."""
    values = "".join(request.fields.values())
    if "\n" in values or "\r" in values or "\0" in values:
        raise BadSignature(400, "a header value holds a line break")


def check_target(request: IncomingRequest) -> None:
    """Refuse (400) a request target that is not an origin-form path."""
    target = request.target
    plain = target.isascii() and target.isprintable() and " " not in target and "#" not in target
    if not plain or not target.startswith("/"):
        raise BadSignature(400, "the request target is not a plain path")


def unix(now: datetime) -> int:
    """`now` in Unix seconds. Raises ValueError for a time without a zone: it would be a guess."""
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    return int(now.timestamp())


def check_key_id(key_id: str) -> str:
    """`key_id` if it can be one. What it names is for the caller to judge."""
    if not key_id or len(key_id) > MAX_KEY_ID:
        raise BadSignature(400, "keyId is empty or too long")
    if not key_id.isascii() or not key_id.isprintable() or " " in key_id:
        raise BadSignature(400, "keyId is not a plain identifier")
    return key_id


def check_made_at(seconds: int, now: int) -> None:
    """Refuse (401) what was signed more than MAX_AGE ago or more than MAX_AHEAD ahead of us."""
    if seconds < now - MAX_AGE:
        raise BadSignature(401, "the signature is too old")
    if seconds > now + MAX_AHEAD:
        raise BadSignature(401, "the signature comes from the future")


def check_not_expired(expires: int | None, now: int) -> None:
    """Refuse (401) what its own sender declared over."""
    if expires is not None and expires <= now:
        raise BadSignature(401, "the signature has expired")


def strict_base64(text: str) -> bytes | None:
    """Standard, padded base64, or None for anything else."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def check_digests(digests: Iterable[tuple[str, bytes | None]], body: bytes) -> None:
    """Refuse (401) unless a SHA-256 is among `digests` and every one that we know fits `body`.

    Names are compared in lower case. None stands for a value that could not be decoded.
    MD5 and SHA-1 are computed only to catch a lie; they count for nothing. Raises 400 for a
    value of these that cannot be read, and for a name missing or given twice.
    """
    seen: set[str] = set()
    for name, claimed in digests:
        actual = _digest(name, body)
        if not name or name in seen or (claimed is None and actual is not None):
            raise BadSignature(400, "the digest cannot be read")
        seen.add(name)
        if actual is not None and not hmac.compare_digest(actual, claimed or b""):
            raise BadSignature(401, "the digest does not fit the body")
    if "sha-256" not in seen:
        raise BadSignature(401, "the digest has no SHA-256")


def _digest(name: str, body: bytes) -> bytes | None:
    if name == "sha-256":
        return hashlib.sha256(body).digest()
    if name == "sha-512":
        return hashlib.sha512(body).digest()
    if name in {"sha", "sha-1"}:
        return hashlib.sha1(body, usedforsecurity=False).digest()
    if name == "md5":
        return hashlib.md5(body, usedforsecurity=False).digest()
    return None


@dataclass(frozen=True)
class Destination:
    """Where an outgoing request goes: the parts of its URL that get signed."""

    url: str
    host: str
    target: str


@lru_cache(maxsize=4096)
def destination(url: str) -> Destination:
    """The parts of `url`, which has to be encoded already and is signed as it stands.

    Raises ValueError for anything but an absolute http(s) URL without credentials or fragment.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("the URL is not encoded")
    parsed = URL(url, encoded=True)
    host = parsed.host_port_subcomponent
    if parsed.scheme not in {"http", "https"} or not host:
        raise ValueError("the URL is not an absolute http(s) URL")
    if "@" in parsed.raw_authority or "#" in url:
        raise ValueError("the URL has credentials or a fragment")
    # Without a path it is asked for with a slash, and signed so (RFC 9421 §2.2.2).
    return Destination(_NO_PATH.sub(r"\1/", url), host.lower(), parsed.raw_path_qs)
