"""`tertulia emoji …`: the node's own custom emoji."""

from pathlib import Path

import click

from domain.emoji_pictures import emoji_picture
from domain.errors import NotFound
from domain.pictures import LARGEST
from server.cli.working import data_option, opened
from social import emojis
from storage.queries.emojis import all_emojis


@click.group()
def emoji() -> None:
    """Pictures that people here write as :name: in their posts and profiles."""


@emoji.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--category", default="", help="Under which heading apps list it.")
@data_option
def add(name: str, file: Path, category: str, data: str | None) -> None:
    """Make :NAME: of the picture in FILE (JPEG, PNG, GIF or WebP), or give it another picture."""
    if file.stat().st_size > LARGEST:
        raise click.ClickException("This file is too large for a picture.")
    picture = emoji_picture(file.read_bytes())  # outside the write: there is one writer
    plain = _plain(name)
    opened(data).write(emojis.add, shortcode=plain, picture=picture, category=category)
    click.echo(f":{plain}: can be written here now.")


@emoji.command("list")
@data_option
def show(data: str | None) -> None:
    """Print the node's emoji, with their headings."""
    for row in opened(data).write(all_emojis):
        click.echo(f":{row.shortcode}:" + (f"  {row.category}" if row.category else ""))


@emoji.command("remove")
@click.argument("name")
@data_option
def remove(name: str, data: str | None) -> None:
    """Take :NAME: away. Posts that use it show the word again."""
    plain = _plain(name)
    try:
        opened(data).write(emojis.remove, shortcode=plain)
    except NotFound:
        raise click.ClickException(f"There is no emoji called :{plain}: here.") from None
    click.echo(f":{plain}: is gone.")


def _plain(name: str) -> str:
    return name.strip(":")
