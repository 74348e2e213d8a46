"""Builds every part of a node once, starts what the role asks for, and stops it in order.

Stopping: no new requests, then running work, then connections to other servers, then the
database. What could not be finished is a row that the next start finds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import structlog
from aiohttp.web import AppKey, Application, AppRunner, Request, StreamResponse, TCPSite

from domain.links import Links
from domain.node import Node
from domain.rates import parse as parse_rates
from federation.client import Client
from federation.fetcher import Fetcher
from federation.keyring import Keyring
from federation.web_push import WebPush
from inbox import processing
from inbox.endpoint import TAKEN, Endpoint
from jobs.schedule import Every
from jobs.worker import Handler, Worker
from outbox.announcing import OpenAnnouncer
from outbox.communities import ANNOUNCE, Announcer
from outbox.deliver import Sender
from outbox.fan_out import FanOut
from outbox.open_communities import ANNOUNCE_OPEN
from outbox.publish import FAN_OUT
from server import upkeep
from server.settings import Settings, SettingsError
from social import (
    agreed,
    announcements,
    copies,
    domain_blocks,
    errands,
    featured,
    imports,
    indexing,
    link_previews,
    moves,
    poll_watch,
    preparing,
    purging,
    pushing,
    removal,
    scheduling,
    tallies,
)
from social.archive import Archive
from social.on_demand import OnDemand
from social.proxying import Proxy
from social.streaming import Hub
from storage.database import Database, now_ms
from storage.dialects import is_postgresql
from storage.notices import RESYNC
from storage.queries import deliveries
from web.app import make_app
from web.call import counted_address
from web.door import Door
from web.ready import Ready
from web.routes import Access, post
from web.services import Services

log = structlog.get_logger("server")

#: Seconds in which requests that are under way may end, and then running jobs.
REQUESTS_END: Final = 10.0
WORK_ENDS: Final = 20.0
KEEPALIVE: Final = 15.0
#: Seconds in which the rest of a body is still taken after its request was answered.
LINGER: Final = 10.0
MOST_HEADERS: Final = 64
HEALTH_EVERY: Final = 60.0
_INBOXES: Final = ("/inbox", "/a/{id}/inbox")
_DOOR: Final = AppKey("door", Door)


class Role(StrEnum):
    """What a process does."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


@dataclass(frozen=True)
class Parts:
    """The parts of a running node. `failed` is set when one of them ended by itself."""

    settings: Settings
    node: Node
    db: Database
    client: Client
    keyring: Keyring
    fetcher: Fetcher
    hub: Hub
    archive: Archive
    proxy: Proxy
    on_demand: OnDemand
    web_push: WebPush
    failed: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def running(
    settings: Settings, keyring: Keyring, role: Role, *, pin: bool = False
) -> AsyncIterator[Parts]:
    """A node that does what its role says, until the block ends.

    `pin`: keep the loop and the database threads on one core, for a process that does nothing else.

    Raises:
        SettingsError: the address is taken, or SQLite is to be served by parts.
        StorageError: the database cannot be reached, or somebody serves it already.
    """
    async with AsyncExitStack() as stack:
        parts = await _build(stack, settings, keyring, pin=pin)
        if role is not Role.WEB:
            await _start_work(stack, parts)
        if role is not Role.WORKER:
            await _start_web(stack, parts)
        else:
            await _start(stack, parts, "health", _tell_health(parts))
        yield parts


async def _build(
    stack: AsyncExitStack, settings: Settings, keyring: Keyring, *, pin: bool
) -> Parts:
    web_push = WebPush(keyring, _push_subject(settings))
    node = replace(
        settings.node(), links=Links(keyring.derive("media")), push_key=web_push.public_key
    )
    db = await Database.open(settings.database, serving=True, pin=pin)
    stack.push_async_callback(db.close)
    client = Client(
        settings.policy,
        user_agent(node),
        own_origin=node.origin,
        tls_ca_file=settings.tls_ca_file or None,
    )
    await stack.enter_async_context(client)
    fetcher = Fetcher(db, client, node, keyring)
    hub = Hub(db)
    archive = Archive(settings.blobs(), settings.room)
    stack.callback(archive.close)
    proxy, on_demand = Proxy(fetcher, archive), OnDemand(fetcher, archive)
    return Parts(
        *(settings, node, db, client, keyring, fetcher, hub, archive, proxy, on_demand),
        web_push=web_push,
    )


def _push_subject(settings: Settings) -> str:
    """Whom the operator of a push service can ask about us (RFC 8292 §2.1)."""
    return f"mailto:{settings.contact_email}" if settings.contact_email else settings.origin


def user_agent(node: Node) -> str:
    """How we call ourselves towards other servers."""
    try:
        number = version("tertulia")
    except PackageNotFoundError:
        number = "0"
    return f"Tertulia/{number} (+{node.origin})"


# Work behind the requests.


async def _start_work(stack: AsyncExitStack, parts: Parts) -> None:
    if not is_postgresql(parts.settings.database):
        await parts.db.write(deliveries.release)  # what a killed process was sending goes out now
    worker = Worker(parts.db, _handlers(parts), schedule=_schedule())
    sender = Sender(parts.db, parts.client, parts.node, parts.keyring, parts.db.bus)
    await _start(stack, parts, "worker", worker.run(), lambda: worker.stop(WORK_ENDS))
    await _start(stack, parts, "sender", sender.run(), sender.stop)


def _handlers(parts: Parts) -> dict[str, Handler]:
    return {
        FAN_OUT: FanOut(parts.db, parts.node, parts.keyring),
        ANNOUNCE: Announcer(parts.db, parts.node, parts.keyring),
        ANNOUNCE_OPEN: OpenAnnouncer(parts.db, parts.node, parts.keyring),
        **processing.job_handlers(parts.fetcher),
        **agreed.job_handlers(parts.fetcher, parts.archive.blobs),
        **announcements.job_handlers(parts.db),
        **domain_blocks.job_handlers(parts.db, parts.node),
        **errands.job_handlers(parts.fetcher),
        **featured.job_handlers(parts.fetcher),
        **imports.job_handlers(parts.fetcher),
        **indexing.job_handlers(parts.db),
        **moves.job_handlers(parts.fetcher),
        **purging.job_handlers(parts.fetcher, parts.archive.blobs),
        **pushing.job_handlers(parts.fetcher, parts.web_push),
        **removal.job_handlers(parts.fetcher),
        **copies.job_handlers(parts.fetcher, parts.archive),
        **preparing.job_handlers(parts.db, parts.archive),
        **tallies.job_handlers(parts.fetcher),
        **poll_watch.job_handlers(parts.fetcher),
        **link_previews.job_handlers(parts.fetcher, parts.proxy),
        **scheduling.job_handlers(parts.db, parts.node),
        **upkeep.job_handlers(parts.db, parts.archive),
    }


def _schedule() -> list[Every]:
    return [
        *processing.schedule(),
        *agreed.schedule(),
        *errands.schedule(),
        *upkeep.schedule(),
        *indexing.schedule(),
    ]


async def _start(
    stack: AsyncExitStack,
    parts: Parts,
    name: str,
    work: Awaitable[None],
    stop: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Run something for as long as the node runs; if it ends by itself, the node must stop."""
    task = asyncio.ensure_future(work)
    stopping = False

    def ended(done: asyncio.Future[None]) -> None:
        if not stopping:
            error = None if done.cancelled() else done.exception()
            log.critical("a part ended by itself", part=name, exc_info=error)
            parts.failed.set()

    async def end() -> None:
        nonlocal stopping
        stopping = True
        if stop is None:
            task.cancel()
        elif not task.done():
            await stop()
        await asyncio.wait([task], timeout=WORK_ENDS)

    task.add_done_callback(ended)
    stack.push_async_callback(end)


async def _tell_health(parts: Parts) -> None:
    """One line a minute: how much waits. A worker answers no requests that could tell."""
    while True:
        lanes = {f"{name}_lane": count for name, count in parts.db.waiting().items()}
        unsent = await parts.db.read(deliveries.waiting)
        log.info("working", deliveries_waiting=unsent, **lanes)
        await asyncio.sleep(HEALTH_EVERY)


# The web.


async def _start_web(stack: AsyncExitStack, parts: Parts) -> None:
    await parts.hub.start()
    stack.push_async_callback(parts.hub.close)
    app = web_app(parts)
    runner = AppRunner(
        app,
        access_log=None,
        keepalive_timeout=KEEPALIVE,
        lingering_time=LINGER,
        max_headers=MOST_HEADERS,
        shutdown_timeout=REQUESTS_END,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    if runner.server is not None:
        runner.server.request_handler = app[_DOOR].before(runner.server.request_handler)
    host, port = parts.settings.address
    try:
        await TCPSite(runner, host, port).start()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"bind: {parts.settings.bind} cannot be used ({reason}).") from None


def web_app(parts: Parts) -> Application:
    """The web application with the inboxes, which are no part of web/."""
    services = Services(
        db=parts.db,
        node=parts.node,
        fetcher=parts.fetcher,
        keyring=parts.keyring,
        hub=parts.hub,
        archive=parts.archive,
        proxy=parts.proxy,
        on_demand=parts.on_demand,
        web_push=parts.web_push,
        clock=now_ms,
        rate_limits=parts.settings.limits_rates,
        rates=parse_rates(parts.settings.rates),
        proxies=parts.settings.trusted_proxies,
        contact_email=parts.settings.contact_email,
    )
    endpoint = Endpoint(parts.fetcher, accepted=Ready(202, TAKEN))

    async def receive(request: Request) -> StreamResponse:
        return await endpoint.receive(request, counted_address(request, services))

    door = Door("/inbox", receive)
    app = make_app(services, own=[post(path, door.by_route, Access.SERVER) for path in _INBOXES])
    app[_DOOR] = door
    forget = partial(_forget_rendered, services)
    parts.db.bus.subscribe(forget, purging.FORGOTTEN, RESYNC)
    app.on_shutdown.append(partial(_end_channels, parts.hub))
    return app


def _forget_rendered(services: Services, topic: str, _payload: bytes) -> None:
    """What was purged from the database does not stay in memory either."""
    if topic in {purging.FORGOTTEN, RESYNC}:
        services.fragments.clear()


async def _end_channels(hub: Hub, _app: Application) -> None:
    """Long answers end before short ones are waited for."""
    await hub.close()
