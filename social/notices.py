"""What people are told about communities, in whole sentences. Nothing here writes anything."""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from domain.communities import passes_on
from domain.kinds import Relay, Way
from domain.node import Node
from domain.roles import CommunityRole
from storage.views.actors import ActorView

OVER: Final = "Your membership has come to its agreed end."
NOT_AGREED: Final = (
    "The agreement between the two organisations ended, or is about other communities."
)


class Server(Struct, frozen=True):
    """Where somebody comes from. `software` as NodeInfo names it; `first` of their server.

    `relay`: how the community tells members on plain servers of its posts.
    """

    way: Way
    software: str | None = None
    first: bool = False
    relay: Relay = Relay.DIRECT


def address(actor: ActorView, node: Node, *, to: ActorView) -> str:
    """A handle as the reader has to write it: with the host, unless both live here."""
    domain = node.handle_domain if actor.is_local else actor.domain
    return f"@{actor.handle}" if actor.is_local and to.is_local else f"@{actor.handle}@{domain}"


def shown_name(actor: ActorView) -> str:
    """How a person or community calls itself."""
    return actor.name or actor.handle


def invitation(
    node: Node,
    *,
    to: ActorView,
    community: ActorView,
    purpose: str,
    by: ActorView | None,
    until: int | None = None,
) -> str:
    """An invitation, and how to say yes."""
    who = f"{shown_name(by)} invites you" if by is not None else "You are invited"
    about = f": {purpose}" if purpose else "."
    ends = f"\nYour membership would last until {day(until)}." if until is not None else ""
    return (
        f"{who} to the community {shown_name(community)}{about}{ends}\n\n"
        f"To accept, follow {address(community, node, to=to)} ({community.url}), or answer here:"
        f" join {address(community, node, to=to)}. If you do not want to, just do nothing."
    )


def request(
    node: Node, *, to: ActorView, community: ActorView, person: ActorView, server: Server
) -> str:
    """A request, for a steward, with what there is to know about who asks."""
    who = address(person, node, to=to)
    place = community.handle
    return (
        f"{shown_name(person)} ({who}) asks to join {shown_name(community)}."
        f"{_about(person, server)}{_advice(community, server)}\n\n"
        f"Answer here: approve {who} to {place}, or: refuse {who} to {place}"
    )


def waiting(community: ActorView) -> str:
    """For whoever asked, on a server that does not show it."""
    return f"You asked to join {shown_name(community)}. A steward answers; you will hear it here."


def welcome(
    node: Node, *, to: ActorView, community: ActorView, purpose: str, until: int | None
) -> str:
    """For whoever is a member from now on."""
    end = "" if purpose.endswith((".", "!", "?")) else "."
    about = f" What it is for: {purpose}{end}" if purpose else ""
    ends = f" Your membership lasts until {day(until)}." if until is not None else ""
    name = address(community, node, to=to)
    return (
        f"You belong to {shown_name(community)} now.{about}{ends}\n\n"
        f"To write there, name {name} in a post, or answer one of its posts."
        f" To leave, unfollow it, or answer here: leave {name}"
    )


def in_the_open(community: ActorView) -> str:
    """For whoever comes into a community of the world, and is not known outside yet."""
    return (
        f"You belong to {shown_name(community)} now. It is open to the world: what you write there"
        " can be read by anybody, on any server, with your name."
    )


def role_given(community: ActorView, role: CommunityRole) -> str:
    """For whoever has another role from now on."""
    word = "an ordinary member" if role is CommunityRole.MEMBER else role.name.lower()
    more = " Write “help” to see what you can do." if role is CommunityRole.STEWARD else ""
    return f"You are {word} of {shown_name(community)} now.{more}"


def refused(community: ActorView, reason: str) -> str:
    """For whoever asked and does not come in."""
    return f"Your request to join {shown_name(community)} was not accepted.{_because(reason)}"


def removed(community: ActorView, reason: str) -> str:
    """For whoever belongs no more without having left."""
    return f"You do not belong to {shown_name(community)} any more.{_because(reason)}"


def withdrawn(community: ActorView, reason: str) -> str:
    """For whoever wrote what the stewards took out."""
    return f"Your post was taken out of {shown_name(community)}.{_because(reason)}"


def banned(community: ActorView, reason: str, until: int | None) -> str:
    """For whoever was shut out."""
    ends = f" until {day(until)}" if until is not None else ""
    return f"You were shut out of {shown_name(community)}{ends}.{_because(reason)}"


def gone(node: Node, to: ActorView, community: ActorView, person: ActorView, reason: str) -> str:
    """For a steward: somebody belongs no more."""
    because = "The agreed end has come." if reason == OVER else reason
    who = f"{shown_name(person)} ({address(person, node, to=to)})"
    return f"{who} does not belong to {shown_name(community)} any more.{_because(because)}"


def unsponsored(
    node: Node, to: ActorView, community: ActorView, person: ActorView, reason: str
) -> str:
    """The same for whoever is the person's sponsor."""
    return f"{gone(node, to, community, person, reason)}\n\nYou were the sponsor."


def copies(domain: str) -> str:
    """For a steward, of a member on a plain server."""
    return (
        f"Nothing more is sent there, but copies of what came before may remain on {domain}:"
        " servers of that kind do not forget when a membership ends."
    )


def parted(community: ActorView, domain: str) -> str:
    """For a steward: an agreement ended, and with it the memberships that rested on it."""
    return (
        f"The agreement with {domain} ended, or is not about {shown_name(community)} any more."
        f" Its people do not belong to the community from now on, and {domain} is to forget"
        " what it had of it."
    )


def left(community: ActorView) -> str:
    """For whoever left, on a server that does not show it."""
    return f"You have left {shown_name(community)}. Nothing more comes from there."


def reported(community: ActorView, accused: ActorView, comment: str, where: str) -> str:
    """For a steward: something said in the community was reported. Nobody says by whom."""
    said = f"\n\n“{comment}”" if comment else ""
    return (
        f"Something that {shown_name(accused)} wrote in {shown_name(community)} was reported."
        f"{said}\n\nPlease look at it: {where}"
    )


def taken_down(reason: str) -> str:
    """For the author of a post that a moderator deleted."""
    return f"A moderator deleted a post of yours.{_because(reason)}"


def over(community: ActorView) -> str:
    """For whoever's end date has come."""
    return f"{OVER} It was in {shown_name(community)}. Ask its stewards if it should go on."


def day(end: int) -> str:
    """The last day before a moment, as people of all countries read it: 2026-11-22."""
    return datetime.fromtimestamp((end - 1) / 1000, UTC).strftime("%Y-%m-%d")


def _about(person: ActorView, server: Server) -> str:
    """What letting somebody of another server in would mean (protocol §6: copies may remain)."""
    if server.way is Way.HERE:
        return ""
    found = ""
    if server.first:
        found = f" It would be the first member from {person.domain}: that server would get copies."
    if server.way is Way.PLAIN:
        kind = f"a {server.software} server" if server.software else "a server of unknown kind"
        found += f" It is {kind}: copies may remain there after somebody was removed."
    return found


def _advice(community: ActorView, server: Server) -> str:
    """What may be better for servers where members can pass on what they are sent."""
    if server.way is not Way.PLAIN or server.relay is Relay.NOTIFY:
        return ""
    if not passes_on(server.software):
        return ""
    return (
        " Members there can pass on to others what they are sent privately. You can choose that"
        " members on such servers get a line and a link only, before you let somebody in; it would"
        f" hold for all plain servers. Write: set {community.handle} relay notify"
    )


def _because(reason: str) -> str:
    return f"\n\n{reason}" if reason else ""
