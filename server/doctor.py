"""`tertulia doctor`: what is wrong with a node, found without changing anything."""

import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from domain.addresses import BadUrl, parse_url
from federation.keyring import FILE as KEY_FILE
from server import bootstrap, handle_domains
from server.settings import Settings, SettingsError, is_loopback, is_private
from storage import migrate
from storage.connect import sqlite_path
from storage.database import run_once
from storage.dialects import is_postgresql
from storage.errors import StorageError
from storage.queries import health

Grade = Literal["fine", "note", "wrong"]

CLOCK_MS: Final = 2_000
_EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. Only `wrong` makes the command fail."""

    grade: Grade
    about: str
    text: str


def fine(about: str, text: str) -> Finding:
    """As it should be."""
    return Finding("fine", about, text)


def wrong(about: str, text: str) -> Finding:
    """Something that must be changed; the text says how."""
    return Finding("wrong", about, text)


def examine(settings: Settings) -> list[Finding]:
    """Every check, also after one that failed."""
    checks: list[Callable[[Settings], Iterator[Finding]]] = [
        _folder,
        _database,
        _files,
        _origin,
        _handles,
        _networks,
        _authorities,
        _clock,
        _connections,
    ]
    return [finding for check in checks for finding in check(settings)]


def _folder(settings: Settings) -> Iterator[Finding]:
    if not settings.folder.is_dir():
        yield wrong("data", f"{settings.folder} is not there yet; `tertulia serve` makes it.")
        return
    yield from _private("data", settings.folder, 0o700)
    key = settings.folder / KEY_FILE
    if key.exists():
        yield from _private("secret key", key, 0o600)
    else:
        yield Finding("note", "secret key", "not made yet; the first start does.")


def _private(about: str, path: Path, wanted: int) -> Iterator[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield wrong(about, f"others can read {path} ({mode:03o}): chmod {wanted:o} {path}")
    else:
        yield fine(about, f"{path} is its owner's alone.")


def _is_there(settings: Settings) -> bool:
    """Whether there is a database to ask: merely opening SQLite would make an empty file."""
    return is_postgresql(settings.database) or sqlite_path(settings.database).exists()


def _database(settings: Settings) -> Iterator[Finding]:
    url = settings.database
    if not _is_there(settings):
        yield wrong("database", "there is none yet: run `tertulia migrate`.")
        return
    try:
        found, newest = migrate.current(url), migrate.head()
    except Exception as error:  # noqa: BLE001 - whatever the driver says, it is not reachable
        yield wrong("database", f"cannot be reached ({type(error).__name__}).")
        return
    if found != newest:
        yield wrong("database", f"its schema is {found}, not {newest}: run `tertulia migrate`.")
        return
    kind = "PostgreSQL" if is_postgresql(url) else "SQLite"
    yield fine("database", f"{kind}, schema {found}.")


def _files(settings: Settings) -> Iterator[Finding]:
    """Whether the place where files lie answers: asked for one that cannot be there."""
    kind = "a store" if settings.files.startswith("s3://") else "a folder"
    try:
        settings.blobs(patience=1.0).has("0" * 64)
    except (StorageError, OSError) as error:
        yield wrong("files", f"their place cannot be reached ({type(error).__name__}).")
        return
    yield fine("files", f"they lie in {kind} that can be reached.")


def _settled(settings: Settings) -> Settings:
    if _is_there(settings):
        with suppress(StorageError):
            return bootstrap.settle(settings)
    node = settings.node()
    return settings.settled(origin=node.origin, handle_domain=node.handle_domain)


def _origin(settings: Settings) -> Iterator[Finding]:
    try:
        settled = _settled(settings)
        url = parse_url(settled.origin)
    except (SettingsError, BadUrl) as error:
        yield wrong("origin", str(error))
        return
    if is_private(url, settings.policy):
        yield Finding(
            "note", "origin", f"{url.origin} is for development: only here it is reached."
        )
    else:
        yield fine("origin", f"{url.origin}, handles end in @{settled.handle_domain}.")
    if not is_loopback(settings.address[0]) and url.scheme == "http":
        yield wrong("bind", f"{settings.bind} can be reached from outside without https.")


def _handles(settings: Settings) -> Iterator[Finding]:
    """Whether the domain of the handles leads here, where it is another than the node's."""
    try:
        settled = _settled(settings)
        if not handle_domains.differs(settled):
            return
        problem = handle_domains.trouble(settled)
    except (SettingsError, BadUrl):
        return  # told by `_origin`
    except handle_domains.Unreachable as failure:
        told = f"{settled.handle_domain} cannot be asked right now ({failure.reason})."
        yield Finding("note", "handle_domain", told)
        return
    if problem is not None:
        yield wrong("handle_domain", f"{problem}.")
    else:
        yield fine("handle_domain", f"{settled.handle_domain} leads here.")


def _networks(settings: Settings) -> Iterator[Finding]:
    """Whoever may make a public node fetch from inside the house is inside the house (F rows)."""
    shout = private_networks_shout(settings)
    if shout is not None:
        yield wrong("allow_private_networks", shout)


def private_networks_shout(settings: Settings) -> str | None:
    """What start-up and `doctor` say about a development setting on a public node."""
    if not settings.allow_private_networks:
        return None
    try:
        url = parse_url(_settled(settings).origin)
    except (SettingsError, BadUrl):
        return None
    if url.scheme == "http" or is_private(url, settings.policy):
        return None
    return (
        f"{url.origin} is public, yet other servers can make it call"
        f" {settings.allow_private_networks}. Remove the setting: it is for development only."
    )


def _authorities(settings: Settings) -> Iterator[Finding]:
    path = settings.tls_ca_file
    if path and not Path(path).is_file():
        yield wrong("tls_ca_file", f"{path} is not a file that can be read.")


def _clock(settings: Settings) -> Iterator[Finding]:
    """Signatures live for minutes: a wrong clock cuts a node off."""
    if datetime.now(UTC) < _EARLIEST:
        yield wrong("clock", "this machine lives in the past: signatures will be refused.")
        return
    if not _is_there(settings):
        return
    try:
        difference = run_once(settings.database, health.clock_difference)
    except StorageError:
        return
    if abs(difference) > CLOCK_MS:
        yield wrong("clock", f"the database's clock is {difference} ms ahead of this machine's.")
    else:
        yield fine("clock", "agrees with the database's. Keep it set by NTP.")


def _connections(settings: Settings) -> Iterator[Finding]:
    if not is_postgresql(settings.database):
        return
    try:
        free = run_once(settings.database, health.free_connections) or 0
    except StorageError:
        return
    fit = free // health.CONNECTIONS
    text = f"{free} connections are enough for {fit} processes of {health.CONNECTIONS} each."
    # One more, so that a command and a restart find room beside the running process.
    yield fine("connections", text) if fit >= 2 else wrong("connections", f"only {text}")
