"""`tertulia reports …`: what was reported, for who has no browser at hand."""

import click

from domain.errors import NotFound
from domain.kinds import ReportState
from server.cli.working import data_option, opened
from social import reports as use
from social import taking_down
from social.house import rules_named
from storage.queries import reports as stored
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.reports import MOST, ReportedPost, ReportView, page, whole


@click.group()
def reports() -> None:
    """What people reported: look, close, open again."""


@reports.command("list")
@click.option("--closed", is_flag=True, help="Those that are closed.")
@data_option
def listing(closed: bool, data: str | None) -> None:
    """List reports, the newest first."""
    state = ReportState.CLOSED if closed else ReportState.OPEN
    found = opened(data).write(_listed, state)
    for one in found:
        about = len(one.post_ids)
        click.echo(f"{one.row.id}  {_named(one.accused)}{_where(one)}  posts: {about}")
    if not found:
        click.echo("There are no closed reports." if closed else "Nothing waits to be looked at.")


def _listed(tx: Tx, state: ReportState) -> list[ReportView]:
    lines = page(tx, 0, Page(limit=MOST), moderator=True, state=state)
    return [whole(tx, one.row, named=True) for one in lines]


def _where(one: ReportView) -> str:
    return f" in {_named(one.community)}" if one.community is not None else ""


def _named(actor: ActorView | None) -> str:
    return "somebody who is gone" if actor is None else f"@{actor.acct}"


@reports.command("show")
@click.argument("number", type=int)
@data_option
def show(number: int, data: str | None) -> None:
    """Show report NUMBER: who said what about whom, and the notes."""
    shop = opened(data)
    one = shop.write(_one, number)
    rules = shop.write(rules_named, one.rules, node=shop.node)
    state = "open" if one.is_open else "closed"
    click.echo(f"Report {one.row.id}, {state}: {_named(one.accused)}{_where(one)}")
    click.echo(f"by {_named(one.reporter)}, as {one.row.category.name.lower()}")
    for rule in rules:
        click.echo(f"against the rule: {rule.text}")
    if one.row.comment:
        click.echo(one.row.comment)
    for post in one.posts:
        click.echo(f"{post.id}  {post.url}{_standing(post)}")
    for note in one.notes:
        click.echo(f"- {one.name_of(note.author_id) or 'on the command line'}: {note.text}")


def _standing(post: ReportedPost) -> str:
    if post.deleted_at is not None:
        return "  deleted"
    return "" if post.is_there else "  taken down"


def _one(tx: Tx, number: int) -> ReportView:
    row = stored.by_id(tx, number)
    if row is None:
        raise NotFound("There is no report of that number")
    return whole(tx, row, named=True)


@reports.command("take-down")
@click.argument("number", type=int)
@click.argument("post", type=int)
@click.option("--reason", default="", help="Why; the post's author reads it.")
@data_option
def take_down(number: int, post: int, reason: str, data: str | None) -> None:
    """Take a POST down that report NUMBER is about: out of its community, else for good."""
    shop = opened(data)
    shop.write(
        taking_down.take_down,
        node=shop.node,
        report_id=number,
        post_id=post,
        by_id=0,
        reason=reason,
    )
    click.echo("It is taken down.")


@reports.command("close")
@click.argument("number", type=int)
@click.option("--note", default="", help="What was decided, for others who look at it.")
@data_option
def close(number: int, note: str, data: str | None) -> None:
    """Close report NUMBER."""
    opened(data).write(use.close, report_id=number, by_id=0, note=note)
    click.echo(f"Report {number} is closed.")


@reports.command("reopen")
@click.argument("number", type=int)
@data_option
def reopen(number: int, data: str | None) -> None:
    """Open report NUMBER again."""
    opened(data).write(use.reopen, report_id=number, by_id=0)
    click.echo(f"Report {number} is open again.")
