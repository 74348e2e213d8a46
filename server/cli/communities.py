"""`tertulia community …`: made, opened, and who belongs to them."""

from datetime import UTC, datetime
from typing import Final

import click

from domain.communities import SENTENCES, preset_called, role_called
from domain.errors import Invalid, NotFound
from domain.handles import Acct, parse_acct
from domain.kinds import History, Joining, Life, MembershipState, Preset, Way
from domain.node import Node
from domain.roles import CommunityRole
from server.cli.working import Workshop, data_option, opened
from social import communities as use
from social import invitations, memberships
from social.community_settings import shown
from social.notices import day
from social.standing import OPERATOR
from storage.queries import actors
from storage.queries import communities as stored
from storage.tx import Tx
from storage.views.actors import ActorView

PRESETS: Final = [preset.name.lower() for preset in Preset]
JOININGS: Final = {
    "request": Joining.BY_REQUEST,
    "invitation": Joining.BY_INVITATION,
}
ROLES: Final = [role.name.lower() for role in CommunityRole]
_LIVES: Final = {
    Life.PLANNING: "not launched yet",
    Life.ACTIVE: "active",
    Life.RESTING: "resting",
    Life.ARCHIVED: "archived",
}
_STATES: Final = {
    MembershipState.INVITED: "invited",
    MembershipState.REQUESTED: "asks to join",
    MembershipState.ACTIVE: "belongs",
    MembershipState.REMOVED: "removed",
    MembershipState.LEFT: "left",
    MembershipState.BANNED: "banned",
}
_WAYS: Final = {
    Way.HERE: "",
    Way.NODE: "on another node",
    Way.PLAIN: "on a plain server",
    Way.OPEN: "on another server",
}

until_option = click.option("--until", metavar="DATE", help="The last day, as 2027-03-31.")
sponsor_option = click.option(
    "--sponsor", metavar="NAME", help="The member who answers for a guest or external member."
)
reason_option = click.option("--reason", default="", help="Told to the person, and kept.")


@click.group()
def community() -> None:
    """Communities of practice, and groups with members of other organisations."""


@community.command("create")
@click.argument("handle")
@click.option("--name", required=True, help="What people read.")
@click.option("--purpose", default="", help="What it is for, in a sentence. Needed to launch.")
@click.option("--by", "founder", required=True, metavar="NAME", help="Its first steward.")
@click.option(
    "--steward", "stewards", multiple=True, metavar="ACTOR", help="Invited; may be repeated."
)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="members",
    show_default=True,
    help="Who reads: everyone here, its members, members with partners, the world.",
)
@click.option("--joining", type=click.Choice(sorted(JOININGS)), help="Default: by request.")
@click.option("--hidden", is_flag=True, help="Not found by name; known to those invited only.")
@click.option(
    "--history",
    type=click.Choice(["all", "since-joining"]),
    default="all",
    show_default=True,
    help="What a new member reads of the time before.",
)
@data_option
def create(
    handle: str,
    *,
    name: str,
    purpose: str,
    founder: str,
    stewards: tuple[str, ...],
    preset: str,
    joining: str | None,
    hidden: bool,
    history: str,
    data: str | None,
) -> None:
    """Found a community called HANDLE. It begins when it is launched."""
    kind = preset_called(preset)
    shop = opened(data)
    community_id = shop.write(
        use.found,
        node=shop.node,
        handle=_plain(handle),
        name=name,
        purpose=purpose,
        preset=kind,
        by_id=_person_id(shop, founder),
        keys=shop.keyring.make(),
        joining=JOININGS[joining] if joining else None,
        listed=not hidden,
        history=History.ALL if history == "all" else History.SINCE_JOINING,
        operator=True,
    )
    click.echo(f"@{_plain(handle)}@{shop.node.handle_domain} is there. {SENTENCES[kind]}.")
    for steward in stewards:
        _invite(shop, community_id, steward, role=CommunityRole.STEWARD)
        click.echo(f"{steward} is invited as a steward, and accepts by following it.")


@community.command("add")
@click.argument("handle")
@click.argument("actor")
@sponsor_option
@until_option
@data_option
def add(handle: str, actor: str, sponsor: str | None, until: str | None, data: str | None) -> None:
    """Make ACTOR a member. Who lives on another server is invited, or approved if they asked."""
    shop = opened(data)
    community_id = community_id_of(shop, handle)
    ends, sponsor_id = moment_of(until), _person_id(shop, sponsor) if sponsor else None
    acct = _acct(shop.node, actor)
    if acct.host is not None:
        _invite(shop, community_id, actor, until=ends, sponsor_id=sponsor_id)
        click.echo(f"{actor} is invited, and accepts by following @{_plain(handle)}.")
        return
    shop.write(
        memberships.add,
        node=shop.node,
        community_id=community_id,
        actor_id=_person_id(shop, actor),
        by_id=OPERATOR,
        until=ends,
        sponsor_id=sponsor_id,
    )
    click.echo(f"@{acct} belongs to @{_plain(handle)} now.")


@community.command("remove")
@click.argument("handle")
@click.argument("actor")
@reason_option
@data_option
def remove(handle: str, actor: str, reason: str, data: str | None) -> None:
    """End the membership of ACTOR. It bites at once."""
    shop = opened(data)
    shop.write(
        memberships.remove,
        node=shop.node,
        community_id=community_id_of(shop, handle),
        actor_id=_actor_id(shop, actor),
        by_id=OPERATOR,
        reason=reason,
    )
    click.echo(f"{actor} does not belong to @{_plain(handle)} any more.")


@community.command("role")
@click.argument("handle")
@click.argument("actor")
@click.argument("role", type=click.Choice(ROLES))
@data_option
def change_role(handle: str, actor: str, role: str, data: str | None) -> None:
    """Give ACTOR, who belongs to HANDLE or is invited, a ROLE."""
    shop = opened(data)
    shop.write(
        use.set_role,
        node=shop.node,
        community_id=community_id_of(shop, handle),
        actor_id=_actor_id(shop, actor),
        role=role_called(role),
        by_id=OPERATOR,
    )
    click.echo(f"{actor} is {role} of @{_plain(handle)} now.")


@community.command("launch")
@click.argument("handle")
@click.option("--purpose", help="What it is for, if that was not said yet.")
@data_option
def launch(handle: str, purpose: str | None, data: str | None) -> None:
    """Open HANDLE to those whom it is for. Needs a purpose and two stewards who said yes."""
    shop = opened(data)
    community_id = community_id_of(shop, handle)
    if purpose is not None:
        shop.write(use.set_purpose, community_id=community_id, purpose=purpose, by_id=OPERATOR)
    shop.write(use.launch, community_id=community_id, by_id=OPERATOR)
    click.echo(f"@{_plain(handle)} is launched.")


@community.command("list")
@click.argument("handle", required=False)
@data_option
def show(handle: str | None, data: str | None) -> None:
    """Show the communities of this node; with HANDLE, how that one is set and who belongs to it."""
    shop = opened(data)
    if handle is None:
        lines = shop.write(_all_lines)
    else:
        community_id = community_id_of(shop, handle)
        lines = shop.write(shown, community_id) + shop.write(_member_lines, community_id)
    for line in lines:
        click.echo(line)


@community.command("requests")
@click.argument("handle", required=False)
@data_option
def requests(handle: str | None, data: str | None) -> None:
    """Show who asks to join."""
    shop = opened(data)
    only = None if handle is None else community_id_of(shop, handle)
    for line in shop.write(_request_lines, only):
        click.echo(line)


@community.command("approve")
@click.argument("handle")
@click.argument("actor")
@sponsor_option
@until_option
@data_option
def approve(
    handle: str, actor: str, sponsor: str | None, until: str | None, data: str | None
) -> None:
    """Let ACTOR in, who asks to join HANDLE."""
    shop = opened(data)
    shop.write(
        memberships.approve,
        node=shop.node,
        community_id=community_id_of(shop, handle),
        actor_id=_actor_id(shop, actor),
        by_id=OPERATOR,
        until=moment_of(until),
        sponsor_id=_person_id(shop, sponsor) if sponsor else None,
    )
    click.echo(f"{actor} belongs to @{_plain(handle)} now.")


@community.command("refuse")
@click.argument("handle")
@click.argument("actor")
@reason_option
@data_option
def refuse(handle: str, actor: str, reason: str, data: str | None) -> None:
    """Say no to ACTOR, who asks to join HANDLE, or take an invitation back."""
    shop = opened(data)
    shop.write(
        memberships.refuse,
        node=shop.node,
        community_id=community_id_of(shop, handle),
        actor_id=_actor_id(shop, actor),
        by_id=OPERATOR,
        reason=reason,
    )
    click.echo(f"{actor} was not let in.")


# What the commands have in common.


def _invite(
    shop: Workshop,
    community_id: int,
    actor: str,
    *,
    role: CommunityRole = CommunityRole.MEMBER,
    until: int | None = None,
    sponsor_id: int | None = None,
) -> None:
    shop.write(
        invitations.invite_called,
        node=shop.node,
        community_id=community_id,
        acct=_acct(shop.node, actor),
        by_id=OPERATOR,
        role=role,
        until=until,
        sponsor_id=sponsor_id,
    )


def _all_lines(tx: Tx) -> list[str]:
    rows = stored.all_here(tx)
    handles = use.handles_of(tx, rows)
    return [
        f"@{handles[row.actor_id]}  {SENTENCES[row.preset]}, {_LIVES[row.life]},"
        f" {len(stored.active_members(tx, row.actor_id))} members"
        for row in rows
    ]


def _member_lines(tx: Tx, community_id: int) -> list[str]:
    rows = stored.members(tx, community_id)
    people = {one.id: one for one in actors.views(tx, [row.actor_id for row in rows])}
    known = [row for row in rows if row.actor_id in people]
    known.sort(key=lambda row: people[row.actor_id].acct)  # ids of people elsewhere are random
    return [_member_line(row, people) for row in known]


def _member_line(row: stored.MemberRow, people: dict[int, ActorView]) -> str:
    facts = [_STATES[row.state], row.role.name.lower(), _WAYS[row.way]]
    if row.until is not None:
        facts.append(f"until {day(row.until)}")
    return f"@{people[row.actor_id].acct}  {', '.join(fact for fact in facts if fact)}"


def _request_lines(tx: Tx, only: int | None) -> list[str]:
    rows = [row for row in stored.all_here(tx) if only in {None, row.actor_id}]
    handles = use.handles_of(tx, rows)
    lines: list[str] = []
    for row in rows:
        asking = [
            one.actor_id
            for one in stored.members(tx, row.actor_id)
            if one.state is MembershipState.REQUESTED
        ]
        lines += [
            f"@{person.acct} asks to join @{handles[row.actor_id]}"
            for person in actors.views(tx, asking)
        ]
    return lines


def community_id_of(shop: Workshop, handle: str) -> int:
    """The community of this node with that handle. Raises NotFound."""
    return shop.write(_community_called, _plain(handle))


def _community_called(tx: Tx, handle: str) -> int:
    actor = actors.local_by_handle(tx, handle)
    if actor is None:
        raise NotFound(f"There is no community called @{handle}.")
    try:
        return use.community_here(tx, actor.id).actor_id
    except NotFound:
        raise NotFound(f"There is no community called @{handle}.") from None


def _person_id(shop: Workshop, name: str) -> int:
    acct = _acct(shop.node, name)
    if acct.host is not None:
        raise Invalid(f"{name} does not live here.")
    return _actor_id(shop, name)


def _actor_id(shop: Workshop, name: str) -> int:
    return shop.write(_actor_called, _acct(shop.node, name))


def _actor_called(tx: Tx, acct: Acct) -> int:
    if acct.host is None:
        actor = actors.local_by_handle(tx, acct.name)
    else:
        actor = actors.by_acct(tx, acct.name, acct.host)
    if actor is None:
        raise NotFound(f"Nobody is known as @{acct}.")
    return actor.id


def _acct(node: Node, name: str) -> Acct:
    acct = parse_acct(name)
    if acct is None:
        raise Invalid(f"{name!r} is no handle.")
    here = acct.host in {node.handle_domain, node.origin.partition("://")[2]}
    return Acct(acct.name) if here else acct


def _plain(handle: str) -> str:
    return handle.removeprefix("@")


def moment_of(day: str | None) -> int | None:
    """The end of that day, UTC, in ms since 1970."""
    if day is None:
        return None
    try:
        parsed = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(f"{day!r} is no date; write it as 2027-03-31.") from None
    return int(parsed.timestamp() * 1000) + 24 * 3600 * 1000
