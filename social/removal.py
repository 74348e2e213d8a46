"""The end of a membership in a community of this node, decided here (protocol §6).

The rows come first: from the next request on, and on every node, nothing of the community is read
or sent. Then the other server is asked to forget, and those who have to know are told. Whoever
leaves by their own will is reported to nobody (design §1).
"""

from typing import Final

from domain.addresses import parse_url
from domain.kinds import ActorType, Deed, MembershipState, Way
from domain.node import SOFTWARE, Node
from outbox import relay
from social import admission, helper, notices, standing
from social.admission import Case
from storage.queries import actors, communities, ids, origins, purges
from storage.queries.communities import MemberRow
from storage.tx import Tx
from storage.views.actors import ActorView

FORGETS: Final = frozenset({"Reject", "Undo", "Delete"})
"""What another of our nodes acknowledges, once it has forgotten what it was about."""


def end(tx: Tx, case: Case, known: MemberRow, *, by_id: int, reason: str, words: str) -> None:
    """Take somebody's membership away now. `words`: what the person is told.

    `by_id` 0: the operator, or the agreed end has come. Another of our nodes tells its people
    itself.
    """
    row = standing.end(tx, known, MembershipState.REMOVED)
    if known.way is Way.PLAIN and case.row.takes_back:
        relay.withdraw(tx, node=case.node, community_id=case.community.id, actor_id=case.person.id)
    uri = row.uri if row is not None else case.node.activity(ids.new_id(tx))
    ask_to_forget(tx, case, uri, reason)
    communities.log(
        tx, case.community.id, Deed.REMOVED, by_id=by_id, about_id=case.person.id, reason=reason
    )
    if known.way is not Way.NODE:
        admission.tell(tx, case, words)
    _tell_others(tx, case, known, by_id=by_id, reason=reason)


def ask_to_forget(tx: Tx, case: Case, follow_uri: str, reason: str) -> None:
    """Reject{Follow} to whoever lives elsewhere, remembered until that server acknowledges it."""
    if case.person.is_local:
        return
    uri = admission.reject_elsewhere(tx, case, follow_uri, reason)
    asked(tx, case.community.id, case.person, uri)


def asked(tx: Tx, community_id: int, person: ActorView, uri: str) -> None:
    """Remember that this activity ended the membership of somebody elsewhere."""
    purges.ask(
        tx, uri, origin_id=person.origin_id, community_id=community_id, actor_id=person.id
    )


def acknowledged(
    tx: Tx, *, by: ActorView, uri: str, kind: str | None, community_uri: str | None
) -> str | None:
    """A node says that it has forgotten what the activity `uri` was about; why it had no effect.

    An acknowledged Undo may be read before the Undo itself: they come from two actors.
    """
    origin = origins.by_id(tx, by.origin_id)
    if by.type is not ActorType.APPLICATION or origin is None:
        return "this actor does not speak for its node"
    if origin.application_id not in {None, by.id}:
        return "this actor does not speak for its node"
    if purges.acknowledge(tx, uri, origin_id=by.origin_id):
        return None
    community = actors.by_uri(tx, community_uri) if community_uri is not None else None
    if kind != "Undo" or community is None or purges.find(tx, uri) is not None:
        return "it was not asked to forget that"
    if not community.is_local or not _had_members(tx, community.id, by.origin_id):
        return "it was not asked to forget that"
    purges.ask(tx, uri, origin_id=by.origin_id, community_id=community.id)
    purges.acknowledge(tx, uri, origin_id=by.origin_id)
    return None


def _had_members(tx: Tx, community_id: int, origin_id: int) -> bool:
    rows = communities.members(tx, community_id)
    there = actors.views(tx, [row.actor_id for row in rows])
    return any(actor.origin_id == origin_id for actor in there)


def parted(tx: Tx, *, node: Node, domain: str, ended: list[MemberRow]) -> None:
    """Memberships ended with the agreement that they rested on: tell each one it concerns, once."""
    here: dict[int, ActorView] = {}
    for known in ended:
        community = actors.by_id(tx, known.community_id)
        if community is None:
            continue
        if community.is_local:
            here[community.id] = community
        else:
            text = notices.removed(community, notices.NOT_AGREED)
            helper.tell(tx, node=node, person_id=known.actor_id, text=text)
    for community in here.values():
        for steward in communities.stewards(tx, community.id):
            text = notices.parted(community, domain)
            helper.tell(tx, node=node, person_id=steward.actor_id, text=text)


# Who has to know.


def _tell_others(tx: Tx, case: Case, known: MemberRow, *, by_id: int, reason: str) -> None:
    """The stewards, and whoever sponsored the person; the one who did it knows already."""
    stewards = {one.actor_id for one in communities.stewards(tx, case.community.id)}
    copies = copies_at(tx, case.person) if known.way is Way.PLAIN else ""
    for steward in actors.views(tx, sorted(stewards)):
        done = steward.id == by_id
        told = "" if done else notices.gone(case.node, steward, case.community, case.person, reason)
        _tell(tx, case, steward.id, told, notices.copies(copies) if copies else "")
    sponsor_id = known.sponsor_id
    if sponsor_id is None or sponsor_id in {*stewards, by_id, case.person.id}:
        return
    if communities.is_member(tx, case.community.id, sponsor_id):
        sponsor = admission.somebody(tx, sponsor_id)
        told = notices.unsponsored(case.node, sponsor, case.community, case.person, reason)
        _tell(tx, case, sponsor_id, told)


def _tell(tx: Tx, case: Case, person_id: int, *words: str) -> None:
    text = "\n\n".join(filter(None, words))
    if text:
        helper.tell(tx, node=case.node, person_id=person_id, text=text)


def copies_at(tx: Tx, person: ActorView) -> str:
    """The server where copies remain that nobody forgets; empty if there is none of that kind."""
    origin = origins.by_id(tx, person.origin_id)
    if person.is_local or origin is None or origin.software == SOFTWARE:
        return ""
    return parse_url(origin.origin).authority
