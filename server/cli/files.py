"""`tertulia files …`: how much room files take, and another place for them."""

from collections.abc import Iterator

import click

from server.cli.working import data_option, opened
from server.settings import load
from storage.blobs import Blobs
from storage.queries import files as stored
from storage.queries import proxied
from storage.tx import Tx


@click.group("files")
def files() -> None:
    """Files of posts: how much there is, and where it lies."""


@files.command("usage")
@data_option
def usage(data: str | None) -> None:
    """Print how much room files take, and how much they may."""
    at = opened(data)
    room = at.settings.room
    uploads, cached = at.write(_held)
    click.echo(f"uploaded here: {_size(uploads)} of {_limit(room.all)}")
    click.echo(f"of other servers: {_size(cached)} of {_limit(room.cache)}, let go when it is more")
    click.echo(f"each person may upload: {_limit(room.one)}")


def _held(tx: Tx) -> tuple[int, int]:
    return stored.held(tx), stored.cached(tx) + proxied.held(tx)


@files.command("copy")
@click.argument("place")
@data_option
def copy(place: str, data: str | None) -> None:
    """Copy all files to PLACE, a folder or s3://BUCKET?endpoint=…

    Can be repeated: only what is not there yet is copied. Then stop the node, copy once more, and
    name PLACE in the setting `files`.
    """
    settings = load(given={"data": data})
    target = load(given={"data": data, "files": place}).blobs()
    done = sum(_copied(settings.blobs(), target))
    click.echo(f"{done} files were copied. They still lie where they were, too.")


def _copied(source: Blobs, target: Blobs) -> Iterator[int]:
    """One for each blob that was not there."""
    for name in source.names():
        if not target.has(name):
            content = source.read(name)
            if content is not None and target.put(content) == name:
                yield 1


def _size(count: int) -> str:
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def _limit(count: int) -> str:
    return _size(count) if count else "any size"
