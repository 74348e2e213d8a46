"""Whom a text names: handles become people whom the author may know of, or stay plain text."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from domain.addresses import parse_url
from domain.audience import Audience, Viewer
from domain.choices import Place
from domain.communities import audience_of
from domain.errors import NotFound
from domain.handles import Acct, fold
from domain.ids import HERE
from domain.kinds import ActorType, Preset
from domain.node import HELPER_HANDLE, Node
from domain.text import Mentioned, mentions
from storage.queries import actors, communities
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.people import by_acct


class Names(Struct, frozen=True):
    """Who is meant by the handles in a text, by `Acct.folded`; in the order of the text."""

    people: dict[str, ActorView]
    communities: dict[str, ActorView]
    closed: tuple[ActorView, ...] = ()  # members' communities to which the author does not belong

    def linked(self, ids: Collection[int]) -> dict[str, Mentioned]:
        """How those of `ids`, and the communities, are written in HTML."""
        shown = {acct: actor for acct, actor in self.people.items() if actor.id in ids}
        return {
            acct: Mentioned(actor.url, f"{actor.handle}@{actor.domain}")
            for acct, actor in (shown | self.communities).items()
        }

    def said_privately(self) -> "Names":
        """Who is meant in a private mention: what is said to a helper is for the helper alone.

        Else whoever is asked to be removed would be told by the very sentence that asks for it.
        """
        helpers = {acct: actor for acct, actor in self.people.items() if is_a_helper(actor)}
        return Names(helpers, {}) if helpers else self

    def persons(self, without: int) -> list[ActorView]:
        """The people, each once, without the author."""
        found = {actor.id: actor for actor in self.people.values() if actor.id != without}
        return list(found.values())


def is_a_helper(actor: ActorView) -> bool:
    """Whether this is the helper of this node or of another."""
    return actor.type is ActorType.SERVICE and fold(actor.handle) == HELPER_HANDLE


def find_names(
    tx: Tx, node: Node, text: str, viewer: Viewer, companions: Sequence[ActorView] = ()
) -> Names:
    """Look up the handles in a text, as far as the author may know of their owners (G07).

    `companions` are people whom the author knows from what is answered: its author and those named.
    """
    known = {_key(node, actor): actor for actor in companions}
    found: dict[str, ActorView] = {}
    for acct in mentions(text):
        actor = _find(tx, node, viewer, acct) or known.get(_at(node, acct).folded)
        if actor is not None and actor.gone_at is None:
            found[acct.folded] = actor
    groups = {acct: actor for acct, actor in found.items() if _is_place(tx, actor, viewer)}
    people = {acct: actor for acct, actor in found.items() if actor.type is not ActorType.GROUP}
    others = [found[acct] for acct in found if acct not in groups and acct not in people]
    return Names(people, groups, tuple(one for one in others if _is_closed(tx, one)))


def unknown_handles(tx: Tx, *, node: Node, text: str, viewer: Viewer) -> list[Acct]:
    """Handles of other servers in the text that are not known here yet.

    Whom a community of the author's tells of is known: apps name everybody in an answer, and nodes
    that share only a community never ask each other.
    """
    found = [acct for acct in mentions(text) if not _is_here(node, acct.host)]
    return [acct for acct in found if not _is_known(tx, viewer, acct)]


def _is_known(tx: Tx, viewer: Viewer, acct: Acct) -> bool:
    if actors.by_acct(tx, acct.name, acct.host or "") is not None:
        return True
    try:
        by_acct(tx, viewer, acct.name, acct.host or "")
    except NotFound:
        return False
    return True


def places(tx: Tx, names: Names) -> list[Place]:
    """The communities named, in which the author is an active member."""
    return [place_of(tx, actor) for actor in names.communities.values()]


def place_of(tx: Tx, community: ActorView) -> Place:
    """A community as a place to write in. One elsewhere is for its members alone, or for all."""
    row = communities.by_id(tx, community.id)
    if not community.is_local:
        is_open = row is not None and row.is_for_the_world
        audience = Audience.public() if is_open else Audience.community(community.id)
        return Place(community.id, audience, elsewhere=True)
    preset = row.preset if row is not None else Preset.MEMBERS
    elsewhere = communities.has_members_elsewhere(tx, community.id)
    return Place(community.id, audience_of(preset, community.id), elsewhere)


def _is_place(tx: Tx, actor: ActorView, viewer: Viewer) -> bool:
    """A community that the author does not belong to is nobody."""
    return actor.type is ActorType.GROUP and communities.is_member(tx, actor.id, viewer.actor)


def _is_closed(tx: Tx, actor: ActorView) -> bool:
    row = communities.by_id(tx, actor.id)
    return row is not None and row.is_members_only


def _find(tx: Tx, node: Node, viewer: Viewer, acct: Acct) -> ActorView | None:
    at = _at(node, acct)
    try:
        return by_acct(tx, viewer, at.name, at.host or node.handle_domain)
    except NotFound:
        return _community_of(tx, node, viewer, at)


def _community_of(tx: Tx, node: Node, viewer: Viewer, at: Acct) -> ActorView | None:
    """Members know their communities, guests too."""
    if at.host == node.handle_domain:
        actor = actors.local_by_handle(tx, at.name)
    else:
        actor = actors.by_acct(tx, at.name, at.host or "")
    return actor if actor is not None and _is_place(tx, actor, viewer) else None


def _at(node: Node, acct: Acct) -> Acct:
    """The handle with its domain, ours too."""
    return Acct(acct.name, node.handle_domain if _is_here(node, acct.host) else acct.host)


def _key(node: Node, actor: ActorView) -> str:
    domain = node.handle_domain if actor.origin_id == HERE else actor.domain
    return Acct(actor.handle, domain).folded


def _is_here(node: Node, host: str | None) -> bool:
    return host is None or host in {node.handle_domain, parse_url(node.origin).authority}
