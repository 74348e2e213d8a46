"""Letting people into a community that lives here: who may, what they get, who is told."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from activitypub.groups import Terms
from domain.communities import Newcomer, Refusal, outsiders_refused
from domain.errors import Invalid, NotFound
from domain.kinds import Deed, FollowState, Joining, Life, MembershipState, Way
from domain.node import Node
from domain.roles import CommunityRole
from outbox import memberships as outbox
from outbox.apart import apart
from social import cards, helper, notices, standing
from social.communities import community_here
from social.communities import terms_of as communities_terms
from social.deeds import may_be_named
from social.standing import way_of
from storage.queries import (
    accounts,
    actors,
    agreements,
    communities,
    follows,
    ids,
    keys,
    origins,
)
from storage.queries.communities import CommunityRow, MemberRow
from storage.queries.disclosures import disclose
from storage.tx import Tx
from storage.views.actors import ActorView

YEAR_MS: Final = 365 * 24 * 3600 * 1000
"""How long members of other organisations belong, unless another end is agreed."""


ASKS_MS: Final = 10 * 60 * 1000
"""Who asks again and again is told of once in this time."""


class Case(Struct, frozen=True):
    """Somebody and a community that lives here; `before` is how they stood until now."""

    node: Node
    row: CommunityRow
    community: ActorView
    person: ActorView
    before: MemberRow | None

    @property
    def state(self) -> MembershipState | None:
        """The state until now; None for a stranger."""
        return None if self.before is None else self.before.state

    @property
    def pair(self) -> tuple[int, int]:
        """(community, person)."""
        return self.community.id, self.person.id


def case_of(tx: Tx, *, node: Node, community_id: int, actor_id: int) -> Case:
    """Read a case and hold it until the end of the unit of work. Raises NotFound."""
    row = community_here(tx, community_id)
    tx.lock(f"member {community_id} {actor_id}")
    before = communities.member(tx, community_id, actor_id)
    if before is not None and before.state is MembershipState.ACTIVE:
        # A membership whose end has come is none any more.
        over = not before.is_active(tx.now)
        before = replace(before, state=MembershipState.REMOVED) if over else before
    if before is not None and before.is_ban_over(tx.now):
        before = replace(before, state=MembershipState.LEFT, until=None)
    return Case(node, row, somebody(tx, community_id), somebody(tx, actor_id), before)


def somebody(tx: Tx, actor_id: int) -> ActorView:
    """An actor who is there. Raises NotFound."""
    actor = actors.by_id(tx, actor_id)
    if actor is None or actor.gone_at is not None:
        raise NotFound
    return actor


def newcomer_of(tx: Tx, case: Case, way: Way) -> Newcomer:
    """What the rules want to know of somebody."""
    person = case.person
    if person.is_local:
        return Newcomer(Way.HERE, full=accounts.is_full_member(tx, person.id))
    agreement = agreements.find(tx, person.origin_id)
    stands = agreement is not None and agreement.stands(tx.now)
    return Newcomer(
        way,
        software=_software(tx, person),
        agreed=not stands or communities.is_agreed(tx, case.community.uri, person.origin_id),
    )


def refusal_of(case: Case, newcomer: Newcomer) -> Refusal | None:
    """Why somebody who follows does not come in, if they do not."""
    if case.state is MembershipState.BANNED:
        return Refusal.BANNED
    if (shut := outsiders_refused(case.row.preset, newcomer)) is not None:
        return shut
    if case.row.life is Life.ARCHIVED:
        return Refusal.OVER
    if case.state is MembershipState.INVITED:
        return None
    if case.row.life is Life.PLANNING:
        return Refusal.NOT_BEGUN
    return Refusal.INVITED_ONLY if case.row.joining is Joining.BY_INVITATION else None


def wish_of(tx: Tx, case: Case, way: Way) -> MemberRow:
    """The membership as asked for; what an invitation granted holds."""
    granted = case.before if case.state is MembershipState.INVITED else None
    return MemberRow(
        community_id=case.community.id,
        actor_id=case.person.id,
        state=MembershipState.REQUESTED,
        since=tx.now,
        until=granted.until if granted else None,
        role=granted.role if granted else CommunityRole.MEMBER,
        way=way,
        sponsor_id=granted.sponsor_id if granted else None,
        asked_at=tx.now,
    )


def sponsored(
    tx: Tx,
    case: Case,
    wish: MemberRow,
    *,
    by_id: int,
    until: int | None = None,
    sponsor_id: int | None = None,
) -> MemberRow:
    """Members of other organisations carry a sponsor and an end date (protocol §4).

    Raises:
        Invalid: an end that has passed, or a sponsor who does not belong to the community.
    """
    if until is not None and until <= tx.now:
        raise Invalid("The end date has passed already")
    if sponsor_id and not communities.is_member(tx, case.community.id, sponsor_id):
        raise Invalid("A sponsor belongs to the community")
    sponsor, ends = sponsor_id or wish.sponsor_id, until or wish.until
    if not (case.person.is_local or case.row.is_for_the_world):
        sponsor, ends = sponsor or by_id or None, ends or tx.now + YEAR_MS
    return replace(wish, sponsor_id=sponsor, until=ends)


def follow_uri(tx: Tx, case: Case) -> str:
    """The id of the Follow that stands for a membership, or a new one."""
    known = follows.find(tx, case.person.id, case.community.id)
    return case.node.activity(ids.new_id(tx)) if known is None else known.uri


def enter(tx: Tx, case: Case, wish: MemberRow, uri: str, *, by_id: int) -> MemberRow:
    """Make somebody a member; `by_id` is whoever decided it, themselves if nobody was asked."""
    member = replace(wish, state=MembershipState.ACTIVE, since=tx.now)
    standing.begin(tx, member, uri=uri)
    communities.log(tx, case.community.id, Deed.JOINED, by_id=by_id, about_id=case.person.id)
    if not case.person.is_local:
        disclose(tx, [case.community.id], [case.person.origin_id])
        apart(tx, node=case.node, community_id=case.community.id, origin_id=case.person.origin_id)
        let_back(tx, case)
        accept_elsewhere(tx, case, member, uri)
    if not case.row.is_for_the_world:
        cards.make(tx, case.node, *case.pair)
    return member


def known_way(tx: Tx, case: Case) -> Way | None:
    """The same, where nobody has to be asked what kind of server they live on; None: somebody."""
    return way_into(case, Way.HERE) if case.row.is_for_the_world else way_of(tx, case.person)


def tell_what_is_open(tx: Tx, case: Case) -> None:
    """Who comes into a community of the world, and is not known outside, is told what that means.

    (Protocol §3: before the first act that makes somebody known there.)
    """
    if case.row.is_for_the_world and not may_be_named(tx, case.person):
        tell(tx, case, notices.in_the_open(case.community))


def way_into(case: Case, way: Way) -> Way:
    """How the community's posts would reach somebody: what is for anybody, in the open."""
    return Way.OPEN if case.row.is_for_the_world and not case.person.is_local else way


def let_back(tx: Tx, case: Case) -> None:
    """End the Block of somebody elsewhere who was kept out, as they are welcome again."""
    outbox.let_back(tx, node=case.node, community=case.community, person=case.person)


def greet(tx: Tx, case: Case, member: MemberRow) -> None:
    """Tell somebody that they belong now; another of our nodes tells its people itself.

    Who follows an open community from elsewhere is told by the Accept alone, as of any group.
    """
    if member.way in {Way.NODE, Way.OPEN}:
        return
    text = notices.welcome(
        case.node,
        to=case.person,
        community=case.community,
        purpose=case.row.purpose,
        until=member.until,
    )
    tell(tx, case, text)


def wait(tx: Tx, case: Case, wish: MemberRow, uri: str) -> None:
    """Keep a request and tell the stewards; plain servers show nothing, so their people are told.

    (Rule 25 of private-groups-observed.md.)
    """
    communities.put_member(tx, wish)
    standing.follow(tx, case.person.id, case.community.id, uri=uri, state=FollowState.PENDING)
    by = case.person.id
    communities.log(tx, case.community.id, Deed.ASKED, by_id=by, about_id=by)
    if not case.person.is_local:
        disclose(tx, [case.community.id], [case.person.origin_id])
        apart(tx, node=case.node, community_id=case.community.id, origin_id=case.person.origin_id)
    if keys.may_ask(tx, f"request {case.community.id} {case.person.id}", ASKS_MS):
        _tell_stewards(tx, case, wish.way)
    if wish.way is Way.PLAIN:
        tell(tx, case, notices.waiting(case.community))


def _tell_stewards(tx: Tx, case: Case, way: Way) -> None:
    server = notices.Server(way, _software(tx, case.person), _is_first(tx, case), case.row.relay)
    stewards = [one.actor_id for one in communities.stewards(tx, case.community.id)]
    for steward in actors.views(tx, stewards):
        text = notices.request(
            case.node, to=steward, community=case.community, person=case.person, server=server
        )
        helper.tell(tx, node=case.node, person_id=steward.id, text=text)


def _is_first(tx: Tx, case: Case) -> bool:
    return not communities.members_at(tx, case.community.id, case.person.origin_id)


def _software(tx: Tx, person: ActorView) -> str | None:
    origin = origins.by_id(tx, person.origin_id)
    return None if origin is None else origin.software


def tell(tx: Tx, case: Case, text: str) -> None:
    """Write to the person, whose server may look the community up from now on."""
    names = () if case.person.is_local else (case.community.id,)
    helper.tell(tx, node=case.node, person_id=case.person.id, text=text, names=names)


def accept_elsewhere(tx: Tx, case: Case, member: MemberRow, uri: str) -> None:
    """Accept{Follow}, also once more for whom it may have been lost; nothing for our own."""
    if not case.person.is_local:
        outbox.accepted(
            tx,
            node=case.node,
            community=case.community,
            person=case.person,
            follow_uri=uri,
            terms=terms_of(case, member) if member.way is Way.NODE else None,
        )


def reject_elsewhere(tx: Tx, case: Case, uri: str, reason: str) -> str:
    """Reject{Follow}: refused, or over; its id. Nothing for our own."""
    if case.person.is_local:
        return ""
    return outbox.rejected(
        tx,
        node=case.node,
        community=case.community,
        person=case.person,
        follow_uri=uri,
        reason=reason,
    )


def terms_of(case: Case, member: MemberRow) -> Terms:
    """What other nodes are told about a community and a membership in it."""
    since = member.since if member.state is MembershipState.ACTIVE else None
    return replace(communities_terms(case.row), since=since, until=member.until)
