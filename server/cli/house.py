"""`tertulia announce …`, `tertulia rules …`, `tertulia text …`: what everybody here is told."""

from datetime import UTC, datetime, timedelta
from typing import Final, TextIO

import click
from msgspec.structs import replace

from domain.errors import Invalid
from domain.house import House
from domain.node import Node
from server.cli.working import data_option, opened
from social import announcements
from social import house as use
from social.announcements import Words
from storage.queries import announcements as stored
from storage.queries.announcements import AnnouncementRow
from storage.queries.house import RuleRow, TextRow, current_rules, kinds_given, versions
from storage.tx import Tx

DAY_MS: Final = 24 * 3600 * 1000
NEVER: Final = "never"
LAST_YEAR: Final = 9000
"""Beyond it no time is meant, and some computers cannot show it."""

KINDS: Final = {"about": House.ABOUT, "privacy": House.PRIVACY, "terms": House.TERMS}


@click.group()
def announce() -> None:
    """What everybody here is told at the top of their app."""


_starts = click.option("--from", "starts", default="", help="When it begins: a day, or a time.")
_ends = click.option("--until", "ends", default="", help="Until when it is shown, in UTC.")


@announce.command("add")
@click.argument("text")
@_starts
@_ends
@click.option("--members-only", is_flag=True, help="Guests are not told.")
@data_option
def add(text: str, starts: str, ends: str, members_only: bool, data: str | None) -> None:
    """Put up TEXT. Days count whole: --until 2026-12-24 is until that evening."""
    shop = opened(data)
    words = _words(text, starts, ends, for_members=members_only)
    number = shop.write(announcements.publish, node=shop.node, words=words)
    click.echo(f"Announcement {number} is up.")


@announce.command("change")
@click.argument("number", type=int)
@click.argument("text")
@_starts
@_ends
@data_option
def change(number: int, text: str, starts: str, ends: str, data: str | None) -> None:
    """Let announcement NUMBER say TEXT. Who dismissed it is not bothered again.

    Its times stay unless others are given; `--until never` takes its end away.
    """
    shop = opened(data)
    given = _words(text, starts, "" if ends == NEVER else ends, for_members=False)
    shop.write(_change, node=shop.node, number=number, given=given, endless=ends == NEVER)
    click.echo(f"Announcement {number} is changed.")


def _change(tx: Tx, *, node: Node, number: int, given: Words, endless: bool) -> None:
    row = stored.by_id(tx, number)
    words = given
    if row is not None and given.starts_at is None and given.ends_at is None:
        ends_at = None if endless else row.ends_at
        words = replace(given, all_day=row.all_day, starts_at=row.starts_at, ends_at=ends_at)
    elif row is not None:
        starts_at = row.starts_at if given.starts_at is None else given.starts_at
        ends_at = None if endless else given.ends_at or row.ends_at
        words = replace(given, starts_at=starts_at, ends_at=ends_at)
    announcements.edit(tx, node=node, announcement_id=number, words=words)


@announce.command("list")
@data_option
def list_announcements(data: str | None) -> None:
    """List what is up."""
    found = opened(data).write(stored.all_up)
    for row in found:
        click.echo(_line(row))
    if not found:
        click.echo("Nothing is announced.")


@announce.command("remove")
@click.argument("number", type=int)
@data_option
def remove(number: int, data: str | None) -> None:
    """Take announcement NUMBER down."""
    opened(data).write(announcements.remove, announcement_id=number)
    click.echo(f"Announcement {number} is taken down.")


def _line(row: AnnouncementRow) -> str:
    about = [
        *(["for members"] if row.for_members else []),
        *([f"until {_moment(row.ends_at - row.all_day * DAY_MS, row)}"] if row.ends_at else []),
    ]
    return f"{row.id}  {row.source.splitlines()[0]}" + (f"  ({', '.join(about)})" if about else "")


def _moment(ms: int, row: AnnouncementRow) -> str:
    stamp = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{stamp:%Y-%m-%d}" if row.all_day else f"{stamp:%Y-%m-%d %H:%M} UTC"


def _words(text: str, starts: str, ends: str, *, for_members: bool) -> Words:
    begin, end = _read(starts), _read(ends)
    all_day = all(len(given) <= len("2026-12-24") for given in (starts, ends) if given)
    all_day = all_day and bool(starts or ends)
    if end is not None and all_day:
        end += timedelta(days=1)
    return Words(
        text=text,
        for_members=for_members,
        all_day=all_day,
        starts_at=_ms(begin),
        ends_at=_ms(end),
    )


def _read(text: str) -> datetime | None:
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text!r} is no time such as 2026-12-24 or 2026-12-24T18:00") from None
    if read.year > LAST_YEAR:
        raise Invalid(f"The year {read.year} is too far away")
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


@click.group()
def rules() -> None:
    """The rules of this node, as apps show them."""


@rules.command("list")
@data_option
def list_rules(data: str | None) -> None:
    """List the rules with their numbers; 0 is the one that holds on every node."""
    shop = opened(data)
    for number, row in enumerate([use.first_rule(shop.node), *shop.write(current_rules)]):
        click.echo(_rule(number, row))


def _rule(number: int, row: RuleRow) -> str:
    hint = row.hint.replace("\n", "\n   ")
    return f"{number}. {row.text}" + (f"\n   {hint}" if hint else "")


@rules.command("add")
@click.argument("text")
@click.option("--hint", default="", help="What explains it.")
@data_option
def add_rule(text: str, hint: str, data: str | None) -> None:
    """Add a rule below the others."""
    number = opened(data).write(use.add_rule, text=text, hint=hint)
    click.echo(f"That is rule {number}.")


@rules.command("change")
@click.argument("number", type=int)
@click.argument("text")
@click.option("--hint", default=None, help="What explains it; without, that stays.")
@data_option
def change_rule(number: int, text: str, hint: str | None, data: str | None) -> None:
    """Say rule NUMBER in other words."""
    opened(data).write(use.change_rule, number=number, text=text, hint=hint)
    click.echo(f"Rule {number} is changed.")


@rules.command("move")
@click.argument("number", type=int)
@click.argument("to", type=int)
@data_option
def move_rule(number: int, to: int, data: str | None) -> None:
    """Let rule NUMBER stand at the place TO."""
    opened(data).write(use.move_rule, number=number, to=to)
    click.echo("The rules are in another order.")


@rules.command("remove")
@click.argument("number", type=int)
@data_option
def remove_rule(number: int, data: str | None) -> None:
    """Rule NUMBER holds no more; reports that name it keep its words."""
    opened(data).write(use.remove_rule, number=number)
    click.echo("The rule holds no more.")


@click.group()
def text() -> None:
    """Longer texts that everybody can read: about this node, privacy, terms."""


_kind = click.argument("kind", type=click.Choice(list(KINDS)))


@text.command("set")
@_kind
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--from", "holds_from", default="", help="The day from which it holds, else today.")
@data_option
def set_text(kind: str, file: TextIO, holds_from: str, data: str | None) -> None:
    """Give the text KIND by a FILE of plain text (- reads standard input)."""
    day = opened(data).write(
        use.give_text, kind=KINDS[kind], text=file.read(), holds_from=holds_from
    )
    click.echo(f"It holds from {day} on.")


@text.command("list")
@data_option
def list_texts(data: str | None) -> None:
    """List the texts that were given, with their days."""
    for kind, found in opened(data).write(_texts).items():
        days = ", ".join(row.holds_from for row in found) or "our own words"
        click.echo(f"{kind}: {days if found or kind != 'terms' else 'none'}")


def _texts(tx: Tx) -> dict[str, list[TextRow]]:
    given = kinds_given(tx)
    return {name: versions(tx, kind) if kind in given else [] for name, kind in KINDS.items()}


@text.command("show")
@_kind
@data_option
def show_text(kind: str, data: str | None) -> None:
    """Print the text KIND as it was given, the last version first."""
    found = opened(data).write(versions, KINDS[kind])
    for row in found:
        click.echo(f"From {row.holds_from}:\n{row.source}\n")
    if not found:
        click.echo("This text was not given.")


@text.command("remove")
@_kind
@data_option
def remove_text(kind: str, data: str | None) -> None:
    """Take the text KIND away in all its versions."""
    opened(data).write(use.take_text_away, kind=KINDS[kind])
    click.echo("It is gone.")
