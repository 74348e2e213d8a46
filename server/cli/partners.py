"""`tertulia partner …`: which other servers this node talks to, and what was agreed with nodes."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import click
import orjson

from activitypub.json import MalformedDocument
from activitypub.parse.agreements import parse_offer
from activitypub.render.agreements import DIRECTORIES, KINDS
from domain.addresses import BadUrl, canonical_authority, canonical_host_of, host_matches, parse_url
from domain.agreements import NOWHERE, Terms
from domain.errors import Invalid
from domain.kinds import ActorType, AgreementKind, RuleAction
from domain.node import Federation, Node
from server.cli.working import Workshop, data_option, opened
from social import agreements as use
from social.agreements import Offered
from storage.queries import actors, agreements, offers, origins, outgoing, purges
from storage.queries.agreements import Agreed
from storage.queries.offers import OfferRow
from storage.tx import Tx

_DAY: Final = "%Y-%m-%d"
#: What keyboards of some languages write for a dot.
DOTS: Final = {ord(one): "." for one in "\u3002\uff0e\uff61"}

reason_option = click.option("--reason", default="", help="Kept beside the rule, for colleagues.")


@click.group()
def partner() -> None:
    """Which other servers this node exchanges anything with, and what was agreed with nodes."""


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
    """Exchange nothing with DOMAIN or any domain below it, on any port, however it is spelt.

    Queued deliveries are not sent. What came from it before stays: `tertulia federation purge`.
    """
    shop = opened(data)
    pattern = canonical_host_of(_pattern(shop.node, _without_wildcard(domain)))
    shop.write(origins.set_rule, pattern, RuleAction.BLOCK, reason)
    click.echo(f"{pattern} is blocked.")
    for origin in shop.write(_known_below, pattern):
        click.echo(f"What came from {origin} is still here. To have it forgotten too:")
        click.echo(f"  tertulia federation purge {parse_url(origin).authority}")


def _known_below(tx: Tx, pattern: str) -> list[str]:
    """The servers below a name of which something is here."""
    return [
        row.origin
        for row in outgoing.hosts(tx)
        if host_matches(parse_url(row.origin).host, pattern) and any(outgoing.known(tx, row.id)[:2])
    ]


@partner.command("forget")
@click.argument("domain")
@data_option
def forget(domain: str, data: str | None) -> None:
    """Take back what was decided about DOMAIN. An agreement with it stays as it is."""
    shop = opened(data)
    pattern = _pattern(shop.node, _without_wildcard(domain))
    host = canonical_host_of(pattern)  # a block is for every port
    if not (shop.write(origins.drop_rule, pattern) or shop.write(origins.drop_rule, host)):
        raise Invalid(f"Nothing was decided about {pattern}.")
    click.echo(f"What was decided about {pattern} is forgotten.")


# Agreements.


@partner.command("propose")
@click.argument("domain")
@click.option(
    "--kind",
    required=True,
    type=click.Choice(list(KINDS.values())),
    help="sister: share posts to everyone at work. partner: share communities only.",
)
@click.option(
    "--community",
    "communities",
    multiple=True,
    metavar="HANDLE",
    help="A community that the agreement is about; may be repeated. Default: any.",
)
@click.option(
    "--until",
    type=click.DateTime([_DAY]),
    metavar="DATE",
    help="Its last day, as 2027-03-31 (UTC). Default: no end.",
)
@click.option(
    "--directory",
    type=click.Choice(list(DIRECTORIES.values())),
    help="Whose names each side shows: nobody's, those in shared communities, everybody's."
    " Default: all between sisters, else shared.",
)
@click.option("--contact", default="", help="Whom to write to here. Default: contact_email.")
@data_option
def propose(  # noqa: PLR0917 - click names them
    domain: str,
    kind: str,
    communities: tuple[str, ...],
    until: datetime | None,
    directory: str | None,
    contact: str,
    data: str | None,
) -> None:
    """Offer an agreement, or other terms, to the node at DOMAIN; prints a one-time code.

    Tell the code to the admin of DOMAIN yourself, not through this network. The offer lapses after
    14 days. If an agreement stands already, the stricter terms hold from now on.
    """
    shop = opened(data)
    pattern, code = _pattern(shop.node, domain), use.new_code()
    terms = Terms(
        kind={name: one for one, name in KINDS.items()}[kind],
        directory={name: one for one, name in DIRECTORIES.items()}[
            directory or ("all" if kind == KINDS[AgreementKind.SISTER] else "shared")
        ],
        communities=frozenset(shop.write(_address, one) for one in communities),
        until=None if until is None else _ends(until),
        contact=contact or shop.settings.contact_email,
    )
    made = shop.write(use.propose, node=shop.node, domain=pattern, terms=terms, code=code)
    click.echo(f"code: {code}")
    click.echo(f"It can be accepted until {_day(made.lapses_at)}, at {pattern}, by:")
    click.echo(f"  tertulia partner accept {parse_url(shop.node.origin).authority} {code}")
    if made.changes:
        click.echo("Until then the stricter of the old and the new terms hold.")


@partner.command("accept")
@click.argument("domain")
@click.argument("code")
@click.option("--yes", is_flag=True, help="Do not ask; the terms are shown all the same.")
@data_option
def accept(domain: str, code: str, yes: bool, data: str | None) -> None:
    """Fetch what DOMAIN offers under CODE, show it, and agree to it."""
    shop = opened(data)
    pattern = _pattern(shop.node, domain)
    offered = asyncio.run(_fetched(shop, pattern, code))
    for line in _points(offered.offer.terms):
        click.echo(line)
    if not yes:
        click.confirm(f"Agree to this with {pattern}?", abort=True)
    shop.write(use.agree, node=shop.node, offered=offered)
    click.echo(f"Agreed. {pattern} is told as soon as this node runs.")


async def _fetched(shop: Workshop, domain: str, code: str) -> Offered:
    async with shop.reaching() as fetcher:
        return await use.fetch_offer(fetcher, domain=domain, code=code)


@partner.command("end")
@click.argument("domain")
@data_option
def end(domain: str, data: str | None) -> None:
    """End the agreement with DOMAIN now. It is asked to forget what it got, and to say so."""
    shop = opened(data)
    pattern = _pattern(shop.node, domain)
    if shop.write(use.end, node=shop.node, domain=pattern):
        click.echo(f"The agreement with {pattern} has ended.")
    else:
        click.echo(f"The offer to {pattern} was taken back.")


# The list.


@partner.command("list")
@data_option
def list_rules(data: str | None) -> None:
    """Show what was decided about other servers, and every agreement with its state."""
    shop = opened(data)
    click.echo(f"federation: {shop.node.federation}")
    for rule in shop.write(origins.rules):
        words = {RuleAction.ALLOW: "allowed", RuleAction.BLOCK: "blocked"}[rule.action]
        click.echo(f"{words}  {rule.pattern}{f'  ({rule.reason})' if rule.reason else ''}")
    for line in shop.write(_listed):
        click.echo(line)


def _listed(tx: Tx) -> list[str]:
    agreed = [_agreed(tx, one) for one in agreements.everything(tx)]
    return agreed + [_offered(tx, row) for row in offers.waiting(tx)]


def _agreed(tx: Tx, agreed: Agreed) -> str:
    row, domain = agreed.row, parse_url(agreed.origin).authority
    if not row.stands(tx.now):
        return f"ended  {domain}  on {_day(row.ended_at or row.until or 0)}; {_forgotten(tx, row)}"
    terms = agreements.terms_of(tx, row)
    points = "; ".join(_points(terms, kind=False, names=_names(tx, terms)))
    return f"{KINDS[row.kind]}  {domain}  since {_day(row.since)}; {points}"


def _forgotten(tx: Tx, row: agreements.AgreementRow) -> str:
    asked = [one for one in purges.of_origin(tx, row.origin_id) if one.asked_at >= row.since]
    if not asked:
        return "by them"
    if asked[-1].acknowledged_at is None:
        return "they have not yet said that they forgot what they got"
    return f"they forgot what they got on {_day(asked[-1].acknowledged_at)}"


def _offered(tx: Tx, row: OfferRow) -> str:
    who = "offered" if row.ours else "they ask"
    try:
        terms = parse_offer(orjson.loads(row.body)).terms
        points = "; ".join(_points(terms, names=_names(tx, terms)))
    except MalformedDocument:
        points = "?"
    return f"{who}  {row.domain}  {points}; lapses {_day(row.lapses_at)}"


def _points(
    terms: Terms, *, kind: bool = True, names: Mapping[str, str] | None = None
) -> list[str]:
    """An agreement in words, one point each. `names`: those of communities that are known."""
    shown = [f"kind: {KINDS[terms.kind]}"] if kind else []
    named = sorted((names or {}).get(one, one) for one in terms.communities if one != NOWHERE)
    shown.append(f"communities: {', '.join(named) or ('none' if terms.communities else 'any')}")
    shown.append(f"directory: {DIRECTORIES[terms.directory]}")
    # An end at midnight is the evening before: the last day is the one that people know.
    shown.append("no end" if terms.until is None else f"until {_day(terms.until - 1)}")
    return [*shown, f"contact: {terms.contact}"] if terms.contact else shown


def _names(tx: Tx, terms: Terms) -> dict[str, str]:
    """How people call the communities that an agreement names, as far as we know them."""
    known = [actors.by_uri(tx, uri) for uri in terms.communities]
    return {actor.uri: f"@{actor.acct}" for actor in known if actor is not None}


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime(_DAY)


def _ends(last_day: datetime) -> int:
    """The moment at which a day is over, in ms UTC."""
    return int((last_day.replace(tzinfo=UTC) + timedelta(days=1)).timestamp() * 1000)


def _address(tx: Tx, handle: str) -> str:
    """The address of a community here by its handle, or of one elsewhere as it was given."""
    if handle.startswith(("https://", "http://")):
        return handle
    found = actors.local_by_handle(tx, handle.lstrip("@"))
    if found is None or found.type is not ActorType.GROUP or found.gone_at is not None:
        raise Invalid(f"There is no community {handle} here.")
    return found.uri


def _without_wildcard(domain: str) -> str:
    """A block covers what is below a name anyway; lists of other servers say `*.`."""
    return domain.strip().removeprefix("*.")


def _pattern(node: Node, domain: str) -> str:
    """The one spelling of a domain; people also paste whole addresses and handles."""
    rest = domain.strip().rpartition("@")[2].rstrip("/").translate(DOTS).removesuffix(".")
    try:
        pattern = parse_url(rest).authority if "://" in rest else canonical_authority(rest)
    except BadUrl as error:
        raise Invalid(f"{domain!r} is not a domain: {error.reason}.") from None
    if pattern in {parse_url(node.origin).authority, node.handle_domain}:
        raise Invalid(f"{pattern} is this node itself.")
    return pattern
