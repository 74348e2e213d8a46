"""`tertulia partner …`: which other servers this node talks to."""

import click

from domain.addresses import BadUrl, canonical_authority, parse_url
from domain.errors import Invalid
from domain.kinds import RuleAction
from domain.node import Federation, Node
from server.cli.working import data_option, opened
from storage.queries import origins

reason_option = click.option("--reason", default="", help="Kept beside the rule, for colleagues.")


@click.group()
def partner() -> None:
    """Which other servers this node exchanges anything with."""


@partner.command("allow")
@click.argument("domain")
@reason_option
@data_option
def allow(domain: str, reason: str, data: str | None) -> None:
    """Exchange posts and follows with DOMAIN (host or host:port)."""
    shop = opened(data)
    pattern = _pattern(shop.node, domain)
    shop.write(origins.set_rule, pattern, RuleAction.ALLOW, reason)
    click.echo(f"{pattern} is allowed.")
    if shop.node.federation is Federation.CLOSED:
        click.echo("It takes effect once federation is no longer closed.", err=True)


@partner.command("block")
@click.argument("domain")
@reason_option
@data_option
def block(domain: str, reason: str, data: str | None) -> None:
    """Exchange nothing with DOMAIN or any domain below it. Queued deliveries are not sent."""
    shop = opened(data)
    pattern = _pattern(shop.node, domain)
    shop.write(origins.set_rule, pattern, RuleAction.BLOCK, reason)
    click.echo(f"{pattern} is blocked.")


@partner.command("list")
@data_option
def list_rules(data: str | None) -> None:
    """Show what was decided about other servers."""
    shop = opened(data)
    click.echo(f"federation: {shop.node.federation}")
    for rule in shop.write(origins.rules):
        words = {RuleAction.ALLOW: "allowed", RuleAction.BLOCK: "blocked"}[rule.action]
        click.echo(f"{words}  {rule.pattern}{f'  ({rule.reason})' if rule.reason else ''}")


def _pattern(node: Node, domain: str) -> str:
    """The one spelling of a domain; people also paste whole addresses and handles."""
    rest = domain.strip().rpartition("@")[2].rstrip("/")
    try:
        pattern = parse_url(rest).authority if "://" in rest else canonical_authority(rest)
    except BadUrl as error:
        raise Invalid(f"{domain!r} is not a domain: {error.reason}.") from None
    if pattern in {parse_url(node.origin).authority, node.handle_domain}:
        raise Invalid(f"{pattern} is this node itself.")
    return pattern
