"""A push service of our own, and an app behind it that reads what comes with another's library."""

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from os import urandom
from typing import Any

import http_ece
import orjson
from aiohttp.web import Application, AppRunner, Request, Response, TCPSite
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import bindparam, func, select

from bench.ports import free_port
from federation.web_push import encoded
from social.pushing import PUSH
from storage.tables.jobs import jobs
from storage.tx import Tx
from tests.support.nodes import Person, until

_WAITING = select(func.count()).select_from(jobs).where(jobs.c.kind == bindparam("kind"))
KINDS = ("mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update")


@dataclass
class Received:
    """One request as the push service got it."""

    path: str
    headers: dict[str, str]
    body: bytes


class App:
    """The keys of an app's subscription, and how it reads what comes (RFC 8188 by http-ece)."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = urandom(16)

    @property
    def point(self) -> bytes:
        """The public key, uncompressed."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self, endpoint: str, *, standard: bool, **alerts: bool) -> dict[str, Any]:
        """What the app sends to its server, as JSON."""
        return {
            "subscription": {
                "endpoint": endpoint,
                "keys": {"p256dh": encoded(self.point), "auth": encoded(self.auth)},
                "standard": standard,
            },
            "data": {"alerts": alerts or dict.fromkeys(KINDS, True)},
        }

    def read(self, message: Received) -> Any:
        """The JSON in a message."""
        return orjson.loads(self.opened(message))

    def opened(self, message: Received) -> bytes:
        """The bytes in a message, by the way that its headers say."""
        encoding = message.headers["Content-Encoding"]
        given: dict[str, Any] = {"private_key": self.key, "auth_secret": self.auth}
        if encoding == "aesgcm":
            given["salt"] = _value(message.headers["Encryption"], "salt")
            given["dh"] = _value(message.headers["Crypto-Key"], "dh")
        plain: bytes = http_ece.decrypt(message.body, version=encoding, **given)
        return plain


def _value(header: str, name: str) -> bytes:
    parts = dict(part.split("=", 1) for part in header.split(";"))
    return decoded(parts[name])


def decoded(text: str) -> bytes:
    """Base64url without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class PushService:
    """Takes what it is sent; `status` is what it answers."""

    base: str
    status: int = 201
    received: list[Received] = field(default_factory=list)

    def endpoint(self, name: str = "device") -> str:
        """An address for one app."""
        return f"{self.base}/push/{name}"

    async def wait_for(self, count: int) -> list[Received]:
        """The first messages, once so many have come."""

        async def there() -> bool:
            return len(self.received) >= count

        await until(there)
        return self.received[:count]


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """A push service on loopback until the block ends."""
    port = free_port()
    service = PushService(f"http://127.0.0.1:{port}")

    async def take(request: Request) -> Response:
        body = await request.read()
        service.received.append(Received(request.path, dict(request.headers), body))
        return Response(status=service.status)

    app = Application()
    app.router.add_post("/push/{name}", take)
    runner = AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", port).start()
        yield service
    finally:
        await runner.cleanup()


async def subscribed(
    person: Person, service: PushService, *, standard: bool = True, **alerts: bool
) -> App:
    """An app of this person's that is told by this service."""
    app = App()
    sent = app.subscription(service.endpoint(person.handle), standard=standard, **alerts)
    await person.post("/api/v1/push/subscription", **sent)
    return app


async def settled(person: Person) -> None:
    """Wait until no push waits on the node."""

    async def idle() -> bool:
        return await person.node.db.read(_waiting) == 0

    await until(idle)


def _waiting(tx: Tx) -> int:
    return tx.one(_WAITING, kind=PUSH)[0]
