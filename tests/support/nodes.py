"""Whole nodes in the test's process: real HTTP on loopback, own databases, real signatures."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

import orjson
from aiohttp import ClientResponse, ClientSession

from bench.ports import free_port
from domain.kinds import Role
from federation.key_material import PrivateKey, generate_ed25519, generate_rsa
from federation.keyring import Keyring, NewKeys
from server import bootstrap
from server.settings import Settings
from server.settings import load as load_settings
from server.wiring import Parts, running
from server.wiring import Role as ProcessRole
from social import accounts, apps, first_times
from storage.database import Database
from storage.queries import accounts as stored

T = TypeVar("T")
SCOPES = "read write follow push"
Json = Any


@cache
def _pool() -> list[tuple[PrivateKey, PrivateKey]]:
    """A few pairs of keys for the whole run: making one takes tens of milliseconds."""
    return [(generate_rsa(), generate_ed25519()) for _ in range(4)]


class PooledKeyring(Keyring):
    """A keyring that seals keys from the pool instead of making new ones."""

    _next = 0

    def make(self) -> NewKeys:
        """The next pair of the pool, as if it were new."""
        PooledKeyring._next += 1
        rsa, ed25519 = _pool()[PooledKeyring._next % len(_pool())]
        return NewKeys(
            rsa_public=rsa.public.pem(),
            rsa_sealed=self.seal(rsa.pem()),
            ed25519_public=ed25519.public.multikey(),
            ed25519_sealed=self.seal(ed25519.pem()),
        )


@dataclass
class Answer:
    """What a node answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as JSON."""
        return orjson.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Person:
    """Somebody with an account on a node, and a client that carries the token."""

    def __init__(self, node: "RunningNode", account_id: int, handle: str, token: str) -> None:
        self.node = node
        self.id = account_id
        self.handle = handle
        self.token = token

    @property
    def acct(self) -> str:
        """How others elsewhere write this person: `@name@host:port`."""
        return f"@{self.handle}@{self.node.host}"

    @property
    def uri(self) -> str:
        """The actor's id."""
        return f"{self.node.origin}/a/{self.id}"

    async def ask(self, method: str, path: str, **given: Any) -> Answer:
        """A request with this person's token; `data`, `json`, `params` as aiohttp takes them."""
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        return await self.node.ask(method, path, headers=headers, **given)

    async def get(self, path: str, **params: Any) -> Json:
        """The JSON of a GET that must succeed."""
        return (await self._checked("GET", path, params=params)).json

    async def post(self, path: str, **data: Any) -> Json:
        """The JSON of a POST that must succeed."""
        return (await self._checked("POST", path, json=data)).json

    async def put(self, path: str, **data: Any) -> Json:
        """The JSON of a PUT that must succeed."""
        return (await self._checked("PUT", path, json=data)).json

    async def delete(self, path: str) -> Json:
        """The JSON of a DELETE that must succeed."""
        return (await self._checked("DELETE", path)).json

    async def _checked(self, method: str, path: str, **given: Any) -> Answer:
        answer = await self.ask(method, path, **given)
        assert answer.status == 200, f"{method} {path}: {answer.status} {answer.text[:300]}"
        return answer

    async def second_app(self) -> "Person":
        """The same person in another app: what one of them changes, the other has to see."""
        issued = await self.node.db.write(
            apps.issue, app_id=None, account_id=self.id, granted=SCOPES
        )
        return Person(self.node, self.id, self.handle, issued.token)

    async def say(self, text: str, **more: Any) -> Json:
        """Post; the Status."""
        return await self.post("/api/v1/statuses", status=text, **more)

    async def home(self, **params: Any) -> list[Json]:
        """The home timeline."""
        found: list[Json] = await self.get("/api/v1/timelines/home", **params)
        return found

    async def notifications(self) -> list[Json]:
        """All kinds of notifications."""
        found: list[Json] = await self.get("/api/v1/notifications")
        return found

    async def find(self, acct_or_url: str) -> Json:
        """The account behind `@name@host` or a URL, resolved through federation."""
        return await self._resolved(acct_or_url, "accounts")

    async def find_post(self, url: str) -> Json:
        """The status behind a URL, resolved through federation."""
        return await self._resolved(url, "statuses")

    async def _resolved(self, text: str, kind: str) -> Json:
        # A search waits for five seconds; what comes later is kept for the next.
        for _ in range(6):
            found = await self.get("/api/v2/search", q=text, resolve="true", type=kind)
            if found[kind]:
                return found[kind][0]
        raise AssertionError(f"{text} was not found")

    async def follow(self, other: "Person | str") -> Json:
        """Follow somebody, here or elsewhere; the account followed."""
        acct = other if isinstance(other, str) else other.acct
        account = await self.find(acct)
        await self.post(f"/api/v1/accounts/{account['id']}/follow")
        return account

    async def sees(self, text: str, where: str = "/api/v1/timelines/home") -> Json:
        """Wait until a status with this text stands in a timeline; the status."""
        found: Json = None

        async def there() -> bool:
            nonlocal found
            for status in await self.get(where):
                shown = status["reblog"] or status
                if text in shown["content"]:
                    found = status
            return found is not None

        await until(there)
        return found


class RunningNode:
    """One node that serves, with helpers to make people and to look."""

    def __init__(self, parts: Parts, session: ClientSession, port: int) -> None:
        self.parts = parts
        self.db: Database = parts.db
        self.node = parts.node
        self.origin = parts.node.origin
        self.host = parts.node.handle_domain
        self.base = f"http://127.0.0.1:{port}"
        self._session = session

    async def ask(self, method: str, path: str, **given: Any) -> Answer:
        """A request without a token unless one is given in the headers; redirects are shown."""
        given.setdefault("allow_redirects", False)
        async with self._session.request(method, self.url(path), **given) as answer:
            return await _kept(answer)

    def url(self, path: str) -> str:
        """Where a path of this node is reached."""
        return path.replace(self.origin, self.base) if path.startswith("http") else self.base + path

    async def person(
        self,
        handle: str,
        role: Role = Role.MEMBER,
        scopes: str = SCOPES,
        *,
        told: bool = True,
    ) -> Person:
        """An account with a token; `told`: it knows already who reads what."""
        keys = await self.parts.keyring.generate()
        account_id = await self.db.write(
            accounts.create_account,
            node=self.node,
            handle=handle,
            email=f"{handle}@mail.example",
            password_hash="",
            role=role,
            keys=keys,
        )
        if told:
            known = first_times.EVERYTHING
            await self.db.write(stored.tell, account_id, before=b"[]", now=known)
        issued = await self.db.write(apps.issue, app_id=None, account_id=account_id, granted=scopes)
        return Person(self, account_id, handle, issued.token)


async def _kept(answer: ClientResponse) -> Answer:
    return Answer(answer.status, dict(answer.headers), await answer.read())


async def until(ask: Callable[[], Awaitable[bool]], seconds: float = 90) -> None:
    """Wait until something is so; fails after a bounded time.

    A server that once was too slow for a delivery is asked again after a minute.
    """
    async with asyncio.timeout(seconds):
        while not await ask():
            await asyncio.sleep(0.02)


def settings_for(database: str, folder: Path, name: str, port: int, **more: str) -> Settings:
    """Settings of a node called `http://NAME.localhost:PORT` that may talk on loopback."""
    given = {
        "data": str(folder),
        "bind": f"127.0.0.1:{port}",
        "origin": f"http://{name}.localhost:{port}",
        "database_url": database if database.startswith("postgresql") else "",
        "federation": "open",
        "public_means": "public",
        "rate_limits": "off",
        "link_previews": "off",  # texts name real sites: nothing leaves this machine
        "allow_private_networks": "127.0.0.0/8",
        **more,
    }
    return load_settings({}, given)


@asynccontextmanager
async def running_node(
    database: str,
    folder: Path,
    name: str = "hq",
    *,
    role: ProcessRole = ProcessRole.ALL,
    port: int | None = None,
    **more: str,
) -> AsyncIterator[RunningNode]:
    """Serve a node over this (migrated) database until the block ends."""
    port = port or free_port()
    settings = settings_for(database, folder, name, port, **more)
    bootstrap.prepare_folder(settings)
    if not database.startswith("postgresql"):
        target = Path(settings.database.removeprefix("sqlite:///"))
        if not target.exists():
            shutil.move(database, target)  # may be on another file system
    keyring = PooledKeyring(settings.folder)
    ready = await asyncio.to_thread(bootstrap.start, settings, keyring)
    async with running(ready, keyring, role) as parts, ClientSession() as session:
        yield RunningNode(parts, session, port)


class Nodes:
    """Starts nodes for one test and ends them with it."""

    def __init__(self, new_url: Callable[[], str], folder: Path) -> None:
        self._new_url = new_url
        self._folder = folder
        self._open: list[Any] = []

    async def start(self, name: str, **more: Any) -> RunningNode:
        """A new node with a fresh database."""
        context = running_node(self._new_url(), self._folder / name, name, **more)
        node = await context.__aenter__()
        self._open.append(context)
        return node

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for context in reversed(self._open):
            await context.__aexit__(None, None, None)
