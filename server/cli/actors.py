"""`tertulia actor …`: what is decided about somebody, here or elsewhere."""

import click

from domain.errors import NotFound
from domain.handles import parse_acct
from domain.kinds import Limit, ModerationDeed
from server.cli.working import Workshop, data_option, opened
from social import limiting
from storage.queries import actors, limits
from storage.queries.limits import LogRow
from storage.tx import Tx
from storage.views.actors import ActorView

_WORDS = {
    Limit.NONE: "nothing was decided about them",
    Limit.SILENCED: "silenced: their followers alone come across them",
    Limit.SUSPENDED: "suspended: nothing of them is shown, taken or sent",
    Limit.WITHDRAWN: "suspended by their own server",
}

reason_option = click.option("--reason", default="", help="Why, for the log.")


@click.group()
def actor() -> None:
    """People and other actors, here and elsewhere: silence, suspend, free."""


@actor.command("show")
@click.argument("name")
@data_option
def show(name: str, data: str | None) -> None:
    """Say what was decided about NAME (ana, or ana@lab.example), when and why."""
    shop = opened(data)
    found = shop.write(_named, name, shop.node.handle_domain)
    click.echo(f"{_called(found)}  {found.uri}")
    click.echo(_WORDS[found.limited])
    for row in shop.write(limits.log_about, found.id):
        click.echo(_line(row))


def _line(row: LogRow) -> str:
    because = f": {row.reason}" if row.reason else ""
    who = "on the command line" if not row.by_id else f"by account {row.by_id}"
    return f"{ModerationDeed(row.deed).name.lower()} {who}{because}"


@actor.command("silence")
@click.argument("name")
@reason_option
@data_option
def silence(name: str, reason: str, data: str | None) -> None:
    """Let nobody come across NAME but who follows them."""
    _decide(name, Limit.SILENCED, reason, data)


@actor.command("suspend")
@click.argument("name")
@reason_option
@data_option
def suspend(name: str, reason: str, data: str | None) -> None:
    """Hide NAME and everything they wrote, and take nothing from them, until they are freed."""
    _decide(name, Limit.SUSPENDED, reason, data)


@actor.command("free")
@click.argument("name")
@reason_option
@data_option
def free(name: str, reason: str, data: str | None) -> None:
    """Take back that NAME was silenced or suspended."""
    _decide(name, Limit.NONE, reason, data)


def _decide(name: str, to: Limit, reason: str, data: str | None) -> None:
    decide(opened(data), name, to, reason)


def decide(shop: Workshop, name: str, to: Limit, reason: str) -> None:
    """Limit somebody, and say what holds now."""
    found = shop.write(_named, name, shop.node.handle_domain)
    shop.write(limiting.limit, node=shop.node, actor_id=found.id, to=to, reason=reason)
    click.echo(f"{_called(found)}: {_WORDS[to]}.")


def _named(tx: Tx, name: str, here: str) -> ActorView:
    """Whoever is called so, here or elsewhere. Raises NotFound."""
    acct = parse_acct(name)
    if acct is None:
        raise NotFound("This is no name: write ana, or ana@lab.example")
    found = (
        actors.local_by_handle(tx, acct.name)
        if acct.host in {None, here}
        else actors.by_acct(tx, acct.name, acct.host or here)
    )
    if found is None or found.gone_at is not None:
        raise NotFound("Nobody of that name is known here")
    return found


def _called(found: ActorView) -> str:
    return f"@{found.acct}"
