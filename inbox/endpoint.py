"""POST to an inbox: limits, authentication, one look at the envelope, and into storage.

Every inbox of this node is the same to a sender: nothing is looked up by the path, so nobody
learns which actors exist here. Refusals name a fixed reason and repeat nothing of the request.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog
from aiohttp.web import HTTPNotFound, Request, Response

from activitypub.json import MalformedDocument
from activitypub.parse.fields import origin_of
from activitypub.render.problems import PROBLEM_JSON, problem
from activitypub.synchronization import HEADER, Synchronization
from activitypub.synchronization import parse as parse_synchronization
from domain.node import Federation
from federation.authentication import BadSignature, IncomingRequest, Signer, authenticate
from federation.fetcher import Fetcher, is_activity_type
from federation.message_signatures import OUR_TAG
from federation.shares import Shares
from federation.signatures import Scheme
from inbox.at_once import do_at_once
from inbox.farewells import heard_farewell
from inbox.forwarded import spoken_for
from inbox.handlers.offer import is_talk
from inbox.intake import PROCESS, NotTheirs, check_signer, take_in
from inbox.reading import LARGEST, read
from inbox.together import Together
from storage.errors import StorageError
from storage.queries import intake
from storage.tx import Tx

log = structlog.get_logger("inbox")

#: Seconds for all of a body to arrive (D12).
PATIENCE: Final = 15.0
#: Activities that may wait to be processed; beyond, senders are asked to come back.
MOST_WAITING: Final = 20_000
#: Seconds that a sender is asked to wait.
COME_BACK: Final = 30
#: Activities of one server: what a busy one sends in a while, and a flood does not (D22).
PER_SECOND: Final = 100.0
AT_ONCE: Final = 1_000
#: Requests from one address that prove nothing.
UNPROVEN_PER_SECOND: Final = 1.0
UNPROVEN_AT_ONCE: Final = 120
_LOOK_AGAIN: Final = 1.0
#: What the answer to what was taken says beside its status, for `Endpoint(accepted=…)`.
#: How nodes recognise each other: by asking for the signature of the protocol's §3 (RFC 9421 §5.1).
TAKEN: Final = {
    "Accept-Signature": 'sig1=("@method" "@target-uri" "@authority" "content-digest")'
    f';created;expires;tag="{OUR_TAG}"'
}


class Refusal(Exception):  # noqa: N818 - what the sender gets
    """An answer that is not 202. `reason` is safe to show."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Endpoint:
    """Receives activities for every inbox of this node. One per process."""

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        most_waiting: int = MOST_WAITING,
        servers: Shares | None = None,
        together: Together | None = None,
        accepted: Callable[[Request], Response] | None = None,
    ) -> None:
        """`servers`: what one may send in a while; `together`: where plain posts gather;
        `accepted`: the answer to what was taken. All as usual if not given.
        """
        self._fetcher = fetcher
        self._together = together or Together(fetcher.db, fetcher.node)
        self._accepted = accepted or _accepted
        self._most_waiting = most_waiting
        self._full = False
        self._looked_at = float("-inf")
        self._servers = servers or Shares(per_second=PER_SECOND, burst=AT_ONCE)
        self._unproven = Shares(per_second=UNPROVEN_PER_SECOND, burst=UNPROVEN_AT_ONCE)

    async def receive(self, request: Request, address: str | None = None) -> Response:
        """The handler of `POST /inbox` and `POST /a/{id}/inbox`.

        `address`: where the request came from; without one nothing is counted.

        202: stored, or known already. 400 unreadable, 401 unproven, 403 not admitted or not the
        signer's to say, 413, 415, 429 and 503 with Retry-After. Raises HTTPNotFound while
        federation is closed: then this node has no inbox.
        """
        if self._fetcher.node.federation is Federation.CLOSED:
            raise HTTPNotFound
        try:
            await self._take(request, address)
        except Refusal as refusal:
            return _refused(refusal.status, refusal.reason)
        except (BadSignature, NotTheirs, MalformedDocument) as refusal:
            return _refused(_status_of(refusal), refusal.reason)
        except StorageError as problem:
            log.warning("inbox cannot store", reason=type(problem).__name__)
            return _refused(503, "this server is busy")
        return self._accepted(request)

    async def _take(self, request: Request, address: str | None) -> None:
        _check_headers(request)
        if time.monotonic() - self._looked_at >= _LOOK_AGAIN:
            await self._look_for_room()
        if self._full:  # refused early while more waits than can be processed soon
            raise Refusal(503, "this server is busy")
        if address is not None and not self._unproven.has_any(address):
            raise Refusal(429, "too many requests that prove nothing")
        body = await _read(request)
        incoming = self._incoming(request, body)
        try:
            signer = await self._authenticated(incoming, body, address)
        except BadSignature as refusal:
            if refusal.status == 401 and await heard_farewell(self._fetcher, incoming, body):
                return
            raise
        await _let_others_catch_up()
        activity = read(body)
        await _let_others_catch_up()
        speaker = await spoken_for(self._fetcher, signer, activity, body)
        if speaker is None:
            return  # forwarded: its object will be looked at where it lies
        members = _members(request, signer) if speaker is signer else None
        signer = speaker
        check_signer(signer, activity)
        together = self._together
        await together.behind(signer.actor, activity)
        if not await do_at_once(
            self._fetcher, signer, activity, body, together=together, members=members
        ):
            await self._fetcher.db.write(
                take_in, signer=signer, activity=activity, body=body, members=members
            )

    async def _authenticated(
        self, incoming: IncomingRequest, body: bytes, address: str | None
    ) -> Signer:
        """Who signed this. An address is counted where it proves nothing, a server where it does.

        A server's share is its own: whoever only claims to be it takes nothing of it.
        """
        admits = self._fetcher.talk if is_talk(body) else self._fetcher
        try:
            signer = await authenticate(admits, incoming)
        except BadSignature:
            if address is not None:
                self._unproven.take(address)
            raise
        if address is not None and not self._servers.take(origin_of(signer.actor.uri)):
            raise Refusal(429, "too many activities of that server at once")
        return signer

    def _incoming(self, request: Request, body: bytes) -> IncomingRequest:
        return IncomingRequest(
            method=request.method,
            target=request.raw_path,
            headers=request.headers,
            body=body,
            public_origin=self._fetcher.node.origin,
        )

    async def _look_for_room(self) -> None:
        self._looked_at = time.monotonic()
        self._full = await self._fetcher.db.read(_is_full, self._most_waiting)


async def _let_others_catch_up() -> None:
    """Go on when whatever came in the same moment has come as far, in the order in which it came.

    The same step for all of them, and then the next one: its code and what it looks at are in the
    processor's caches by then. A delivery costs a tenth less while many come; one alone waits for
    nothing but a turn of the event loop.
    """
    await asyncio.sleep(0)


def _is_full(tx: Tx, most: int) -> bool:
    return intake.waiting(tx, PROCESS, most) >= most


def _check_headers(request: Request) -> None:
    if not is_activity_type(request.headers.get("Content-Type", "")):
        raise Refusal(415, "the content type is not one of ActivityStreams")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(400, "encoded bodies are not read")
    if (request.content_length or 0) > LARGEST:
        raise Refusal(413, "the activity is too large")


def _members(request: Request, signer: Signer) -> Synchronization | None:
    """What the sender says of who of ours belongs to it (FEP-8fcf).

    Our nodes sign it along: one that was put in on the way says nothing.
    """
    if signer.scheme is Scheme.RFC9421_OURS and HEADER.lower() not in signer.covered:
        return None
    value = request.headers.get(HEADER)
    return None if value is None else parse_synchronization(value)


async def _read(request: Request) -> bytes:
    if request.content.is_eof():  # came in one piece with its headers, as most do
        body = request.content.read_nowait()
        if len(body) > LARGEST:
            raise Refusal(413, "the activity is too large")
        return body
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > LARGEST:
                    raise Refusal(413, "the activity is too large")
                parts.append(chunk)
    except TimeoutError:
        raise Refusal(408, "the activity did not arrive in time") from None
    return b"".join(parts)


def _accepted(_request: Request) -> Response:
    return Response(status=202, headers=TAKEN)


def _status_of(refusal: BadSignature | NotTheirs | MalformedDocument) -> int:
    if isinstance(refusal, BadSignature):
        return refusal.status
    return 403 if isinstance(refusal, NotTheirs) else 400


def _refused(status: int, reason: str) -> Response:
    headers = {"Retry-After": str(COME_BACK)} if status in {429, 503} else None
    return Response(
        status=status,
        body=problem(status, reason),
        content_type=PROBLEM_JSON,
        headers=headers,
    )
