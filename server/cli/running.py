"""`tertulia serve`, `tertulia migrate`, `tertulia doctor`."""

import sys

import click

from server import bootstrap, main
from server.cli.working import data_option
from server.doctor import Finding, examine
from server.settings import load
from storage import migrate as schema


@click.command()
@data_option
@click.option("--bind", metavar="HOST:PORT", help="Address to listen on.")
@click.option("--origin", metavar="URL", help="Public address; fixed at first start.")
@click.option(
    "--role",
    type=click.Choice(["all", "web", "worker"]),
    default="all",
    show_default=True,
    help="Answer requests, do the work behind them, or both.",
)
def serve(data: str | None, bind: str | None, origin: str | None, role: str) -> None:
    """Run this node until it is told to stop (SIGTERM, SIGINT)."""
    settings = load(given={"data": data, "bind": bind, "origin": origin})
    main.run(settings, main.Role(role))


@click.command()
@data_option
def migrate(data: str | None) -> None:
    """Bring the database to this program's schema. A SQLite file is copied first."""
    settings = load(given={"data": data})
    bootstrap.prepare_folder(settings)
    before = schema.current(settings.database)
    after = schema.upgrade(settings.database)
    click.echo(f"The schema is {after}." if before == after else f"The schema is {after} now.")


@click.command()
@data_option
def doctor(data: str | None) -> None:
    """Look for what is wrong with this node, without changing anything."""
    findings = examine(load(given={"data": data}))
    for finding in findings:
        click.echo(_line(finding))
    if any(finding.grade == "wrong" for finding in findings):
        sys.exit(1)


def _line(finding: Finding) -> str:
    return f"{finding.grade.upper():6} {finding.about}: {finding.text}"
