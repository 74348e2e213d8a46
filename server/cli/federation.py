"""`tertulia federation …`: how this node stands with other servers, and what can be done about it.

Which servers it talks to at all is `tertulia partner`.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import click
import orjson

from domain.addresses import BadUrl, canonical_authority, parse_url
from domain.errors import Invalid, NotFound
from domain.handles import parse_acct
from domain.ids import HERE
from domain.kinds import DeliveryState, SignatureScheme
from federation.discovery import fetch_actor, find_handle
from federation.fetcher import CannotFetch
from server.cli.working import Workshop, data_option, opened
from social.forgetting import Forgotten, forget_server
from storage.queries import deliveries, outgoing
from storage.queries.outgoing import HostRow, Letter
from storage.tx import Tx
from storage.views.actors import ActorView

SHOWN: Final = 50
"""Deliveries that one command lists."""

SCHEMES: Final = {
    SignatureScheme.UNKNOWN: "not known yet",
    SignatureScheme.CAVAGE: "draft-cavage",
    SignatureScheme.RFC9421: "RFC 9421",
    SignatureScheme.OURS: "RFC 9421, as our own nodes do",
}


@click.group()
def federation() -> None:
    """Deliveries to other servers, and what is known of them."""


@federation.command("hosts")
@click.option("--failing", is_flag=True, help="Only those that fail or have dead letters.")
@data_option
def list_hosts(failing: bool, data: str | None) -> None:
    """List the servers that this node knows, with what waits for them."""
    shop = opened(data)
    found = shop.write(outgoing.hosts, failing=failing)
    for row in found:
        click.echo(_line(row))
    if not found:
        click.echo("No server fails." if failing else "No other server is known yet.")


@federation.command("show")
@click.argument("domain")
@data_option
def show(domain: str, data: str | None) -> None:
    """Show how this node stands with DOMAIN, and what waits for it or was given up."""
    shop = opened(data)
    row = _host(shop, domain)
    known = shop.write(outgoing.known, row.id)
    click.echo(row.origin)
    click.echo(f"  software: {row.software or 'not known'}; signatures: {SCHEMES[row.scheme]}")
    click.echo(
        f"  here: {known.people} of its people, {known.posts} of its posts;"
        f" {known.disclosed} of ours are known there"
    )
    click.echo(f"  {_breaker(row)}")
    for state, name in ((DeliveryState.WAITING, "waits"), (DeliveryState.DEAD, "dead")):
        for letter in shop.write(outgoing.letters, row.id, state, most=SHOWN):
            click.echo(f"  {name}  {_letter(letter)}")
    if max(row.waiting, row.dead) > SHOWN:
        click.echo(f"  (the oldest {SHOWN} of each)")


@federation.command("retry")
@click.argument("domain", required=False)
@click.option("--all", "everybody", is_flag=True, help="Every server.")
@data_option
def retry(domain: str | None, everybody: bool, data: str | None) -> None:
    """Try DOMAIN again now: its dead letters, and what waits for it.

    Rights are asked again: what its people may no longer read is not sent.
    """
    if (domain is None) is not everybody:
        raise click.UsageError("Say one DOMAIN, or --all.")
    shop = opened(data)
    rows = shop.write(outgoing.hosts, failing=True) if domain is None else [_host(shop, domain)]
    revived = sum(shop.write(outgoing.revive, row.id) for row in rows)
    waiting = sum(row.waiting for row in rows)
    click.echo(f"{_count(revived, 'dead letter')} and {_count(waiting, 'other')} are tried again.")


@federation.command("drop")
@click.argument("domain")
@click.option("--waiting", is_flag=True, help="Also what still waits.")
@data_option
def drop(domain: str, waiting: bool, data: str | None) -> None:
    """Give up on DOMAIN's dead letters for good."""
    shop = opened(data)
    row = _host(shop, domain)
    gone = shop.write(deliveries.drop_origin if waiting else outgoing.drop_dead, row.id)
    click.echo(f"{_count(gone, 'delivery', 'deliveries')} to {row.origin} will not be sent.")


@federation.command("refetch")
@click.argument("actor")
@data_option
def refetch(actor: str, data: str | None) -> None:
    """Ask ACTOR's own server for it again (an address, or @name@host), and show it."""
    shop = opened(data)
    try:
        found = asyncio.run(_refetched(shop, actor))
    except CannotFetch as problem:
        raise Invalid(f"It could not be had: {problem.reason}.") from None
    click.echo(f"@{found.acct}  {found.uri}")
    click.echo(f"  name: {found.name or 'none'}; {found.type.name.lower()}; inbox: {found.inbox}")


async def _refetched(shop: Workshop, actor: str) -> ActorView:
    async with shop.reaching(by_hand=True) as fetcher:
        if actor.startswith(("https://", "http://")):
            return await fetch_actor(fetcher, actor)
        acct = parse_acct(actor)
        if acct is None or acct.host is None:
            raise Invalid(f"{actor} is neither an address nor a handle with its host.")
        found = await find_handle(fetcher, acct.name, acct.host)
        if found is None or found.is_local:
            raise NotFound
        return await fetch_actor(fetcher, found.uri)


@federation.command("purge")
@click.argument("domain")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def purge(domain: str, yes: bool, data: str | None) -> None:
    """Forget everything that came from DOMAIN: people, posts, follows, pictures.

    It cannot be undone. Use `tertulia partner block` to exchange nothing with it any more.
    """
    shop = opened(data)
    row = _host(shop, domain)
    known = shop.write(outgoing.known, row.id)
    if not yes:
        click.confirm(
            f"Forget {_count(known.people, 'person', 'people')} and"
            f" {_count(known.posts, 'post')} of {row.origin}?",
            abort=True,
        )
    gone = asyncio.run(_forgotten(shop, row.origin))
    click.echo(
        f"{_count(gone.people, 'person', 'people')} and {_count(gone.posts, 'post')}"
        f" of {row.origin} are forgotten."
    )


async def _forgotten(shop: Workshop, origin: str) -> Forgotten:
    async with shop.reaching() as fetcher:
        authority = parse_url(origin).authority
        gone = await forget_server(fetcher.db, origin=origin, authority=authority)
    return gone or Forgotten(0, 0)


def _host(shop: Workshop, domain: str) -> HostRow:
    """The server that a domain, an address or a handle names. Raises Invalid."""
    rest = domain.strip().rpartition("@")[2].rstrip("/")
    try:
        authority = parse_url(rest).authority if "://" in rest else canonical_authority(rest)
    except BadUrl as error:
        raise Invalid(f"{domain!r} is not a domain: {error.reason}.") from None
    found = shop.write(_known_host, authority)
    if found is None:
        raise Invalid(f"Nothing is known of {authority}.")
    return found


def _known_host(tx: Tx, authority: str) -> HostRow | None:
    for scheme in ("https", "http"):
        found = outgoing.host(tx, f"{scheme}://{authority}")
        if found is not None and found.id != HERE:
            return found
    return None


def _line(row: HostRow) -> str:
    parts = [f"{row.waiting} waiting", f"{row.dead} dead"]
    if row.failures:
        parts.append(_breaker(row))
    return f"{row.origin}  {row.software or '?'}  {', '.join(parts)}"


def _breaker(row: HostRow) -> str:
    if not row.failures:
        return "it answers" if row.oldest is None else f"oldest waits since {_when(row.oldest)}"
    since = f" since {_when(row.failing_since)}" if row.failing_since is not None else ""
    return f"failed {row.failures} times in a row{since}; next try {_when(row.retry_at)}"


def _letter(letter: Letter) -> str:
    """Kind, not content: nothing private is shown to whoever looks over a shoulder."""
    return (
        f"{_kind(letter.body)} to {letter.inbox}, {_count(letter.attempts, 'try', 'tries')}"
        f" since {_when(letter.created_at)}; {letter.last_error or 'not tried yet'}"
    )


def _kind(body: bytes) -> str:
    """`Create{Note}` and the like."""
    document: Any = orjson.loads(body)
    inner = document.get("object")
    kind = str(document.get("type"))
    return f"{kind}{{{inner['type']}}}" if isinstance(inner, dict) and "type" in inner else kind


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _when(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
