"""The only outgoing HTTP client: documents, keys, media, deliveries, webhooks all pass here.

Every socket is checked at the moment it is opened, for its final address; every redirect hop is
read, vetted and signed anew; every body has a byte cap and every call one deadline. Nothing about
this can be switched off by a caller.

What is done for different purposes has its own connections: a delivery waits until its receiver has
asked for our key, and our answer to that may wait until the receiver's key was fetched. If one
waited for the connection of the other, both servers would stand still until the deadline.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from types import TracebackType
from typing import Final, Self

from aiohappyeyeballs import AddrInfoType
from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from domain.addresses import AddressPolicy, BadUrl, Url, is_localhost, join_url, parse_url
from federation.answers import (
    PUBLIC_TEXT,
    Refused,
    Response,
    TimedOut,
    TooLarge,
    Unreachable,
    read_beginning,
    read_body,
    retry_after,
)
from federation.failures import PROBLEMS, failure
from federation.resolver import AddressRefused, Resolver, SystemResolver, VettedResolver

__all__ = [
    "PUBLIC_TEXT",
    "Client",
    "HeadersFor",
    "Limits",
    "Purpose",
    "Refused",
    "Response",
    "TimedOut",
    "TooLarge",
    "Unreachable",
    "guarded_sockets",
    "retry_after",
]

HeadersFor = Callable[[Url], Mapping[str, str]]
"""Makes the headers of one hop, above all its signature, for exactly this URL."""

MayGoOn = Callable[[Url], Awaitable[None]]
"""Asked before each server to which a redirect leads; raises whatever it likes if it may not."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OWN_HEADERS: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "cookie", "transfer-encoding"}
)
_LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Purpose(Enum):
    """What a connection is for; none waits for those of another purpose."""

    DELIVERY = 1
    DOCUMENT = 2
    KEY = 3
    """To check a signature, while somebody waits for our answer."""
    PAGE = 4
    """A web page that somebody linked to, or a picture on it: of any server, however slow."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes and counts. The defaults are those of the security catalogue (D03, D11).

    `per_host` and `connections` are for each purpose.
    """

    deadline: float = 10.0
    connect: float = 3.0
    silence: float = 5.0
    cap: int = 1 << 20
    answer_cap: int = 64 << 10
    redirects: int = 3
    per_host: int = 4
    connections: int = 1024


@dataclass(frozen=True, slots=True)
class _Target:
    """A vetted URL, ready for aiohttp."""

    url: Url
    wire: URL


class Client:
    """Fetches and delivers for the whole process. Build it once, close it at the end.

    `own_origin`: this node; its own pages are never fetched and its own inboxes never delivered
    to (F11). `tls_ca_file`: a private authority, trusted besides the system's. It may be built
    outside an event loop, but belongs to the first loop that uses it.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        user_agent: str,
        *,
        own_origin: str | None = None,
        tls_ca_file: str | None = None,
        resolver: Resolver | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._policy = policy
        self._user_agent = user_agent
        self._own = parse_url(own_origin) if own_origin else None
        self._tls = _tls_context(tls_ca_file)
        self._resolver = SystemResolver() if resolver is None else resolver
        self._sessions: dict[tuple[str, Purpose], ClientSession] = {}
        self._closed = False
        self._target = lru_cache(maxsize=2048)(self._vetted)
        self._timeout = lru_cache(maxsize=64)(self._client_timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection. Later calls raise `Unreachable`."""
        self._closed = True
        self._target.cache_clear()
        for session in self._sessions.values():
            await session.close()
        self._resolver.close()

    async def fetch(
        self,
        url: str | Url,
        *,
        accept: str,
        headers_for: HeadersFor | None = None,
        cap: int | None = None,
        deadline: float | None = None,
        purpose: Purpose = Purpose.DOCUMENT,
        whole: bool = True,
        may_go_on: MayGoOn | None = None,
    ) -> Response:
        """GET with at most three redirects, `cap` bytes and `deadline` seconds for all of it.

        Not `whole`: the first `cap` bytes of a longer answer will do. `may_go_on`: asked of others.

        `headers_for` is asked for each hop at the first URL's origin. From the first hop elsewhere
        on no credentials are sent at all: a signature would tell a third server who reads (F09).
        Link headers and HTML alternates are never followed. Raises `Unreachable`.
        """
        seconds = deadline or self.limits.deadline
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(
                    *(url, accept, headers_for, cap or self.limits.cap, seconds),
                    purpose=purpose,
                    whole=whole,
                    may_go_on=may_go_on,
                )
        except PROBLEMS as problem:
            raise failure(problem) from problem

    async def post(
        self,
        url: str | Url,
        body: bytes,
        headers: Mapping[str, str],
        *,
        deadline: float | None = None,
    ) -> Response:
        """POST once; redirects are answers like any other. Raises `Unreachable`; `HungUp` if it may
        have been the end of a kept connection, so that another attempt is worth its while.

        `headers` come signed for this URL. The body of the answer is kept up to 64 KiB and
        is empty if it was longer: the status says what happened to the delivery.
        """
        try:
            target = self._open(url)
            _check_headers(headers, target.url)
            async with self._session(target, Purpose.DELIVERY).post(
                target.wire,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=self._timeout(deadline or self.limits.deadline),
            ) as answer:
                text = b"" if answer.content.at_eof() else await self._answer_text(answer)
                return Response(answer.status, target.url, answer.headers, text)
        except PROBLEMS as problem:
            raise failure(problem) from problem

    def vet(self, url: str) -> Url:
        """The URL, if nothing in its text forbids to ask it. Raises `Refused`.

        What it leads to is checked each time when it is asked.
        """
        try:
            return self._open(url).url
        except BadUrl as problem:
            raise Refused(problem.reason) from problem

    async def _follow(
        self,
        url: str | Url,
        accept: str,
        headers_for: HeadersFor | None,
        cap: int,
        seconds: float,
        *,
        purpose: Purpose,
        whole: bool,
        may_go_on: MayGoOn | None,
    ) -> Response:
        target = self._open(url)
        home = target.url.origin
        for _ in range(self.limits.redirects + 1):
            headers = {"Accept": accept}
            if headers_for is not None and target.url.origin == home:
                headers |= _check_headers(headers_for(target.url), target.url)
            else:
                headers_for = None
            async with self._session(target, purpose).get(
                target.wire,
                headers=headers,
                allow_redirects=False,
                timeout=self._timeout(seconds),
            ) as answer:
                if answer.status not in REDIRECTS:
                    body = await (read_body if whole else read_beginning)(answer, cap)
                    return Response(answer.status, target.url, answer.headers, body)
                onward = _location(answer, target.url)
                answer.close()
            was, target = target.url.origin, self._open(onward)
            if may_go_on is not None and target.url.origin != was:
                await may_go_on(target.url)
        raise Unreachable("too many redirects")

    def _open(self, url: str | Url) -> _Target:
        if self._closed:
            raise Unreachable("the client is closed")
        return self._target(url if isinstance(url, str) else str(url))

    def _vetted(self, text: str) -> _Target:
        url = parse_url(text).without_fragment()
        self._policy.vet(url)
        if self._own is not None and _same_place(url, self._own):
            raise BadUrl("this is our own server")
        wire = URL(str(url), encoded=True)
        if (wire.scheme, wire.raw_host, wire.port) != (
            url.scheme,
            url.host.strip("[]"),
            url.effective_port,
        ):
            raise BadUrl("two parsers read the URL differently")
        return _Target(url, wire)

    def _session(self, target: _Target, purpose: Purpose) -> ClientSession:
        place = (target.url.scheme, purpose)
        session = self._sessions.get(place)
        if session is None:
            session = self._sessions[place] = self._new_session(target.url.scheme)
        return session

    def _new_session(self, scheme: str) -> ClientSession:
        plain = scheme == "http"
        permits = self._policy.permits_plain if plain else self._policy.permits
        connector = TCPConnector(
            resolver=VettedResolver(self._resolver, permits, all_or_none=plain),
            socket_factory=guarded_sockets(permits),
            use_dns_cache=False,
            limit=self.limits.connections,
            limit_per_host=self.limits.per_host,
            ssl=self._tls,
        )
        return ClientSession(
            connector=connector,
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip"},
            cookie_jar=DummyCookieJar(),
            timeout=self._client_timeout(self.limits.deadline),
            trust_env=False,
            auto_decompress=False,
            raise_for_status=False,
        )

    def _client_timeout(self, total: float) -> ClientTimeout:
        # aiohttp rounds timeouts above the threshold up to a whole second: never here.
        return ClientTimeout(
            total=total,
            sock_connect=min(total, self.limits.connect),
            sock_read=min(total, self.limits.silence),
            ceil_threshold=float("inf"),
        )

    async def _answer_text(self, answer: ClientResponse) -> bytes:
        try:
            return await read_body(answer, self.limits.answer_cap)
        except (Unreachable, ClientError, OSError):
            answer.close()
            return b""


def guarded_sockets(permits: Callable[[str], bool]) -> Callable[[AddrInfoType], socket.socket]:
    """A socket factory that opens a socket only for a permitted final address.

    aiohttp calls it for every connection, after all name look-ups, so neither rebinding nor an
    address literal gets past it. It raises `AddressRefused`.
    """

    def open_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if not permits(str(address[0])):
            raise AddressRefused("the address is not one that may be reached")
        return socket.socket(family, kind, protocol)

    return open_socket


@cache
def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Which certificates are believed. Reading the system's takes tens of milliseconds: once."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def _same_place(url: Url, own: Url) -> bool:
    """Whether a URL leads to our own server: also over the other scheme or a loopback alias."""
    if url.host == own.host and (url.port == own.port or url.effective_port == own.effective_port):
        return True
    if url.effective_port != own.effective_port:
        return False
    if url.host in _LOCAL_HOSTS:
        return own.host in _LOCAL_HOSTS or is_localhost(own.host)
    return own.host in _LOCAL_HOSTS and is_localhost(url.host)


def _check_headers(headers: Mapping[str, str], url: Url) -> Mapping[str, str]:
    """Headers that are aiohttp's business, or a Host that is not the URL's, are a caller's bug."""
    for name, value in headers.items():
        low = name.lower()
        if low in _OWN_HEADERS or (low == "host" and value != url.authority):
            raise ValueError(f"the header {low} is not the caller's to set")
    return headers


def _location(answer: ClientResponse, at: Url) -> Url:
    places = answer.headers.getall("Location", [])
    if len(places) != 1:
        raise Unreachable("a redirect without one location")
    onward = join_url(at, places[0])
    if at.scheme == "https" and onward.scheme != "https":
        raise BadUrl("a redirect from https to http")
    return onward
