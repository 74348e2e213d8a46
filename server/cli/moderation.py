"""`tertulia community withdraw …`: what stewards do in an open community, for the operator."""

from collections.abc import Callable
from typing import Any

import click

from domain.errors import Invalid, NotFound
from domain.handles import parse_acct
from domain.node import Node
from server.cli.communities import community_id_of, moment_of, reason_option
from server.cli.working import Workshop, data_option, opened
from social import moderating
from social.open_communities import by_address
from social.standing import OPERATOR
from storage.queries import actors
from storage.tx import Tx


def _about(
    shop: Workshop, handle: str, address: str, deed: Callable[..., None], **more: Any
) -> None:
    community_id, node = community_id_of(shop, handle), shop.node

    def do(tx: Tx) -> None:
        post = by_address(tx, node, community_id, address)
        if post is None:
            raise NotFound(f"There is no post {address} in this community.")
        deed(tx, node=node, post=post, by_id=OPERATOR, **more)

    shop.write(do)


@click.command("withdraw")
@click.argument("handle")
@click.argument("address")
@reason_option
@data_option
def withdraw(handle: str, address: str, *, reason: str, data: str | None) -> None:
    """Take the post at ADDRESS out of HANDLE: only its author sees it here from now on."""
    _about(opened(data), handle, address, moderating.withdraw, reason=reason)
    click.echo(f"It is taken out. To put it back: tertulia community restore {handle} {address}")


@click.command("restore")
@click.argument("handle")
@click.argument("address")
@data_option
def restore(handle: str, address: str, *, data: str | None) -> None:
    """Put a post back that was taken out of HANDLE."""
    _about(opened(data), handle, address, moderating.restore)
    click.echo("It stands there again.")


@click.command("close")
@click.argument("handle")
@click.argument("address")
@reason_option
@data_option
def close(handle: str, address: str, *, reason: str, data: str | None) -> None:
    """Let nobody answer in the thread of the post at ADDRESS any more."""
    _about(opened(data), handle, address, moderating.close, reason=reason)
    click.echo(f"Nothing new is written there. Again: tertulia community reopen {handle} {address}")


@click.command("reopen")
@click.argument("handle")
@click.argument("address")
@data_option
def reopen(handle: str, address: str, *, data: str | None) -> None:
    """Go on in a thread of HANDLE that was closed."""
    _about(opened(data), handle, address, moderating.reopen)
    click.echo("It goes on there.")


@click.command("feature")
@click.argument("handle")
@click.argument("address")
@click.option("--off", is_flag=True, help="Take it down again.")
@data_option
def feature(handle: str, address: str, *, off: bool, data: str | None) -> None:
    """Put the post at ADDRESS at the top of the page of HANDLE."""
    _about(opened(data), handle, address, moderating.feature, on=not off)
    click.echo("It is taken down." if off else "It stands at the top.")


@click.command("ban")
@click.argument("handle")
@click.argument("actor")
@reason_option
@click.option("--until", metavar="DATE", help="The last day, as 2027-03-31; else for good.")
@click.option("--keep-posts", is_flag=True, help="Leave what they wrote there.")
@data_option
def ban(
    handle: str, actor: str, *, reason: str, until: str | None, keep_posts: bool, data: str | None
) -> None:
    """Shut ACTOR out of HANDLE, which is open to the world, with what they wrote there."""
    shop = opened(data)
    shop.write(
        moderating.ban,
        node=shop.node,
        community_id=community_id_of(shop, handle),
        actor_id=shop.write(_actor_called, shop.node, actor),
        by_id=OPERATOR,
        reason=reason,
        until=moment_of(until),
        remove_posts=not keep_posts,
    )
    click.echo(f"{actor} is shut out.")


@click.command("unban")
@click.argument("handle")
@click.argument("actor")
@data_option
def unban(handle: str, actor: str, *, data: str | None) -> None:
    """Let ACTOR come to HANDLE again. What was taken out stays out until it is restored."""
    shop = opened(data)
    shop.write(
        moderating.unban,
        node=shop.node,
        community_id=community_id_of(shop, handle),
        actor_id=shop.write(_actor_called, shop.node, actor),
        by_id=OPERATOR,
    )
    click.echo(f"{actor} may come again.")


def _actor_called(tx: Tx, node: Node, name: str) -> int:
    acct = parse_acct(name)
    if acct is None:
        raise Invalid(f"{name!r} is no handle.")
    here = acct.host in {None, node.handle_domain, node.origin.partition("://")[2]}
    if here:
        actor = actors.local_by_handle(tx, acct.name)
    else:
        actor = actors.by_acct(tx, acct.name, acct.host or "")
    if actor is None:
        raise NotFound(f"Nobody is known as {name}.")
    return actor.id


STEWARDS = (withdraw, restore, close, reopen, feature, ban, unban)
"""The commands of this module, for `tertulia community`."""
