"""`tertulia community set …`: what stewards can set, for the operator."""

from typing import Final

import click

from domain.community_settings import HISTORIES, RELAYS, YES_NO, Wishes
from server.cli.communities import community_id_of
from server.cli.working import data_option, opened
from social.community_settings import change
from social.standing import OPERATOR

_YES_NO: Final = click.Choice(list(YES_NO))


@click.command("set")
@click.argument("handle")
@click.option("--name", help="What people read.")
@click.option("--purpose", help="What it is for, in a sentence.")
@click.option(
    "--relay",
    type=click.Choice(list(RELAYS)),
    help="How members on plain servers get posts: each as a private message, in their timeline"
    " where that is safe, or a line and a link only.",
)
@click.option("--pictures", type=_YES_NO, help="Whether plain servers get pictures.")
@click.option(
    "--wider", type=_YES_NO, help="Whether answers that a member's followers can read are taken."
)
@click.option("--keeps-words", type=_YES_NO, help="Whether the words of somebody who leaves stay.")
@click.option(
    "--takes-back",
    type=_YES_NO,
    help="Whether plain servers are asked to delete what they got when a member is removed.",
)
@click.option(
    "--history",
    type=click.Choice(list(HISTORIES)),
    help="What a new member reads of the time before. It becomes narrower only.",
)
@data_option
def change_settings(
    handle: str,
    *,
    name: str | None,
    purpose: str | None,
    relay: str | None,
    pictures: str | None,
    wider: str | None,
    keeps_words: str | None,
    takes_back: str | None,
    history: str | None,
    data: str | None,
) -> None:
    """Change how HANDLE is set. What is not named stays as it is."""
    shop = opened(data)
    said = shop.write(
        change,
        node=shop.node,
        community_id=community_id_of(shop, handle),
        wishes=Wishes(
            name=name,
            purpose=purpose,
            relay=None if relay is None else RELAYS[relay],
            relays_pictures=_switch(pictures),
            takes_wider=_switch(wider),
            keeps_words=_switch(keeps_words),
            takes_back=_switch(takes_back),
            history=None if history is None else HISTORIES[history],
        ),
        by_id=OPERATOR,
    )
    for line in said or ["It is set so already."]:
        click.echo(line)


def _switch(word: str | None) -> bool | None:
    return None if word is None else YES_NO[word]
