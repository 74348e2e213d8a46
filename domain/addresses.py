"""One verdict on every web address: how it is read, and which machine it may lead to.

Everything that compares, blocks, signs for or fetches a URL parses it here, so that no two parts of
the program can disagree about its host. The grammar is a strict subset of RFC 3986: what two
parsers might read differently (userinfo, backslashes, control bytes, number-form hosts, ideographic
dots) is refused instead of repaired. Names are compared as IDNA A-labels (RFC 5891) in lower case.

Which addresses may be reached is `AddressPolicy`, over the table in `domain.networks`.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_network
from typing import Final
from urllib.parse import quote, urljoin

import idna

from domain.networks import IPAddress, IPNetwork, is_global, is_translated, read_address

LONGEST_URL: Final = 4096
LONGEST_HOST: Final = 253

DEFAULT_PORTS: Final = {"https": 443, "http": 80}

DENIED_PORTS: Final = frozenset(
    {
        *(1080, 3128),  # proxies: they would reach further than we may
        *(1433, 1521, 3306, 5432, 5984, 6379, 7474, 8086, 9042, 9200, 9300, 11211),  # databases
        *(27017, 27018, 27019, 28015),
        *(2181, 2375, 2376, 2377, 2379, 2380, 4001, 6443, 8500, 10250, 10255),  # cluster control
        *(1719, 1720, 1723, 1883, 4369, 5671, 5672, 8883, 9092, 15672),  # calls and queues
        *(2049, 3260, 3389, 3659, 4045, 4190, 5060, 5061, 5900, 5901, 10080),
        *(6000, 6001, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697),
    }
)
"""Well-known services above 1023 that never serve a web page to strangers; below, only 80 and 443
are allowed. A database that echoes an error line would otherwise answer as a web server (F06)."""

LOCAL_SUFFIXES: Final = frozenset(
    {"alt", "home.arpa", "internal", "invalid", "local", "localdomain", "onion"}
)
"""Names that never mean a server on the public web (RFC 6761, 6762, 7686, 8375, 9476)."""

_STRANGE: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_SHAPE: Final = re.compile(r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IDEOGRAPHIC_DOTS: Final = frozenset("\u3002\uff0e\uff61")
_KEPT: Final = "/?:@!$&'()*+,;=-._~%"


class BadUrl(ValueError):  # noqa: N818 - says what it is, not that it is one
    """A URL or host name that we refuse. `reason` is a fixed phrase without any of the input."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Url:
    """A canonical http or https URL. Made by `parse_url` only.

    `host` is lower-case ASCII, an IPv6 literal keeps its brackets; `port` is None for the scheme's
    own port; `path` starts with a slash and is percent-encoded, as are `query` and `fragment`.
    """

    scheme: str
    host: str
    port: int | None = None
    path: str = "/"
    query: str = ""
    fragment: str = ""

    @property
    def authority(self) -> str:
        """`host` or `host:port`: what the Host header and a handle's domain say."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """`scheme://host[:port]` (RFC 6454)."""
        return f"{self.scheme}://{self.authority}"

    @property
    def target(self) -> str:
        """Path and query: the request target that a signature covers."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def effective_port(self) -> int:
        """The port that is really connected to."""
        return self.port or DEFAULT_PORTS[self.scheme]

    @property
    def address(self) -> IPAddress | None:
        """The address, if the host is an address literal."""
        return literal_address(self.host)

    def without_fragment(self) -> "Url":
        """The document that a URL with a fragment points into."""
        return replace(self, fragment="") if self.fragment else self

    def __str__(self) -> str:
        end = f"#{self.fragment}" if self.fragment else ""
        return f"{self.scheme}://{self.authority}{self.target}{end}"


@lru_cache(maxsize=4096)
def parse_url(text: str) -> Url:
    """Read an absolute http(s) URL. Raises `BadUrl`; whether it may be fetched is a policy's word.

    Refuses what parsers read differently, and names that are not on the web. `localhost`,
    `NAME.localhost`, address literals and plain http are read here and judged by
    `AddressPolicy.vet`.
    """
    if not text or len(text) > LONGEST_URL:
        raise BadUrl("the URL is empty or too long")
    _refuse_strange(text)
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise BadUrl("not an http or https URL")
    scheme, authority, path, query, fragment = (part or "" for part in shape.groups())
    if "@" in authority or "@" in fragment or (not path and "@" in query):
        raise BadUrl("the URL has a user part or looks as if it had one")
    host, port = _split_authority(authority)
    scheme = scheme.lower()
    return Url(
        scheme,
        canonical_host(host),
        None if port == DEFAULT_PORTS[scheme] else port,
        _encoded_path(path),
        _encoded(query),
        _encoded(fragment),
    )


def join_url(base: Url, reference: str) -> Url:
    """What `reference` (a Location header) means at `base` (RFC 3986 §5). Raises `BadUrl`."""
    if len(reference) > LONGEST_URL:
        raise BadUrl("the URL is empty or too long")
    _refuse_strange(reference)
    if reference.startswith("///") or (_SCHEME.match(reference) and "://" not in reference):
        raise BadUrl("the reference can be read in two ways")
    try:
        joined = urljoin(str(base.without_fragment()), reference)
    except ValueError:  # brackets that do not match
        raise BadUrl("not a reference") from None
    return parse_url(joined)


def canonical_host(text: str) -> str:
    """The one spelling of a host: A-labels in lower case, or a plain address. Raises `BadUrl`.

    No port here; see `canonical_authority`. A trailing dot, a zone id, a percent sign, a single
    label other than `localhost`, and every number form but four plain decimals are refused.
    """
    if text.startswith("["):
        return _ipv6_host(text)
    host = _ascii_host(text)
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4_host(host)
    if not all(map(_LABEL.fullmatch, labels)):
        raise BadUrl("not a host name")
    if host == "localhost" or labels[-1] == "localhost":
        return host
    if len(labels) == 1:
        raise BadUrl("a single label is not a host on the web")
    if any(host_matches(host, suffix) for suffix in LOCAL_SUFFIXES):
        raise BadUrl("the name belongs to a local or special network")
    return host


def canonical_authority(text: str) -> str:
    """`host` or `host:port` in its one spelling, 443 left out: the domain part of a handle.

    Raises `BadUrl`.
    """
    _refuse_strange(text)
    if set(text) & set("@/?#"):
        raise BadUrl("not a host with an optional port")
    host, port = _split_authority(text)
    return Url("https", canonical_host(host), None if port == 443 else port).authority


def canonical_host_of(authority: str) -> str:
    """The host of a canonical `host[:port]`."""
    if authority.endswith("]"):
        return authority
    return authority.rpartition(":")[0] or authority


def same_origin(first: Url | str, second: Url | str) -> bool:
    """Whether scheme, host and port are equal. What does not parse shares its origin with nothing.

    Never compare URLs by string prefix instead: `https://a.example.evil.test` starts with
    `https://a.example`.
    """
    try:
        return _origin(first) == _origin(second)
    except BadUrl:
        return False


def host_matches(host: str, pattern: str) -> bool:
    """Whether `host` is `pattern` or a name below it, by whole labels. Both are canonical."""
    return host == pattern or host.endswith("." + pattern)


def is_localhost(host: str) -> bool:
    """Whether a canonical host is `localhost` or a name below it (RFC 6761 §6.3)."""
    return host_matches(host, "localhost")


def literal_address(host: str) -> IPAddress | None:
    """The address behind a canonical host, or None if it is a name."""
    if host.startswith("["):
        return IPv6Address(host[1:-1])
    return IPv4Address(host) if host.rpartition(".")[2].isdigit() else None


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses this node may connect to: the public internet, and `allowed_networks`.

    `allowed_networks` is empty in production. Inside it, and nowhere else, plain http is allowed
    (design.md §7).
    """

    allowed_networks: tuple[IPNetwork, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "AddressPolicy":
        """Read networks separated by commas or spaces, as the setting has them. ValueError."""
        return cls(tuple(ip_network(part) for part in text.replace(",", " ").split()))

    def permits(self, address: IPAddress | str) -> bool:
        """Whether a connection to this very address may be opened."""
        parsed = read_address(address)
        return parsed is not None and (is_global(parsed) or self._allowed(parsed))

    def permits_plain(self, address: IPAddress | str) -> bool:
        """Whether plain http to this very address is allowed."""
        parsed = read_address(address)
        return parsed is not None and self._allowed(parsed)

    def vet(self, url: Url) -> None:
        """Refuse, before any look-up, what can be refused by its text. Raises `BadUrl`.

        A name may still resolve to a forbidden address: the client asks `permits` again for the
        address of every socket.
        """
        permits = self.permits if url.scheme == "https" else self.permits_plain
        if url.scheme == "http" and not self.allowed_networks:
            raise BadUrl("https is required")
        literal = url.address
        if literal is not None and not permits(literal):
            raise BadUrl("the address is not one that may be reached")
        if is_localhost(url.host) and not permits("127.0.0.1"):
            raise BadUrl("this machine itself is not a server that may be reached")

    def _allowed(self, address: IPAddress) -> bool:
        return any(address in network for network in self.allowed_networks)


def _origin(url: Url | str) -> tuple[str, str, int]:
    parsed = parse_url(url) if isinstance(url, str) else url
    return parsed.scheme, parsed.host, parsed.effective_port


def _refuse_strange(text: str) -> None:
    if _STRANGE.search(text):
        raise BadUrl("the URL has a space, a control byte or a backslash")


def _split_authority(authority: str) -> tuple[str, int | None]:
    host, bracket, rest = authority.rpartition("]")
    host, colon, port = (host + bracket, rest[:1], rest[1:]) if bracket else rest.partition(":")
    if bracket and colon not in {"", ":"}:
        raise BadUrl("not a host with an optional port")
    return host, _checked_port(port) if colon else None


def _checked_port(text: str) -> int:
    if not _PORT.fullmatch(text):
        raise BadUrl("not a port number")
    port = int(text)
    if port > 65535 or port in DENIED_PORTS or (port < 1024 and port not in {80, 443}):
        raise BadUrl("the port is not one that web servers use")
    return port


def _ascii_host(text: str) -> str:
    if not text or len(text) > LONGEST_HOST:
        raise BadUrl("the host is empty or too long")
    if text.isascii():
        return text.lower()
    if _IDEOGRAPHIC_DOTS.intersection(text):
        raise BadUrl("the host has a dot that is not a dot")
    try:
        host = idna.encode(text.lower(), strict=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise BadUrl("not an international host name") from None
    return host


def _ipv4_host(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except AddressValueError:
        raise BadUrl("the host is a number form of an address") from None


def _ipv6_host(text: str) -> str:
    try:
        address = IPv6Address(text[1:-1]) if text.endswith("]") else None
    except AddressValueError:
        address = None
    if address is None or address.scope_id is not None:
        raise BadUrl("not an IPv6 address")
    if is_translated(address):
        raise BadUrl("the host is an IPv4 address in disguise")
    return f"[{address}]"


def _encoded(text: str) -> str:
    if _BAD_PERCENT.search(text):
        raise BadUrl("a percent sign without two hexadecimal digits")
    try:
        return quote(text, safe=_KEPT)
    except UnicodeEncodeError:
        raise BadUrl("the URL is not text") from None


def _encoded_path(path: str) -> str:
    if "." in path or "%2" in path:
        segments = path.lower().replace("%2e", ".").split("/")
        if "." in segments or ".." in segments:
            raise BadUrl("the path has dot segments")
    return _encoded(path) or "/"
