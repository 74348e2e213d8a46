"""`tertulia keys …`: new keys in place of old ones."""

import click

from domain.errors import NotFound
from server.cli.working import Workshop, data_option, opened
from social import keys as use
from storage.queries.actors import local_by_handle
from storage.tx import Tx


@click.group()
def keys() -> None:
    """The keys with which this node and its people sign."""


@keys.command("rotate")
@click.argument("name", required=False)
@click.option("--all", "people", is_flag=True, help="Every person and community that lives here.")
@click.option("--node", "services", is_flag=True, help="The node's own actor and its helper.")
@data_option
def rotate(name: str | None, people: bool, services: bool, data: str | None) -> None:
    """Give NAME new keys, and erase the old ones.

    A running node signs with the new keys within two seconds. Servers that know NAME are told.
    """
    if (name is None) is not (people or services):
        raise click.UsageError("Say one NAME, or --all, --node or both.")
    shop = opened(data)
    changed = _chosen(shop, name, people=people, services=services)
    for actor_id in changed:
        new = shop.keyring.make()  # outside the write: there is one writer
        shop.write(use.rotate_keys, node=shop.node, actor_id=actor_id, new=new)
    if name is not None:
        click.echo(f"@{_plain(name)} has new keys.")
    else:
        click.echo(f"{len(changed)} actors have new keys.")


def _chosen(shop: Workshop, name: str | None, *, people: bool, services: bool) -> list[int]:
    if name is None:
        return shop.write(use.signing_actors, people=people, services=services)
    return [shop.write(_actor_called, _plain(name))]


def _actor_called(tx: Tx, handle: str) -> int:
    actor = local_by_handle(tx, handle)
    if actor is None:
        raise NotFound
    return actor.id


def _plain(name: str) -> str:
    return name.removeprefix("@")
