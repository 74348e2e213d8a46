"""What every command shares: reading settings, opening the node, telling errors plainly."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from domain.errors import Problem
from domain.node import Node
from federation.client import Client
from federation.fetcher import Fetcher
from federation.keyring import Keyring, KeyringError
from server import bootstrap
from server.settings import Settings, SettingsError, load
from server.wiring import user_agent
from storage.database import Database, run_once
from storage.errors import AlreadyServed, StorageError
from storage.migrate import SchemaMismatch
from storage.tx import Tx

P = ParamSpec("P")
T = TypeVar("T")

data_option = click.option(
    "--data", metavar="DIR", help="Data folder; default: TERTULIA_DATA, else ./var."
)


class Group(click.Group):
    """Tells a refusal in one line, never as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Whatever it writes is its owner's alone."""
        os.umask(0o077)
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise _Misused(str(error)) from None
        except Problem as error:
            raise click.ClickException(error.message) from None
        except AlreadyServed:
            raise click.ClickException(
                "A running node serves this database. Please stop it first."
            ) from None
        except SchemaMismatch as error:
            raise click.ClickException(f"{_sentence(error)} Run `tertulia migrate`.") from None
        except (StorageError, KeyringError) as error:
            raise click.ClickException(_sentence(error)) from None


class _Misused(click.ClickException):
    """As click's own usage errors."""

    exit_code = 2


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


class Workshop:
    """The node that a command works on, beside a server that may be running."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self.settings = settings
        self.keyring = keyring

    @cached_property
    def node(self) -> Node:
        """The node under the names that hold."""
        return self.settings.node()

    def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one unit of work."""
        return run_once(self.settings.database, fn, *args, **kwargs)

    @asynccontextmanager
    async def reaching(self, *, by_hand: bool = False) -> AsyncIterator[Fetcher]:
        """Ask other servers, as this node does, until the block ends.

        `by_hand`: also for what could not be had a short while ago.
        """
        settings, node = self.settings, self.node
        db = await Database.open(settings.database)
        try:
            async with Client(
                settings.policy,
                user_agent(node),
                own_origin=node.origin,
                tls_ca_file=settings.tls_ca_file or None,
            ) as client:
                yield Fetcher(db, client, node, self.keyring, by_hand=by_hand)
        finally:
            await db.close()


def opened(data: str | None) -> Workshop:
    """Open the node in a data folder, making it on first use.

    Raises:
        SettingsError, SchemaMismatch, KeyringError, StorageError: it cannot be opened.
    """
    settings = load(given={"data": data})
    bootstrap.prepare_folder(settings)
    bootstrap.migrated(settings)
    keyring = Keyring(settings.folder)
    return Workshop(bootstrap.start(settings, keyring), keyring)
