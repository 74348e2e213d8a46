"""Communities: founded, launched, taken care of; and what is known of those elsewhere (§4)."""

from collections.abc import Sequence

from msgspec.structs import replace

from activitypub.groups import Terms
from domain.communities import (
    bio,
    check_launch,
    check_name,
    check_purpose,
    check_shown,
    joining_of,
)
from domain.errors import Conflict, Invalid, NotAllowed, NotFound
from domain.handles import check_new_handle
from domain.ids import HERE
from domain.kinds import (
    ActorType,
    Deed,
    Directory,
    History,
    Joining,
    Life,
    MembershipState,
    Preset,
    Relay,
    Way,
)
from domain.node import Node
from domain.permissions import Action, Standing, may
from domain.roles import CommunityRole
from federation.keyring import NewKeys
from social import helper, notices
from social.deeds import role_changed
from social.keys import store_keys
from social.standing import OPERATOR, authorise, begin
from storage.queries import accounts, actors, agreements, communities, ids
from storage.queries.actors import NewActor
from storage.queries.communities import CommunityRow, MemberRow
from storage.queries.disclosures import is_disclosed
from storage.tx import Tx
from storage.views.actors import ActorView


def community_here(tx: Tx, community_id: int) -> CommunityRow:
    """A community that lives here. Raises NotFound."""
    actor, row = actors.by_id(tx, community_id), communities.by_id(tx, community_id)
    if actor is None or row is None or not actor.is_local or actor.gone_at is not None:
        raise NotFound
    return row


def may_know(tx: Tx, community: ActorView, row: CommunityRow, origin_id: int) -> bool:
    """Whether another server may learn that a community of ours exists (protocol §3).

    A listed one is found by partners with an agreement; any by whom it is disclosed to.
    """
    disclosed = is_disclosed(tx, community.id, origin_id)
    agreed = communities.is_agreed(tx, community.uri, origin_id)
    return disclosed or (_is_found(row) and agreed) or is_known_to_all(row)


def is_known_to_all(row: CommunityRow) -> bool:
    """Whether anybody may learn that a community of ours exists: it is open to the world."""
    return row.is_for_the_world and row.life is not Life.PLANNING


def is_known_to(tx: Tx, actor: ActorView | None, actor_id: int, origin_id: int) -> bool:
    """Whether another server may know of an actor of ours.

    It was told of it, or it is a community as above, or a full member whose name the two nodes
    agreed to show each other (protocol §3, directory level "all"). As much is asked for nobody as
    for somebody hidden: a clock shall tell no difference (P06).
    """
    told = is_disclosed(tx, actor_id, origin_id)
    row = communities.by_id(tx, actor_id)
    agreed = communities.is_agreed(tx, actor.uri if actor is not None else "", origin_id)
    terms = agreements.find(tx, origin_id)
    colleague = accounts.is_full_member(tx, actor_id)
    shows_all = terms is not None and terms.stands(tx.now) and terms.directory is Directory.ALL
    found = row is not None and ((_is_found(row) and agreed) or is_known_to_all(row))
    return told or found or (colleague and shows_all)


def _is_found(row: CommunityRow) -> bool:
    return row.listed and row.preset is Preset.PARTNERS and row.life is not Life.PLANNING


def terms_of(row: CommunityRow) -> Terms:
    """What other nodes are told about a community."""
    return Terms(
        preset=row.preset,
        joining=row.joining,
        history=row.history,
        purpose=row.purpose,
        listed=row.listed,
    )


# Founding.


def found(
    tx: Tx,
    *,
    node: Node,
    handle: str,
    name: str,
    purpose: str,
    preset: Preset,
    by_id: int,
    keys: NewKeys | None,
    joining: Joining | None = None,
    listed: bool = True,
    history: History = History.ALL,
    operator: bool = False,
) -> int:
    """Found a community; its id. `by_id` becomes its first steward; it is not launched yet.

    `operator`: the name is chosen by an operator of the node. Stewards are invited afterwards.

    Raises:
        Invalid: a name, purpose or preset that cannot be.
        NotAllowed: a guest, or somebody who does not live here.
        Conflict: the handle is taken, now or ever.
    """
    check_new_handle(handle, operator=operator)
    way_in = joining_of(preset, joining)
    check_shown(preset, history, listed=listed)
    account = accounts.by_id(tx, by_id)
    if account is None or not may(Action.START_COMMUNITY, Standing(account.role)):
        raise NotAllowed("Members of this node found communities")
    what_for = check_purpose(purpose)
    words = (check_name(name), bio(what_for, way_in))
    new = _new_actor(node, ids.new_id(tx), handle, words, locked=way_in is not Joining.OPEN)
    new = replace(new, discoverable=preset is Preset.WORLD)
    if not actors.insert_actor(tx, new):
        raise Conflict("That handle cannot be used")
    if keys is not None:
        store_keys(tx, actor_id=new.id, uri=new.uri, keys=keys)
    communities.insert_community(
        tx, _row(tx, new.id, preset, way_in, what_for, listed=listed, history=history)
    )
    communities.log(tx, new.id, Deed.FOUNDED, by_id=by_id)
    begin(tx, _first_steward(tx, new.id, by_id), uri=node.activity(ids.new_id(tx)))
    return new.id


def _new_actor(
    node: Node, identifier: int, handle: str, words: tuple[str, str], *, locked: bool
) -> NewActor:
    name, summary = words
    return NewActor(
        id=identifier,
        uri=node.actor(identifier),
        type=ActorType.GROUP,
        handle=handle,
        domain=node.handle_domain,
        name=name,
        summary=summary,
        url=node.profile(handle),
        inbox=node.inbox(identifier),
        shared_inbox=node.shared_inbox,
        outbox=node.collection(identifier, "outbox"),
        followers=node.collection(identifier, "followers"),
        following=node.collection(identifier, "following"),
        locked=locked,
        discoverable=False,
    )


def _row(
    tx: Tx,
    actor_id: int,
    preset: Preset,
    joining: Joining,
    purpose: str,
    *,
    listed: bool,
    history: History,
    life: Life = Life.PLANNING,
) -> CommunityRow:
    return CommunityRow(
        actor_id=actor_id,
        preset=preset,
        joining=joining,
        listed=listed,
        history=history,
        life=life,
        purpose=purpose,
        keeps_words=False,
        relay=Relay.DIRECT,
        relays_pictures=False,
        takes_wider=False,
        takes_back=False,
        created_at=tx.now,
        launched_at=None,
    )


def _first_steward(tx: Tx, community_id: int, actor_id: int) -> MemberRow:
    return MemberRow(
        community_id=community_id,
        actor_id=actor_id,
        state=MembershipState.ACTIVE,
        since=tx.now,
        until=None,
        role=CommunityRole.STEWARD,
        way=Way.HERE,
        sponsor_id=None,
        asked_at=tx.now,
    )


def launch(tx: Tx, *, community_id: int, by_id: int) -> None:
    """Open a community to those whom it is for. Doing it again changes nothing.

    Raises:
        NotAllowed: `by_id` is no steward, it has no purpose, or not two stewards who said yes.
    """
    tx.lock(f"community {community_id}")
    row = community_here(tx, community_id)
    authorise(tx, community_id, by_id, Action.MANAGE_MEMBERS)
    if row.life is not Life.PLANNING:
        return
    check_launch(row.purpose, len(communities.stewards(tx, community_id)))
    communities.update_community(tx, replace(row, life=Life.ACTIVE, launched_at=tx.now))
    communities.log(tx, community_id, Deed.LAUNCHED, by_id=by_id)


# Taking care.


def set_role(
    tx: Tx,
    *,
    node: Node,
    community_id: int,
    actor_id: int,
    role: CommunityRole,
    by_id: int,
    body: bytes = b"",
) -> None:
    """Give a member, or whoever was invited, another role; members are told.

    `body`: what a steward elsewhere said, for an open community to pass on.

    Raises:
        NotFound: nobody of that name belongs to the community.
        NotAllowed: `by_id` is no steward.
        Conflict: nobody else would be a steward.
    """
    tx.lock(f"community {community_id}")
    community_here(tx, community_id)
    authorise(tx, community_id, by_id, Action.GIVE_ROLES)
    known = communities.member(tx, community_id, actor_id)
    if known is None or not (known.is_active(tx.now) or known.state is MembershipState.INVITED):
        raise NotFound("Nobody of that name belongs to this community")
    if known.role is role:
        return
    _keep_a_steward(tx, known, role)
    communities.put_member(tx, replace(known, role=role))
    reason = role.name.lower()
    communities.log(tx, community_id, Deed.ROLE, by_id=by_id, about_id=actor_id, reason=reason)
    community = actors.by_id(tx, community_id)
    if community is not None and known.state is MembershipState.ACTIVE and actor_id != by_id:
        text = notices.role_given(community, role)
        helper.tell(tx, node=node, person_id=actor_id, text=text, names=(community_id,))
    if CommunityRole.STEWARD in {role, known.role}:
        role_changed(
            tx,
            node=node,
            community_id=community_id,
            actor_id=actor_id,
            by_id=by_id,
            steward=role is CommunityRole.STEWARD,
            body=body,
        )


def _keep_a_steward(tx: Tx, known: MemberRow, role: CommunityRole) -> None:
    if role is CommunityRole.STEWARD:
        return
    if [one.actor_id for one in communities.stewards(tx, known.community_id)] == [known.actor_id]:
        raise Conflict("This is the only steward. Please make somebody else a steward first.")


def set_purpose(tx: Tx, *, community_id: int, purpose: str, by_id: int) -> None:
    """Say what a community is for. Once it is launched, only the operator says it anew.

    Raises:
        NotAllowed: `by_id` is no steward, or the community is launched.
        Invalid: too long.
    """
    row, actor = community_here(tx, community_id), actors.by_id(tx, community_id)
    authorise(tx, community_id, by_id, Action.MANAGE_MEMBERS)
    if by_id != OPERATOR and row.life is not Life.PLANNING:
        raise NotAllowed("The members joined for this purpose; it is not changed any more")
    what_for = check_purpose(purpose)
    if actor is None or what_for == row.purpose:
        return
    communities.update_community(tx, replace(row, purpose=what_for))
    communities.log(tx, community_id, Deed.SETTING, by_id=by_id, reason="purpose")
    actors.update_profile(
        tx,
        community_id,
        name=actor.name,
        summary=bio(what_for, row.joining),
        summary_source="",
        fields=actor.fields,
        locked=actor.locked,
        discoverable=actor.discoverable,
        indexable=actor.indexable,
        public=actor.public,
    )


# Communities elsewhere.


def remember(tx: Tx, *, actor: ActorView, terms: Terms) -> CommunityRow:
    """Keep what a community elsewhere says of itself; its row.

    Raises:
        Invalid: it is no community elsewhere.
    """
    if actor.type is not ActorType.GROUP or actor.origin_id == HERE:
        raise Invalid("This is no community of another node")
    known = communities.by_id(tx, actor.id)
    row = known or _row(
        *(tx, actor.id, terms.preset, terms.joining, terms.purpose),
        listed=terms.listed,
        history=terms.history,
        life=Life.ACTIVE,
    )
    if known is None:
        communities.insert_community(tx, row)
        return row
    row = replace(
        row,
        preset=_never_wider(row.preset, terms.preset),
        joining=terms.joining,
        listed=terms.listed,
        history=terms.history,
        purpose=terms.purpose,
    )
    if row != known:
        communities.update_community(tx, row)
    return row


def _never_wider(known: Preset, said: Preset) -> Preset:
    """What members write for members does not become the world's by a word of another node."""
    return known if said is Preset.WORLD and known is not Preset.WORLD else said


def handles_of(tx: Tx, rows: Sequence[CommunityRow]) -> dict[int, str]:
    """The handles of communities, by id."""
    return {one.id: one.handle for one in actors.views(tx, [row.actor_id for row in rows])}
