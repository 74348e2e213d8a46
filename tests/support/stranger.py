"""A foreign server on loopback that speaks real HTTP and says whatever a test wants.

It serves actors, keys, notes and WebFinger, signs its deliveries, records every request, and can
lie in each way that the security catalogue names: pages are plain data that a test overwrites.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any

import orjson
from aiohttp import ClientSession, DummyCookieJar
from aiohttp.web import Application, AppRunner, Request, Response, SockSite
from multidict import CIMultiDict
from yarl import URL

from federation.key_material import PrivateKey, generate_ed25519, generate_rsa
from federation.signatures import Scheme, sign

AS2 = "application/activity+json"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
Document = dict[str, Any]


def rsa(number: int = 0) -> PrivateKey:
    """The same few keys for a whole run: making one takes a tenth of a second."""
    return _made(number, generate_rsa)


def ed25519(number: int = 0) -> PrivateKey:
    return _made(number, generate_ed25519)


@cache
def _made(_number: int, make: Callable[[], PrivateKey]) -> PrivateKey:
    return make()


@dataclass
class Seen:
    """A request that the server got; header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Page:
    """What one path answers: a document, raw bytes, or a function of the request."""

    body: Document | bytes = b""
    status: int = 200
    type: str = AS2
    headers: dict[str, str] = field(default_factory=dict)


Answer = Page | Callable[[Seen], Page]


@dataclass
class Person:
    """Somebody on a stranger; `document` is served as it is, so a test may falsify it."""

    server: "Stranger"
    handle: str
    uri: str
    document: Document
    key: PrivateKey
    key_id: str

    @property
    def path(self) -> str:
        return URL(self.uri).path

    def rotate(self, number: int) -> None:
        """Another key under the same id, published at once."""
        self.key = rsa(number)
        self.document["publicKey"]["publicKeyPem"] = self.key.public.pem()


@dataclass
class Answered:
    """What came back for a delivery."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def reason(self) -> str:
        return str(orjson.loads(self.body)["error"])


class Stranger:
    """One foreign server; see `stranger`."""

    def __init__(self, name: str, port: int) -> None:
        self.authority = f"{name}.localhost:{port}"
        self.origin = f"http://{self.authority}"
        self.pages: dict[str, Answer] = {}
        self.people: dict[str, Person] = {}
        self.seen: list[Seen] = []
        self.silent: set[str] = set()  # paths that say nothing for long, or until taken out
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._numbers = count(1)
        self._session: ClientSession | None = None

    def url(self, path: str) -> str:
        return f"{self.origin}{path}"

    def fetches(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(seen.path == path for seen in self.seen)

    # What it serves.

    def add(self, path: str, document: Document, **page: Any) -> str:
        """Serve a document at a path; its id is the path's URL unless it says otherwise."""
        url = self.url(path)
        self.pages[path] = Page({"@context": CONTEXT, "id": url} | document, **page)
        return url

    def person(self, handle: str, *, kind: str = "Person", key: int = 0, **extra: Any) -> Person:
        """Somebody with an actor document, a key and WebFinger."""
        uri = self.url(f"/users/{handle}")
        key_id = f"{uri}#main-key"
        document: Document = {
            "@context": CONTEXT,
            "id": uri,
            "type": kind,
            "preferredUsername": handle,
            "name": handle.title(),
            "inbox": f"{uri}/inbox",
            "outbox": f"{uri}/outbox",
            "followers": f"{uri}/followers",
            "endpoints": {"sharedInbox": self.url("/inbox")},
            "publicKey": {"id": key_id, "owner": uri, "publicKeyPem": rsa(key).public.pem()},
        } | extra
        person = Person(self, handle, uri, document, rsa(key), key_id)
        self.people[handle] = person
        self.pages[f"/users/{handle}"] = Page(document)
        return person

    def note(self, author: Person, path: str | None = None, **extra: Any) -> Document:
        """A public note by somebody here, served at its id."""
        path = path or f"/notes/{next(self._numbers)}"
        document: Document = {
            "@context": CONTEXT,
            "id": self.url(path),
            "type": "Note",
            "attributedTo": author.uri,
            "content": "<p>hello</p>",
            "to": [PUBLIC],
            "cc": [author.document["followers"]],
            "published": "2026-11-01T10:00:00Z",
        } | extra
        self.pages[path] = Page(document)
        return document

    def activity(self, actor: Person, kind: str, about: Any, **extra: Any) -> Document:
        """An activity with a new id."""
        return {
            "@context": CONTEXT,
            "id": self.url(f"/activities/{next(self._numbers)}"),
            "type": kind,
            "actor": actor.uri,
            "object": about,
        } | extra

    # What it sends.

    def signed(
        self,
        person: Person,
        url: str,
        body: bytes,
        *,
        scheme: Scheme = Scheme.CAVAGE,
        content_type: str = AS2,
        key: PrivateKey | None = None,
        key_id: str | None = None,
        now: datetime | None = None,
        nonce: str = "",
    ) -> dict[str, str]:
        """The headers of a correctly signed POST, for a test to spoil."""
        headers = {"Content-Type": content_type}
        return headers | sign(
            method="POST",
            url=url,
            headers=headers,
            body=body,
            key=key or person.key,
            key_id=key_id or person.key_id,
            scheme=scheme,
            now=now or self.now(),
            nonce=nonce or f"nonce-number-{next(self._numbers):08}",
        )

    async def deliver(
        self, person: Person, url: str, activity: Document | bytes, **how: Any
    ) -> Answered:
        """Sign an activity and POST it."""
        body = activity if isinstance(activity, bytes) else orjson.dumps(activity)
        return await self.send(url, body, self.signed(person, url, body, **how))

    async def send(
        self, url: str, body: bytes, headers: Mapping[str, str] | list[tuple[str, str]]
    ) -> Answered:
        """POST exactly these bytes and headers. Loopback names are this machine."""
        return await self._post(url, body, headers)

    async def send_in_pieces(
        self, url: str, body: bytes, headers: Mapping[str, str], *, pause: float = 0.0
    ) -> Answered:
        """POST without a Content-Length, resting before the last piece."""

        async def pieces() -> AsyncIterator[bytes]:
            yield body[:-1]
            await asyncio.sleep(pause)
            yield body[-1:]

        return await self._post(url, pieces(), headers)

    async def _post(
        self,
        url: str,
        body: bytes | AsyncIterator[bytes],
        headers: Mapping[str, str] | list[tuple[str, str]],
    ) -> Answered:
        target = URL(url, encoded=True)
        lines = CIMultiDict(headers)
        if "Host" not in lines:
            lines["Host"] = target.authority
        place = f"{target.scheme}://127.0.0.1:{target.port}{target.raw_path_qs}"
        async with self._client().post(
            URL(place, encoded=True), data=body, headers=lines, allow_redirects=False
        ) as answer:
            return Answered(answer.status, answer.headers, await answer.read())

    def _client(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(cookie_jar=DummyCookieJar(), auto_decompress=False)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    # How it answers.

    async def answer(self, request: Request) -> Response:
        seen = Seen(
            request.method,
            request.path,
            request.query_string,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.seen.append(seen)
        for _ in range(1500):
            if seen.path not in self.silent:
                break
            await asyncio.sleep(0.02)
        page = self.pages.get(seen.path)
        if page is None and seen.path == "/.well-known/webfinger":
            page = self._webfinger(request.query.get("resource", ""))
        elif page is None and request.method == "POST":
            page = Page(status=202)
        found = page(seen) if callable(page) else page
        return _response(found or Page(status=404))

    def _webfinger(self, resource: str) -> Page:
        handle, _, domain = resource.removeprefix("acct:").partition("@")
        person = self.people.get(handle)
        if person is None or domain != self.authority:
            return Page(status=404)
        link = {"rel": "self", "type": AS2, "href": person.uri}
        return Page({"subject": resource, "links": [link]}, type="application/jrd+json")


def _response(page: Page) -> Response:
    body = page.body if isinstance(page.body, bytes) else orjson.dumps(page.body)
    return Response(
        body=body, status=page.status, headers={"Content-Type": page.type, **page.headers}
    )


@asynccontextmanager
async def stranger(name: str) -> AsyncIterator[Stranger]:
    """Run a foreign server called `NAME.localhost:PORT`."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Stranger(name, listener.getsockname()[1])
    app = Application()
    app.router.add_route("*", "/{tail:.*}", server.answer)
    runner = AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await SockSite(runner, listener).start()
    try:
        yield server
    finally:
        await server.close()
        await runner.cleanup()
