"""`tertulia account …` and `tertulia token …`."""

import sys
from typing import Final

import click

from domain.errors import Conflict
from domain.handles import check_new_handle
from domain.kinds import Limit, Role
from server.cli import moving
from server.cli.actors import decide
from server.cli.working import Workshop, data_option, opened
from social import accounts, apps, departures, emails, passwords, scopes

ROLES: Final = {role.name.lower(): role for role in Role}

role_choice = click.Choice(sorted(ROLES))


@click.group()
def account() -> None:
    """Make and change the accounts of people."""


@account.command("create")
@click.argument("name")
@click.option("--email", required=True, help="Where mail for this person goes.")
@click.option("--password", help="The password, or - to read it from standard input.")
@click.option("--role", type=role_choice, default="member", show_default=True)
@data_option
def create(name: str, email: str, password: str | None, role: str, data: str | None) -> None:
    """Make an account called NAME."""
    check_new_handle(name)
    emails.check(email)
    chosen = passwords.check(_read_password(password), name, email)
    shop = opened(data)
    shop.write(
        accounts.create_account,
        node=shop.node,
        handle=name,
        email=email,
        password_hash=passwords.hash_now(chosen),
        role=ROLES[role],
        keys=shop.keyring.make(),
    )
    click.echo(f"@{name}@{shop.node.handle_domain} has an account here, as {role}.")


@account.command("role")
@click.argument("name")
@click.argument("role", type=role_choice)
@data_option
def change_role(name: str, role: str, data: str | None) -> None:
    """Give NAME another ROLE. It holds from the next request on."""
    shop = opened(data)
    shop.write(accounts.set_role, node=shop.node, account_id=_id_of(shop, name), role=ROLES[role])
    click.echo(f"@{_plain(name)} is {role} now.")


@account.command("disable")
@click.argument("name")
@data_option
def disable(name: str, data: str | None) -> None:
    """Close the account of NAME: nobody can sign in to it, and its tokens end now."""
    shop = opened(data)
    shop.write(accounts.disable, node=shop.node, account_id=_id_of(shop, name))
    click.echo(f"@{_plain(name)} can no longer sign in.")


@account.command("suspend")
@click.argument("name")
@click.option("--reason", default="", help="Why, for the log.")
@data_option
def suspend(name: str, reason: str, data: str | None) -> None:
    """Keep NAME out and hide what they wrote, until the account is unsuspended."""
    decide(opened(data), _plain(name), Limit.SUSPENDED, reason)


@account.command("unsuspend")
@click.argument("name")
@click.option("--reason", default="", help="Why, for the log.")
@data_option
def unsuspend(name: str, reason: str, data: str | None) -> None:
    """Let NAME in again and show what they wrote."""
    decide(opened(data), _plain(name), Limit.NONE, reason)


@account.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def delete(name: str, yes: bool, data: str | None) -> None:
    """Delete the account of NAME with everything in it. It cannot be taken back.

    Servers that know NAME are told. The handle is never given to anybody else.
    """
    shop = opened(data)
    account_id = _id_of(shop, name)
    if not yes:
        click.confirm(f"Delete @{_plain(name)} and everything they wrote, for good?", abort=True)
    shop.write(departures.leave_for_good, node=shop.node, account_id=account_id)
    click.echo(f"@{_plain(name)} is gone. What is left is removed while the node runs.")


@account.command("reset")
@click.argument("name")
@click.option("--password", help="Set this password now; - reads it from standard input.")
@data_option
def reset(name: str, password: str | None, data: str | None) -> None:
    """Print a link with which NAME chooses a new password, once, within the hour.

    With --password it is set at once. Either way every browser and app of that person is then
    signed out.
    """
    if password is not None:
        _set_password(name, password, data)
        return
    shop = opened(data)
    secret = shop.write(accounts.reset_link, account_id=_id_of(shop, name))
    click.echo(f"{shop.node.origin}/reset/{secret}")
    click.echo(f"Give this to @{_plain(name)} alone. It works once, within the hour.", err=True)


def _set_password(name: str, password: str, data: str | None) -> None:
    chosen = passwords.check(_read_password(password), name)
    shop = opened(data)
    shop.write(
        accounts.reset_password,
        account_id=_id_of(shop, name),
        password_hash=passwords.hash_now(chosen),
    )
    click.echo(f"@{_plain(name)} has a new password. Every browser and app is signed out.")


account.add_command(moving.alias)
account.add_command(moving.move)


@click.group()
def token() -> None:
    """Access tokens for scripts."""


@token.command("create")
@click.argument("name")
@click.option("--scopes", "wanted", default="read", show_default=True, help="Separated by spaces.")
@data_option
def create_token(name: str, wanted: str, data: str | None) -> None:
    """Print an access token with which a script acts as NAME. It is shown this once."""
    granted = scopes.parse(wanted)
    unknown = [scope for scope in wanted.split() if scope not in granted]
    if unknown or not granted:
        raise click.BadParameter(
            f"known scopes are {' '.join(scopes.KNOWN)}", param_hint="--scopes"
        )
    shop = opened(data)
    person = shop.write(accounts.account_of, _plain(name))
    if not person.is_active:
        raise Conflict("This account is closed.")
    issued = shop.write(apps.issue, app_id=None, account_id=person.id, granted=" ".join(granted))
    click.echo(issued.token)


def _id_of(shop: Workshop, name: str) -> int:
    return shop.write(accounts.account_of, _plain(name)).id


def _plain(name: str) -> str:
    return name.removeprefix("@")


def _read_password(given: str | None) -> str:
    """From the option, from standard input, or asked for without showing it."""
    if given == "-":
        return sys.stdin.readline().rstrip("\r\n")
    if given is not None:
        return given
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
