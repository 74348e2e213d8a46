"""From settings to a serving process, and back down on SIGTERM or SIGINT."""

import asyncio
import gc
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog
import uvloop

from federation.keyring import Keyring
from server import bootstrap, logs
from server.doctor import private_networks_shout
from server.settings import Settings, SettingsError
from server.wiring import Role, running
from storage import migrate
from storage.dialects import is_postgresql
from storage.lanes import free_thread

__all__ = ["Role", "run", "serve"]

log = structlog.get_logger("server")

#: Objects that may be made, less those freed, before the collector looks.
FEW_COLLECTIONS: Final = 20_000
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def run(settings: Settings, role: Role) -> None:
    """Serve until told to stop; ends the process with 1 if a part failed by itself.

    Raises:
        SettingsError, StorageError, KeyringError: it cannot start; the message says why.
    """
    logs.configure()
    ready, keyring = make_ready(settings, role)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        healthy = runner.run(serve(ready, keyring, role))
    if not healthy:
        sys.exit(1)


def make_ready(settings: Settings, role: Role) -> tuple[Settings, Keyring]:
    """Everything before the event loop: folder, schema, names, keys.

    Raises:
        SettingsError, StorageError, KeyringError: it cannot start; the message says why.
    """
    _refuse_unusable(settings, role)
    bootstrap.prepare_folder(settings)
    migrate.upgrade(settings.database)
    keyring = Keyring(settings.folder)
    ready = bootstrap.start(settings, keyring)
    if role is not Role.WORKER:
        bootstrap.refuse_wrong_door(ready)
    return ready, keyring


def _refuse_unusable(settings: Settings, role: Role) -> None:
    if role is not Role.ALL and not is_postgresql(settings.database):
        raise SettingsError(
            "role: SQLite is served by one process that does everything. Use --role all, or"
            " database_url for PostgreSQL."
        )
    if settings.tls_ca_file and not Path(settings.tls_ca_file).is_file():
        raise SettingsError(f"tls_ca_file: {settings.tls_ca_file} is not a file.")


async def serve(settings: Settings, keyring: Keyring, role: Role) -> bool:
    """Run until a signal comes (True) or a part fails by itself (False)."""
    loop = asyncio.get_running_loop()
    # Passwords and keys are worked on beside the one core that the loop is kept to.
    loop.set_default_executor(ThreadPoolExecutor(8, "aside", initializer=free_thread))
    told = asyncio.Event()
    for number in SIGNALS:
        loop.add_signal_handler(number, told.set)
    try:
        async with running(settings, keyring, role, pin=True) as parts:
            await _announce(settings, role)
            _spare_collector()
            await _first(told, parts.failed)
            healthy = not parts.failed.is_set()
            log.info("stopping", role=role.value)
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
    return healthy


def _spare_collector() -> None:
    """Let the garbage collector look at what is new, and seldom: what was built by now stays.

    Requests leave no cycles, and looking for them cost a twentieth of all time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(FEW_COLLECTIONS, 20, 20)


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()


async def _announce(settings: Settings, role: Role) -> None:
    """Tell the operator where the node is, and how it gets its first admin.

    The link goes to standard output alone, never into the log: it is a secret for a day.
    """
    log.info("serving", role=role.value, origin=settings.origin)
    shout = await asyncio.to_thread(private_networks_shout, settings)
    if shout is not None:
        log.error("DANGER", setting="allow_private_networks", reason=shout)
    if role is Role.WORKER:
        return
    link = await asyncio.to_thread(bootstrap.welcome_link, settings)
    print(f"Tertulia is at {settings.origin}", flush=True)  # noqa: T201 - for the operator
    if link is not None:
        print(f"Make the first admin (once, within a day): {link}", flush=True)  # noqa: T201
