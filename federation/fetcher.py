"""Documents of other servers: fetched with a signature, believed only where they come from.

The origin of a document is the origin of the URL that finally served it, and its id has to be that
URL (FEP-fe34, security rows S14, O01, O02). What could not be had is not asked for again for five
minutes, so no stranger can make us knock at a server over and over.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.message import Message
from functools import cached_property, lru_cache
from typing import Any, Final, TypeVar

import structlog
from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument, parse
from domain.addresses import BadUrl, Url, parse_url
from domain.kinds import KeyType, SignatureScheme
from domain.node import APPLICATION_HANDLE, Node
from federation.answers import Refused, Response, Unreachable
from federation.client import Client, Purpose
from federation.keyring import Keyring, KeyringError, SigningKey
from federation.policy import Policy, may_look_at, may_talk, naming
from federation.recent import Recent
from federation.shares import Shares
from federation.signatures import Scheme, sign
from storage.database import Database, now_ms
from storage.queries import actors, keys, origins
from storage.queries.keys import KeyHolder
from storage.tx import Tx
from storage.units import Clock

log = structlog.get_logger("federation")

T = TypeVar("T")

PROFILE: Final = "https://www.w3.org/ns/activitystreams"
ACCEPT: Final = f'application/activity+json, application/ld+json; profile="{PROFILE}"'
ACCEPT_JRD: Final = "application/jrd+json, application/json"
_JSON_TYPES: Final = frozenset({"application/jrd+json", "application/json"})

#: Bytes.
LARGEST: Final = 1 << 20
LARGEST_JRD: Final = 64 << 10
#: Actors of one server whom we never saw, and whose keys are asked for (D15).
NEW_PER_SECOND: Final = 2.0
NEW_AT_ONCE: Final = 120
#: Milliseconds that a document rests after it could not be had (S24).
REST_MS: Final = 5 * 60 * 1000

_KNOCKS: Final = {
    SignatureScheme.UNKNOWN: (Scheme.CAVAGE, Scheme.RFC9421),
    SignatureScheme.CAVAGE: (Scheme.CAVAGE, Scheme.RFC9421),
    SignatureScheme.RFC9421: (Scheme.RFC9421, Scheme.CAVAGE),
    SignatureScheme.OURS: (Scheme.RFC9421_OURS, Scheme.CAVAGE),
}
_REMEMBERED: Final = {
    Scheme.CAVAGE: SignatureScheme.CAVAGE,
    Scheme.RFC9421: SignatureScheme.RFC9421,
    Scheme.RFC9421_OURS: SignatureScheme.OURS,
}
_NOT_UNDERSTOOD: Final = frozenset({400, 401})
_ENDED: Final = 410
_GONE: Final = frozenset({404, _ENDED})
_LATER: Final = frozenset({408, 425, 429})


class CannotFetch(Exception):  # noqa: N818 - what became of the attempt
    """A document that cannot be had, or that is not what it should be.

    `reason` is a fixed phrase for the log; people and other servers learn nothing but that.
    `gone`: its server says that there is no such thing (404, 410). `later`: it may be had another
    time; without it, asking again is pointless. `ended`: there was such a thing, and it will not
    come back (410); a 404 may also mean that it is not for us.
    """

    def __init__(
        self, reason: str, *, gone: bool = False, later: bool = False, ended: bool = False
    ) -> None:
        super().__init__("The other server could not be reached")
        self.reason = reason
        self.gone = gone
        self.later = later
        self.ended = ended


class FetchedDocument(Struct, frozen=True):
    """A document and the one URL that it has: asked for, served from, and stated as its id."""

    url: str
    body: JsonObject


class Fetcher:
    """Reads other servers' documents. One per process; everything inbound is given it."""

    def __init__(
        self,
        db: Database,
        client: Client,
        node: Node,
        keyring: Keyring,
        clock: Clock = now_ms,
        *,
        policy: Policy | None = None,
        by_hand: bool = False,
        purpose: Purpose = Purpose.DOCUMENT,
    ) -> None:
        """`clock`: milliseconds since 1970, as the database has it. `policy`: if not the usual.

        `by_hand`: an admin asks, who may ask again at once for what could not be had.
        """
        self.db: Final = db
        self.client: Final = client
        self.node: Final = node
        self.keyring: Final = keyring
        self.policy: Final = policy or Policy(db, node)
        self.recent_keys: Final[Recent[str, KeyHolder]] = Recent()
        self.newcomers: Final = Shares(per_second=NEW_PER_SECOND, burst=NEW_AT_ONCE)
        self.now_ms: Final = clock  # the present in ms UTC, for what is stored
        self._by_hand = by_hand
        self._purpose = purpose
        self._application: int | None = None
        self._flights: dict[tuple[str, str, int | None], asyncio.Task[Any]] = {}

    @cached_property
    def talk(self) -> "Fetcher":
        """The same for what concerns agreements alone: it asks whom we may speak with of those."""
        return self._with(Policy(self.db, self.node, may_talk))

    @cached_property
    def for_keys(self) -> "Fetcher":
        """The same for checking signatures, with connections of its own: somebody waits."""
        return self._with(self.policy, by_hand=self._by_hand, purpose=Purpose.KEY)

    @cached_property
    def for_pages(self) -> "Fetcher":
        """The same for web pages to which people link: it asks what may be looked at as anybody."""
        return self._with(Policy(self.db, self.node, may_look_at), purpose=Purpose.PAGE)

    def naming(self, authority: str) -> "Fetcher":
        """The same for the one `host[:port]` that an admin names by accepting its offer."""
        return self._with(Policy(self.db, self.node, naming(authority)), by_hand=True)

    def _with(self, policy: Policy, **more: Any) -> "Fetcher":
        return Fetcher(
            *(self.db, self.client, self.node, self.keyring, self.now_ms), policy=policy, **more
        )

    def now(self) -> datetime:
        """The present, with its zone, for signatures."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    async def document(self, url: str, *, as_actor_id: int | None = None) -> FetchedDocument:
        """The ActivityStreams document at `url`, signed for as one of our actors.

        Without `as_actor_id` the node's own Application actor signs. If the document states
        another id on the same origin, it is fetched once more from there and `url` of the result
        tells it: a caller that needs exactly the id it asked for compares. Raises CannotFetch.
        """
        place = ("document", url, as_actor_id)
        return await self._once(place, lambda: self._document(url, as_actor_id))

    async def jrd(self, url: str) -> JsonObject:
        """The JSON resource descriptor (RFC 7033) or NodeInfo at `url`. Raises CannotFetch.

        Redirects to other servers are followed if this node talks to them: a domain may leave
        WebFinger to its server.
        """
        return await self._once(("jrd", url, None), lambda: self._jrd(url))

    async def content(
        self,
        url: str,
        *,
        as_actor_id: int | None = None,
        accept: str = "*/*",
        cap: int,
        signed: bool = True,
        deadline: float | None = None,
    ) -> bytes:
        """The bytes at `url`, at most `cap`, signed for as one of our actors. Raises CannotFetch.

        Whatever its server calls them: the caller looks at what they are. Not `signed`: as anybody,
        for addresses that somebody gave who may not have our rights there. `deadline`: seconds for
        all of it, if not the usual.
        """
        asked = _readable(url)
        await self._vet(asked)
        if not signed:
            anybodys = self._answer_to_anybody(asked, accept, cap, deadline)
            return await self._read(asked, anybodys, _bytes_of)
        answer = self._answer(asked, accept, cap, as_actor_id, deadline=deadline)
        return await self._read(asked, answer, _bytes_of)

    async def _once(
        self, place: tuple[str, str, int | None], start: Callable[[], Awaitable[T]]
    ) -> T:
        """Share one fetch among all who ask for the same at the same time."""
        task = self._flights.get(place)
        if task is None:
            task = asyncio.ensure_future(start())
            self._flights[place] = task
            task.add_done_callback(lambda _: self._flights.pop(place, None))
        result: T = await asyncio.shield(task)
        return result

    async def _document(self, url: str, as_actor_id: int | None) -> FetchedDocument:
        asked = _readable(url)
        found = await self._rested(asked, as_actor_id)
        if found.url == str(asked):
            return found
        again = _readable(found.url)
        found = await self._rested(again, as_actor_id)
        if found.url != str(again):
            raise CannotFetch("the document states yet another id")
        return found

    async def _jrd(self, url: str) -> JsonObject:
        asked = _readable(url)
        await self._vet(asked)
        return await self._read(asked, self._answer(asked, ACCEPT_JRD, LARGEST_JRD, None), _jrd_of)

    async def _rested(self, url: Url, as_actor_id: int | None) -> FetchedDocument:
        """Fetch a document unless it rests; let it rest if it cannot be had."""
        await self._vet(url)
        if not self._by_hand and await self.db.read(keys.rests, str(url)):
            raise CannotFetch("it could not be had a short while ago", later=True)
        try:
            answer = self._answer(url, ACCEPT, LARGEST, as_actor_id)
            return await self._read(url, answer, _document_of)
        except CannotFetch:
            await self.db.write(keys.let_rest, str(url), REST_MS)
            raise

    async def _vet(self, url: Url) -> None:
        if url.origin == self.node.origin:
            raise CannotFetch("our own documents are not fetched")
        if not await self.policy.may_exchange(url.authority):
            raise CannotFetch("this node does not talk to that server")

    async def _read(
        self, url: Url, answer: Awaitable[Response], read: Callable[[Url, Response], T]
    ) -> T:
        try:
            return read(url, await answer)
        except (CannotFetch, Unreachable, MalformedDocument) as problem:
            log.info("not fetched", origin=url.origin, reason=problem.reason)
            if isinstance(problem, CannotFetch):
                raise
            later = isinstance(problem, Unreachable) and not isinstance(problem, Refused)
            raise CannotFetch(problem.reason, later=later) from None

    async def _answer(
        self,
        url: Url,
        accept: str,
        cap: int,
        as_actor_id: int | None,
        *,
        deadline: float | None = None,
    ) -> Response:
        key = await self._signing_key(as_actor_id)
        origin = await self.db.read(origins.by_origin, url.origin)
        known = origin.scheme if origin is not None else SignatureScheme.UNKNOWN
        first, second = _KNOCKS[known]
        response = await self._knock(url, accept, cap, key, first, deadline=deadline)
        if response.status in _NOT_UNDERSTOOD:
            newest = await self._signing_key(as_actor_id, newest=True)
            second = second if newest.uri == key.uri else first
            response = await self._knock(url, accept, cap, newest, second, deadline=deadline)
            if response.ok:
                await self.db.write(_remember_scheme, url.origin, _REMEMBERED[second])
        await self._check(url, response)
        return response

    async def _answer_to_anybody(
        self, url: Url, accept: str, cap: int, deadline: float | None
    ) -> Response:
        limits: dict[str, Any] = {"cap": cap, "deadline": deadline, "purpose": self._purpose}
        response = await self.client.fetch(url, accept=accept, may_go_on=self._vet, **limits)
        await self._check(url, response)
        return response

    async def _check(self, url: Url, response: Response) -> None:
        if response.url.origin != url.origin and not await self.policy.may_exchange(
            response.url.authority
        ):
            raise CannotFetch("redirected to a server that this node does not talk to")
        if not response.ok:
            status = response.status
            later = status >= 500 or status in _LATER
            raise CannotFetch(
                f"status {status}", gone=status in _GONE, later=later, ended=status == _ENDED
            )

    async def _knock(
        self,
        url: Url,
        accept: str,
        cap: int,
        key: SigningKey,
        scheme: Scheme,
        *,
        deadline: float | None = None,
    ) -> Response:
        def headers_for(hop: Url) -> Mapping[str, str]:
            return sign(
                method="GET",
                url=str(hop),
                headers={"Accept": accept},
                body=None,
                key=key.key,
                key_id=key.uri,
                scheme=scheme,
                now=self.now(),
                nonce=secrets.token_urlsafe(24),
            )

        limits: dict[str, Any] = {"cap": cap, "deadline": deadline, "purpose": self._purpose}
        return await self.client.fetch(url, accept=accept, headers_for=headers_for, **limits)

    async def _signing_key(self, as_actor_id: int | None, *, newest: bool = False) -> SigningKey:
        actor_id = as_actor_id if as_actor_id is not None else await self._application_id()
        ask = self.keyring.newest_key if newest else self.keyring.signing_key
        try:
            return await ask(self.db, actor_id, KeyType.RSA)
        except KeyringError as problem:
            raise CannotFetch("there is no key to sign with") from problem

    async def _application_id(self) -> int:
        if self._application is None:
            actor = await self.db.read(actors.local_by_handle, APPLICATION_HANDLE)
            if actor is None:
                raise CannotFetch("this node has no Application actor yet")
            self._application = actor.id
        return self._application


def _remember_scheme(tx: Tx, origin: str, scheme: SignatureScheme) -> None:
    origins.remember_scheme(tx, origins.origin_id(tx, origin), scheme)


def _readable(url: str) -> Url:
    try:
        return parse_url(url).without_fragment()
    except BadUrl as problem:
        raise CannotFetch(problem.reason) from None


def _document_of(asked: Url, response: Response) -> FetchedDocument:
    """The document under its stated id: the URL asked for, or one to ask on the same origin."""
    if response.url.origin != asked.origin:
        raise CannotFetch("redirected to another server")
    if not is_activity_type(response.content_type):
        raise CannotFetch("not an ActivityStreams media type")
    body = parse(response.body, max_bytes=LARGEST)
    stated = _stated_id(body)
    if stated.origin != asked.origin:
        raise CannotFetch("the document states an id on another server")
    if stated == asked and response.url != asked:
        raise CannotFetch("the document is served from another address than its id")
    return FetchedDocument(str(stated), body)


def _stated_id(body: JsonObject) -> Url:
    raw = body.get("id")
    if not isinstance(raw, str) or "#" in raw:
        raise CannotFetch("the document states no id")
    return _readable(raw)


def _bytes_of(_asked: Url, response: Response) -> bytes:
    return response.body


def _jrd_of(_asked: Url, response: Response) -> JsonObject:
    if _media_type(response.content_type)[0] not in _JSON_TYPES:
        raise CannotFetch("not a JSON media type")
    return parse(response.body, max_bytes=LARGEST_JRD)


def is_activity_type(content_type: str) -> bool:
    """Whether a Content-Type is one of the two of ActivityStreams (AS2 Core §2, O02)."""
    kind, profiles = _media_type(content_type)
    if kind == "application/activity+json":
        return True
    return kind == "application/ld+json" and PROFILE in profiles


@lru_cache(maxsize=256)
def _media_type(content_type: str) -> tuple[str, tuple[str, ...]]:
    message = Message()
    message["Content-Type"] = content_type
    profile = message.get_param("profile")
    return message.get_content_type(), tuple(profile.split()) if isinstance(profile, str) else ()
