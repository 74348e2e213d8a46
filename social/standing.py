"""How somebody stands to a community: the membership and, for apps, the follow beside it.

Here are the rows alone, for communities of any node; who may change them is decided elsewhere.
"""

from typing import Final

from msgspec.structs import replace

from domain.audience import Viewer
from domain.errors import NotAllowed
from domain.kinds import FollowState, MembershipState, SignatureScheme, Way
from domain.node import SOFTWARE
from domain.permissions import Action, Standing, may
from social import purging
from storage.queries import (
    accounts,
    actors,
    communities,
    follows,
    ids,
    lists,
    origins,
    timelines,
    tokens,
)
from storage.queries.communities import MemberRow
from storage.queries.follows import FollowRow
from storage.tx import Tx
from storage.views.actors import ActorView

OPERATOR: Final = 0
"""Whoever acts on the command line."""


def authorise(tx: Tx, community_id: int, by_id: int, action: Action) -> None:
    """Raise NotAllowed unless `by_id` is the operator, or an active member who may do this."""
    if by_id == OPERATOR:
        return
    member = communities.member(tx, community_id, by_id)
    active = member is not None and member.is_active(tx.now)
    account = accounts.by_id(tx, by_id)
    stands = Standing(
        account.role if account is not None else None,
        member.role if member is not None and active else None,
    )
    if not may(action, stands):
        raise NotAllowed("Only the stewards of the community can do this")


def way_of(tx: Tx, actor: ActorView) -> Way | None:
    """How a community's posts reach somebody; None: nobody has asked their server what it is."""
    if actor.is_local:
        return Way.HERE
    origin = origins.by_id(tx, actor.origin_id)
    if origin is None:
        return None
    if origin.scheme is SignatureScheme.OURS or origin.software == SOFTWARE:
        return Way.NODE
    return None if origin.software is None else Way.PLAIN


def begin(tx: Tx, member: MemberRow, *, uri: str) -> None:
    """Write a membership that gives rights from now on."""
    communities.put_member(tx, member)
    follow(tx, member.actor_id, member.community_id, uri=uri, state=FollowState.ACCEPTED)


def follow(
    tx: Tx, actor_id: int, community_id: int, *, uri: str, state: FollowState, number: int = 0
) -> None:
    """Write what apps see of it: following, or requested.

    `number` is that of our own Follow: some servers answer with its id alone.
    """
    accepted = state is FollowState.ACCEPTED
    row = FollowRow(
        id=number or ids.new_id(tx),
        follower_id=actor_id,
        target_id=community_id,
        state=state,
        uri=uri,
        shares=True,
        notify=False,
        created_at=tx.now,
        accepted_at=tx.now if accepted else None,
    )
    if not follows.insert_follow(tx, row):
        follows.set_uri(tx, actor_id, community_id, uri)
        if accepted:
            follows.accept(tx, actor_id, community_id)
    if accepted:
        actors.recount_follows(tx, actor_id, community_id)
        _show_at_home(tx, actor_id, community_id)


def _show_at_home(tx: Tx, actor_id: int, community_id: int) -> None:
    """What the community has shown so far, as far as this member may read it."""
    if timelines.fresh_until(tx, actor_id) > tx.now:
        full = accounts.is_full_member(tx, actor_id)
        timelines.merge_author(tx, Viewer.local(actor_id, full=full), community_id)


def forget(tx: Tx, known: MemberRow) -> FollowRow | None:
    """Drop a request or an invitation as if it had never been; the follow that stood for it."""
    communities.forget_members(tx, known.community_id, [known.actor_id])
    lists.drop_member(tx, known.actor_id, known.community_id)
    return follows.remove(tx, known.actor_id, known.community_id)


def end(tx: Tx, known: MemberRow, state: MembershipState) -> FollowRow | None:
    """Take a member's rights away, now; the follow that stood for it."""
    communities.put_member(tx, replace(known, state=state))
    row = follows.remove(tx, known.actor_id, known.community_id)
    timelines.drop_author(tx, known.actor_id, known.community_id)
    lists.drop_member(tx, known.actor_id, known.community_id)
    actors.recount_follows(tx, known.actor_id, known.community_id)
    purging.cut_off(tx, known)
    _cut(tx, known.actor_id)
    return row


def end_all(tx: Tx, actor_id: int) -> None:
    """An actor of another server is gone: so are its memberships, and those of others in it."""
    for known in (*communities.of_actor(tx, actor_id), *communities.members(tx, actor_id)):
        if known.state is MembershipState.ACTIVE:
            end(tx, known, MembershipState.LEFT)
        elif known.state in {MembershipState.INVITED, MembershipState.REQUESTED}:
            forget(tx, known)


def _cut(tx: Tx, actor_id: int) -> None:
    """Every long-lived channel of an account asks for its rights again; browsers stay signed in."""
    account = accounts.by_id(tx, actor_id)
    if account is not None:
        accounts.grow_epoch(tx, actor_id)
        old = account.epoch
        tokens.carry_sessions(tx, actor_id, old_epoch=old, new_epoch=old + 1)
