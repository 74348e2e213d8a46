"""`tertulia account alias` and `tertulia account move`: for people who cannot do it themselves."""

import asyncio

import click

from domain.errors import Invalid
from server.cli.working import Workshop, data_option, opened
from social import accounts, moves
from storage.queries import actors
from storage.views.actors import ActorView


@click.command("alias")
@click.argument("name")
@click.argument("other", required=False)
@click.option("--remove", is_flag=True, help="Name OTHER no more.")
@data_option
def alias(name: str, other: str | None, *, remove: bool, data: str | None) -> None:
    """Name OTHER (@ana@elsewhere.example) as an old account of NAME, from which it may move here.

    Without OTHER, print what is named.
    """
    shop = opened(data)
    actor_id = _id_of(shop, name)
    if other is not None and remove:
        shop.write(moves.drop_alias, node=shop.node, actor_id=actor_id, uri=_uri(shop, other))
    elif other is not None:
        found = asyncio.run(_asked(shop, other))
        shop.write(moves.add_alias, node=shop.node, actor_id=actor_id, other_id=found.id)
    me = shop.write(actors.by_id, actor_id)
    for uri in moves.aliases_of(me) if me is not None else ():
        click.echo(uri)


@click.command("move")
@click.argument("name")
@click.argument("target", required=False)
@click.option("--end", is_flag=True, help="Lead nowhere any more.")
@data_option
def move(name: str, target: str | None, *, end: bool, data: str | None) -> None:
    """Move NAME to TARGET (@ana@elsewhere.example), which has to name this account as its own.

    Followers go along. Posts and communities stay with NAME. It cannot be taken back.
    """
    shop = opened(data)
    actor_id = _id_of(shop, name)
    if end:
        shop.write(moves.end_redirect, node=shop.node, actor_id=actor_id)
        click.echo(f"@{name.removeprefix('@')} leads nowhere any more.")
        return
    if target is None:
        raise click.UsageError("Say where to, or --end.")
    found = asyncio.run(_asked(shop, target))
    shop.write(moves.move, node=shop.node, actor_id=actor_id, target_id=found.id)
    click.echo(f"@{name.removeprefix('@')} leads to @{found.handle}@{found.domain} now.")


def _id_of(shop: Workshop, name: str) -> int:
    return shop.write(accounts.account_of, name.removeprefix("@")).id


def _uri(shop: Workshop, other: str) -> str:
    """What is meant, also where its server does not answer any more."""
    if "://" in other:
        return other
    try:
        return asyncio.run(_asked(shop, other)).uri
    except Invalid:
        raise Invalid("Its server does not answer: give the address that is printed") from None


async def _asked(shop: Workshop, name: str) -> ActorView:
    async with shop.reaching(by_hand=True) as fetcher:
        return await moves.find_other(fetcher, node=shop.node, name=name, fresh=True)
