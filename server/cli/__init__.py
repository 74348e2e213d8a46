"""The command line (design §7). Exit codes: 0 done, 1 refused or unhealthy, 2 used wrongly."""

import click

from server.cli.accounts import account, token
from server.cli.actors import actor
from server.cli.communities import community
from server.cli.community_settings import change_settings
from server.cli.emojis import emoji
from server.cli.federation import federation
from server.cli.files import files
from server.cli.house import announce, rules, text
from server.cli.keys import keys
from server.cli.moderation import STEWARDS
from server.cli.partners import partner
from server.cli.reports import reports
from server.cli.running import doctor, migrate, serve
from server.cli.working import Group


@click.group(cls=Group)
@click.version_option(package_name="tertulia", message="%(prog)s %(version)s")
def main() -> None:
    """Tertulia: a network for learning at work. One node per organisation."""


for command in (change_settings, *STEWARDS):
    community.add_command(command)
for command in (
    *(serve, migrate, doctor, account, actor, token),
    *(community, keys, partner, reports, federation, emoji, files),
    *(announce, rules, text),
):
    main.add_command(command)
