"""Our node for inbound tests: a real database, a real inbox on loopback, a worker to drain."""

import hashlib
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp.web import Application, AppRunner, Request, Response, SockSite
from sqlalchemy import Select, select

from domain.addresses import AddressPolicy
from domain.audience import Kind
from domain.choices import Choice
from domain.ids import HERE
from domain.kinds import ActorType, Role, RuleAction
from domain.node import APPLICATION_HANDLE, Federation, Node
from federation.client import Client, Limits
from federation.fetcher import Fetcher
from federation.keyring import Keyring, NewKeys
from inbox.endpoint import Endpoint
from inbox.processing import job_handlers
from jobs.worker import Worker
from social import first_times
from social.accounts import create_account, insert_local_actor
from social.posts import Draft, create_post
from storage.database import Database
from storage.queries import accounts, actors, origins, posts
from storage.queries.ids import new_id
from storage.tables import metadata
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.support.factories import add_follow
from tests.support.stranger import Stranger, ed25519, rsa

#: Rows that refusals may leave: pauses between fetches, used nonces, rate counters.
COUNTERS = frozenset({"key_fetches", "nonces", "attempts"})
#: What a 202 without effect leaves besides: the ledger with its reason.
LEDGER = COUNTERS | {"intake"}

_ALL: dict[str, Select[Any]] = {table.name: select(*table.c) for table in metadata.sorted_tables}


@dataclass
class Home:
    """The node under test."""

    db: Database
    node: Node
    fetcher: Fetcher
    endpoint: Endpoint
    address: str | None = None  # where requests seem to come from; without one none is counted

    @property
    def inbox(self) -> str:
        return self.node.shared_inbox

    async def drain(self) -> None:
        """Process everything that was stored."""
        await Worker(self.db, job_handlers(self.fetcher)).drain()

    def restart(self) -> None:
        """Forget everything that a process remembers."""
        self.fetcher = Fetcher(self.db, self.fetcher.client, self.node, self.fetcher.keyring)
        self.endpoint = Endpoint(self.fetcher)

    def lose_patience(self) -> None:
        """From now on wait two seconds for an answer: of who will not give one."""
        self.fetcher.client.limits = Limits(deadline=2.0)

    async def admit(self, *servers: Stranger) -> None:
        for server in servers:
            await self.db.write(origins.set_rule, server.authority, RuleAction.ALLOW)

    async def block(self, pattern: str) -> None:
        await self.db.write(origins.set_rule, pattern, RuleAction.BLOCK)

    async def someone(self, handle: str, role: Role = Role.MEMBER) -> ActorView:
        """Somebody with an account and keys here."""
        actor_id = await self.db.write(
            create_account,
            node=self.node,
            handle=handle,
            email=f"{handle}@mail.example",
            password_hash="",
            role=role,
            keys=_keys(self.fetcher.keyring),
        )
        known = first_times.EVERYTHING
        await self.db.write(accounts.tell, actor_id, before=b"[]", now=known)
        found = await self.db.read(actors.by_id, actor_id)
        assert found is not None
        return found

    async def post(
        self, author: ActorView, text: str, visibility: Choice = Choice.PUBLIC
    ) -> PostRow:
        """Something written here."""
        draft = Draft(text=text, visibility=visibility)
        made = await self.db.write(create_post, node=self.node, author_id=author.id, draft=draft)
        found = await self.db.read(posts.by_id, made.post_id)
        assert found is not None
        return found

    async def follow(self, follower: ActorView, target: ActorView) -> None:
        """An accepted follow, as if it had always been there."""
        await self.db.write(add_follow, follower.id, target.id)

    async def stored(self, uri: str) -> PostRow | None:
        """A post by its id, deleted or not."""
        return await self.db.read(posts.by_uri, uri)

    async def rows(self, table: str) -> list[tuple[Any, ...]]:
        return await self.db.read(lambda tx: tx.all(_ALL[table]))

    async def reasons(self) -> list[str | None]:
        """Why activities were dropped, in the order of their coming."""
        return [row[6] for row in sorted(await self.rows("intake"))]

    async def digest(self, *, without: Collection[str] = COUNTERS) -> str:
        """One word for everything stored; equal words mean that nothing changed (NC)."""

        def look(tx: Tx) -> str:
            summary = hashlib.sha256()
            for name, statement in _ALL.items():
                if name not in without:
                    summary.update(repr((name, sorted(map(repr, tx.all(statement))))).encode())
            return summary.hexdigest()

        return await self.db.read(look)


def _application(tx: Tx, node: Node, keys: NewKeys) -> None:
    actor_id = new_id(tx)
    kind = ActorType.APPLICATION
    insert_local_actor(
        tx, node=node, actor_id=actor_id, handle=APPLICATION_HANDLE, kind=kind, keys=keys
    )


def _keys(keyring: Keyring) -> NewKeys:
    """Ready-made keys, sealed: making new ones takes a tenth of a second each."""
    return NewKeys(
        rsa_public=rsa(99).public.pem(),
        rsa_sealed=keyring.seal(rsa(99).pem()),
        ed25519_public=ed25519(99).public.multikey(),
        ed25519_sealed=keyring.seal(ed25519(99).pem()),
    )


@asynccontextmanager
async def home(
    db: Database, folder: Path, *, federation: Federation = Federation.PARTNERS
) -> AsyncIterator[Home]:
    """Run our node as `home.localhost:PORT`."""
    listener = socket.create_server(("127.0.0.1", 0))
    authority = f"home.localhost:{listener.getsockname()[1]}"
    node = Node(
        origin=f"http://{authority}",
        handle_domain=authority,
        federation=federation,
        public_means=Kind.PUBLIC,
    )
    client = Client(
        AddressPolicy.parse("127.0.0.0/8"),
        "Tertulia test",
        own_origin=node.origin,
        limits=Limits(deadline=30.0, connect=30.0, silence=30.0),  # a machine may be busy
    )
    fetcher = Fetcher(db, client, node, Keyring(folder))
    await db.write(origins.insert_here, node.origin)
    await db.write(_application, node, _keys(fetcher.keyring))
    running = Home(db, node, fetcher, Endpoint(fetcher))

    async def receive(request: Request) -> Response:
        return await running.endpoint.receive(request, running.address)

    app = Application()
    app.router.add_post("/inbox", receive)
    app.router.add_post("/a/{id:[0-9]+}/inbox", receive)
    runner = AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await SockSite(runner, listener).start()
    try:
        yield running
    finally:
        await runner.cleanup()
        await client.close()


__all__ = ["COUNTERS", "HERE", "LEDGER", "Home", "home"]
