"""The end of a membership in a community of this node, decided here (protocol §6).

The rows come first: from the next request on, and on every node, nothing of the community is read
or sent. Then the other server is asked to forget, and those who have to know are told. Whoever
leaves by their own will is reported to nobody (design §1).
"""

from typing import Final

import msgspec
from msgspec import Struct

from domain.addresses import parse_url
from domain.communities import forgets_nobody
from domain.kinds import ActorType, Deed, MembershipState, Way
from domain.node import SOFTWARE, Node
from federation.fetcher import Fetcher
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from outbox import memberships as outbox
from outbox import relay
from outbox.apart import apart
from social import admission, helper, notices, standing
from social.admission import Case
from storage.queries import actors, communities, ids, origins, purges, relay_notes
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
    """Reject{Follow} to whoever lives elsewhere, remembered until that server acknowledges it.

    Where one note for all members was ever sent, and a Reject is ignored, a Block follows (rule 27
    of private-groups-observed.md).
    """
    if case.person.is_local:
        return
    if case.row.is_for_the_world:  # there is nothing to forget: anybody reads it
        admission.reject_elsewhere(tx, case, follow_uri, reason)
        return
    apart(tx, node=case.node, community_id=case.community.id, origin_id=case.person.origin_id)
    uri = admission.reject_elsewhere(tx, case, follow_uri, reason)
    asked(tx, case.community.id, case.person, uri)
    origin = origins.by_id(tx, case.person.origin_id)
    ignored = origin is not None and forgets_nobody(origin.software)
    if ignored and relay_notes.shared_at(tx, case.community.id, case.person.origin_id):
        outbox.shut_out(tx, community=case.community, person=case.person)


def asked(tx: Tx, community_id: int, person: ActorView, uri: str) -> None:
    """Remember that this activity ended the membership of somebody elsewhere."""
    purges.ask(tx, uri, origin_id=person.origin_id, community_id=community_id, actor_id=person.id)


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
    if not uri.startswith(f"{origin.origin}/"):
        return "the Undo lies on another server"
    if not community.is_local or not _had_members(tx, community.id, by.origin_id):
        return "it was not asked to forget that"
    purges.ask(tx, uri, origin_id=by.origin_id, community_id=community.id)
    purges.acknowledge(tx, uri, origin_id=by.origin_id)
    return None


def _had_members(tx: Tx, community_id: int, origin_id: int) -> bool:
    rows = communities.members(tx, community_id)
    there = actors.views(tx, [row.actor_id for row in rows])
    return any(actor.origin_id == origin_id for actor in there)


# Memberships that rested on an agreement.

PARTED: Final = "parted"
"""The job that tells people of an agreement's end what it means for their communities."""


class Parted(Struct, frozen=True):
    """`here`: communities of ours; `there`: pairs of a community elsewhere and one of ours."""

    domain: str
    here: list[int]
    there: list[tuple[int, int]]


def parted(tx: Tx, domain: str, ended: list[MemberRow]) -> None:
    """Memberships ended with the agreement that they rested on: a job tells whom it concerns."""
    pairs = [(one.community_id, one.actor_id) for one in ended]
    places = actors.views(tx, sorted({community_id for community_id, _ in pairs}))
    ours = {one.id for one in places if one.is_local}
    if pairs:
        there = [pair for pair in pairs if pair[0] not in ours]
        enqueue(tx, PARTED, msgspec.to_builtins(Parted(domain, sorted(ours), there)))


def tell_parted(tx: Tx, *, node: Node, said: Parted) -> None:
    """The stewards of our communities once each, and our people in communities over there."""
    for community in actors.views(tx, said.here):
        for steward in communities.stewards(tx, community.id):
            text = notices.parted(community, said.domain)
            helper.tell(tx, node=node, person_id=steward.actor_id, text=text)
    for community_id, actor_id in said.there:
        place = actors.by_id(tx, community_id)
        if place is not None:
            text = notices.removed(place, notices.NOT_AGREED)
            helper.tell(tx, node=node, person_id=actor_id, text=text)


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kind of job, for the worker."""

    async def run(job: Job) -> Decision:
        said = msgspec.convert(job.payload, Parted)
        await fetcher.db.write(tell_parted, node=fetcher.node, said=said)
        return None

    return {PARTED: Each(run)}


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
