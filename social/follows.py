"""Following: asked for, accepted, refused, ended; between people here and with other servers.

A follow is keyed by its pair of actors and never by an activity's id. Pending is not accepted: it
lets nobody read anything. Who is no full member here or of a sister always asks (protocol §1).
"""

from typing import TypeGuard

from domain.addresses import parse_url
from domain.audience import Viewer
from domain.errors import NotAllowed, NotFound
from domain.kinds import ActorType, FollowState, NotificationKind
from domain.node import HELPER_HANDLE, Node
from federation.policy import may_exchange
from outbox import publish
from social import memberships
from social.helper import is_helper
from social.notifications import notify, retract
from social.pins import want_featured
from social.wishes import Wishes, fill_home, keep, said
from storage.queries import accounts, actors, domain_blocks, follows, ids, lists, origins, timelines
from storage.queries.follows import FollowRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.people import person


def follow(
    tx: Tx, *, node: Node, follower_id: int, target_id: int, wishes: Wishes | None = None
) -> FollowState:
    """Follow somebody, or ask to; following again only changes the wishes.

    Raises:
        NotFound: there is nobody, or the follower may not know of them.
        NotAllowed: oneself, a guest, a server's own actor, or a server that is closed to us or
            that the follower shut out.
        Invalid: a language that is none.
    """
    wishes = wishes or Wishes()
    hold(tx, follower_id)
    target = _target_seen_by(tx, follower_id, target_id)
    known = follows.find(tx, follower_id, target_id)
    if known is not None:
        keep(tx, known, wishes)
        return known.state
    if _is_group(target):
        state = memberships.ask(tx, node=node, actor_id=follower_id, community_id=target.id)
        asked = follows.find(tx, follower_id, target_id)
        if asked is not None:
            keep(tx, asked, wishes)
        return state
    _refuse_impossible(tx, node, follower_id, target)
    row = _new(tx, node, follower_id, target, wishes)
    follows.insert_follow(tx, row)
    if not target.is_local:
        _request_elsewhere(tx, row, target)
    elif row.is_accepted:
        _began(tx, row)
    else:
        _tell(tx, row, NotificationKind.FOLLOW_REQUEST)
    return row.state


def hold(tx: Tx, *actor_ids: int) -> None:
    """Let no follow by or of these begin elsewhere until the unit ends; before anything is read.

    Whoever begins a follow holds the one of ours who takes part, and whoever shuts somebody out
    holds both: what comes second sees what the first one did.
    """
    for actor_id in sorted(actor_ids):
        tx.lock(f"follows {actor_id}")


def _target_seen_by(tx: Tx, follower_id: int, target_id: int) -> ActorView:
    """A guest knows nobody to follow but the helper and communities; a block hides both ways."""
    full = accounts.is_full_member(tx, follower_id)
    target = person(tx, Viewer.local(follower_id, full=full), target_id)
    if not full and not is_helper(target) and not _is_group(target):
        raise NotFound
    if follows.is_blocked(tx, follower_id, target_id):
        raise NotFound
    return target


def _is_group(actor: ActorView | None) -> TypeGuard[ActorView]:
    return actor is not None and actor.type is ActorType.GROUP


def _refuse_impossible(tx: Tx, node: Node, follower_id: int, target: ActorView) -> None:
    if target.moved_to is not None:
        raise NotAllowed(_moved(tx, target.moved_to))
    if target.id == follower_id:
        raise NotAllowed("Nobody follows themselves")
    if target.type is ActorType.APPLICATION:
        raise NotAllowed("This speaks for a server and cannot be followed")
    if not target.is_local and domain_blocks.stands(tx, follower_id, target.domain):
        raise NotAllowed(f"You hide everything from {target.domain}. Show it again first")
    if target.is_hearsay:
        raise NotAllowed("You know each other through a community: write to each other there")
    if not target.is_local:
        if not may_exchange(tx, node, parse_url(target.uri).authority):
            raise NotAllowed("This node does not exchange anything with that server")
    elif target.type is ActorType.PERSON and not accounts.is_full_member(tx, target.id):
        raise NotAllowed("Guests are followed in their communities only")


def _moved(tx: Tx, uri: str) -> str:
    there = actors.by_uri(tx, uri)
    name = uri if there is None else f"@{there.handle}@{there.domain}"
    return f"This account moved. Follow {name} instead"


def _new(tx: Tx, node: Node, follower_id: int, target: ActorView, wishes: Wishes) -> FollowRow:
    identifier = ids.new_id(tx)
    waits = target.locked if target.is_local else True
    return FollowRow(
        id=identifier,
        follower_id=follower_id,
        target_id=target.id,
        state=FollowState.PENDING if waits else FollowState.ACCEPTED,
        uri=node.activity(identifier),
        shares=wishes.shares is not False,
        notify=bool(wishes.notify),
        created_at=tx.now,
        accepted_at=None if waits else tx.now,
        languages=said(wishes.languages or ()),
    )


def _request_elsewhere(tx: Tx, row: FollowRow, target: ActorView) -> None:
    publish.follow_requested(
        tx, follower=_actor(tx, row.follower_id), target=target, follow_uri=row.uri
    )
    want_featured(tx, target)


def unfollow(tx: Tx, *, node: Node, follower_id: int, target_id: int) -> None:
    """Stop following, or take a request back. In one act, without a reason, told to nobody here.

    Of a community: leave it.
    """
    target = actors.by_id(tx, target_id)
    if (
        _is_group(target)
        and target.gone_at is None
        and memberships.leave(tx, node=node, actor_id=follower_id, community_id=target_id)
    ):
        return
    row = follows.remove(tx, follower_id, target_id)
    if row is None:
        return
    _ended(tx, row)
    if target is not None and not target.is_local:
        publish.follow_undone(
            tx, node=node, follower=_actor(tx, follower_id), target=target, follow_uri=row.uri
        )


def accept_follow(tx: Tx, *, node: Node, target_id: int, follower_id: int) -> None:
    """Let somebody follow who asks. Who follows already is left as it is.

    Raises:
        NotFound: nobody of that name asks.
    """
    row = follows.find(tx, follower_id, target_id)
    if row is None:
        raise NotFound
    if follows.accept(tx, follower_id, target_id):
        _asks_no_more(tx, row)
        _counts(tx, row)
        _answer(tx, node, row)


def reject_follow(tx: Tx, *, node: Node, target_id: int, follower_id: int) -> None:
    """Refuse somebody who asks; whoever follows already is removed.

    Raises:
        NotFound: nobody of that name asks or follows.
    """
    row = follows.remove(tx, follower_id, target_id)
    if row is None:
        raise NotFound
    _refused(tx, node, row)


def remove_follower(tx: Tx, *, node: Node, target_id: int, follower_id: int) -> None:
    """Take a follower's right away, now; nothing happens if there was none."""
    row = follows.remove(tx, follower_id, target_id)
    if row is not None:
        _refused(tx, node, row)


def part(tx: Tx, *, node: Node, one_id: int, other_id: int) -> None:
    """End every follow and request between two people: what a block does."""
    unfollow(tx, node=node, follower_id=one_id, target_id=other_id)
    remove_follower(tx, node=node, target_id=one_id, follower_id=other_id)


def part_from_members(tx: Tx, *, node: Node, actor_id: int) -> None:
    """End what a guest may not have: following anybody but the helper, followers who live here.

    Communities stay, but those of everybody here.
    """
    helper = actors.local_by_handle(tx, HELPER_HANDLE)
    rows = follows.of_actor(tx, actor_id)
    local = follows.local_ids(tx, [row.follower_id for row in rows])
    for row in rows:
        if row.follower_id == actor_id and (helper is None or row.target_id != helper.id):
            if memberships.is_for_guests(tx, row.target_id):
                continue
            unfollow(tx, node=node, follower_id=actor_id, target_id=row.target_id)
        elif row.target_id == actor_id and row.follower_id in local:
            remove_follower(tx, node=node, target_id=actor_id, follower_id=row.follower_id)


def end_all(tx: Tx, *, actor_id: int) -> None:
    """Forget every follow of an actor that is gone; nobody is left to tell."""
    for row in follows.of_actor(tx, actor_id):
        follows.remove(tx, row.follower_id, row.target_id)
        _ended(tx, row)


# What other servers say. The caller made sure that the signer is the actor who acts.


def receive_follow(
    tx: Tx, *, node: Node, follower_id: int, target_id: int, uri: str
) -> FollowState | None:
    """Somebody elsewhere asks to follow one of ours; None if the answer was no.

    A repeated Follow of who follows already is accepted again: the answer may have been lost.
    """
    hold(tx, target_id)
    follower, target = _actor(tx, follower_id), _actor(tx, target_id)
    known = follows.find(tx, follower_id, target_id)
    if known is not None:
        follows.set_uri(tx, follower_id, target_id, uri)
        if known.is_accepted:
            _accept_elsewhere(tx, node, follower, target, uri)
        return known.state
    if not _may_ask(tx, follower, target):
        publish.follow_rejected(tx, node=node, target=target, follower=follower, follow_uri=uri)
        return None
    waits = _always_asks(tx, follower, target)
    row = FollowRow(
        id=ids.new_id(tx),
        follower_id=follower_id,
        target_id=target_id,
        state=FollowState.PENDING if waits else FollowState.ACCEPTED,
        uri=uri,
        shares=True,
        notify=False,
        created_at=tx.now,
        accepted_at=None if waits else tx.now,
    )
    follows.insert_follow(tx, row)
    if row.is_accepted:
        _began(tx, row)
        _accept_elsewhere(tx, node, follower, target, uri)
    else:
        _tell(tx, row, NotificationKind.FOLLOW_REQUEST)
    return row.state


def _may_ask(tx: Tx, follower: ActorView, target: ActorView) -> bool:
    if not target.is_local or target.gone_at is not None or follower.is_local:
        return False
    if target.moved_to is not None:
        return False
    if target.type is ActorType.APPLICATION:
        return _speaks_for_a_sister(tx, follower)
    if domain_blocks.stands(tx, target.id, follower.domain):
        return False
    return not follows.is_blocked(tx, follower.id, target.id)


def _speaks_for_a_sister(tx: Tx, follower: ActorView) -> bool:
    """Application actors of sisters follow each other; nobody else follows ours (protocol §3)."""
    if follower.type is not ActorType.APPLICATION:
        return False
    origin = origins.by_id(tx, follower.origin_id)
    known = origin is not None and origin.application_id == follower.id
    return known and origins.is_sister(tx, follower.origin_id)


def _always_asks(tx: Tx, follower: ActorView, target: ActorView) -> bool:
    """Of a sister's people her own node says who is a full member; of others, nobody is."""
    if target.type is ActorType.APPLICATION or is_helper(target):
        return False
    if target.locked or not accounts.is_full_member(tx, target.id):
        return True
    return not origins.is_sister(tx, follower.origin_id)


def receive_accept(tx: Tx, *, follower_id: int, target_id: int) -> bool:
    """Somebody elsewhere lets one of ours follow; False if none of ours asked."""
    row = follows.find(tx, follower_id, target_id)
    if row is None or not follows.accept(tx, follower_id, target_id):
        return False
    _counts(tx, row)
    return True


def receive_reject(tx: Tx, *, follower_id: int, target_id: int) -> bool:
    """Somebody elsewhere refuses one of ours, or ends a follow that was accepted before."""
    row = follows.remove(tx, follower_id, target_id)
    if row is not None:
        _ended(tx, row)
    return row is not None


def receive_undo_follow(tx: Tx, *, follower_id: int, target_id: int) -> bool:
    """Somebody elsewhere stops following, or takes a request back."""
    return receive_reject(tx, follower_id=follower_id, target_id=target_id)


# What follows from it.


def _actor(tx: Tx, actor_id: int) -> ActorView:
    actor = actors.by_id(tx, actor_id)
    if actor is None:
        raise NotFound
    return actor


def _began(tx: Tx, row: FollowRow) -> None:
    _counts(tx, row)
    _tell(tx, row, NotificationKind.FOLLOW)


def _counts(tx: Tx, row: FollowRow) -> None:
    """From now on: figures, and what the follower reads at home, if a home is kept."""
    actors.recount_follows(tx, row.follower_id, row.target_id)
    fill_home(tx, row.follower_id, row.target_id)


def _ended(tx: Tx, row: FollowRow) -> None:
    """Home rows that this follow brought are only hints, but old hints are no use to anybody."""
    if row.is_accepted:  # first: waits for whoever counts a post of theirs and writes it into homes
        actors.recount_follows(tx, row.follower_id, row.target_id)
    timelines.drop_author(tx, row.follower_id, row.target_id)
    lists.drop_member(tx, row.follower_id, row.target_id)
    _asks_no_more(tx, row)


def _tell(tx: Tx, row: FollowRow, kind: NotificationKind) -> None:
    notify(tx, actor_id=row.target_id, kind=kind, from_id=row.follower_id)


def _asks_no_more(tx: Tx, row: FollowRow) -> None:
    """A request that was answered or taken back leaves the list; asking again is told again."""
    if not row.is_accepted:
        retract(
            tx,
            actor_id=row.target_id,
            kind=NotificationKind.FOLLOW_REQUEST,
            from_id=row.follower_id,
        )


def _refused(tx: Tx, node: Node, row: FollowRow) -> None:
    _ended(tx, row)
    follower = _actor(tx, row.follower_id)
    if not follower.is_local:
        target = _actor(tx, row.target_id)
        publish.follow_rejected(tx, node=node, target=target, follower=follower, follow_uri=row.uri)


def _answer(tx: Tx, node: Node, row: FollowRow) -> None:
    follower = _actor(tx, row.follower_id)
    if not follower.is_local:
        _accept_elsewhere(tx, node, follower, _actor(tx, row.target_id), row.uri)


def _accept_elsewhere(tx: Tx, node: Node, follower: ActorView, target: ActorView, uri: str) -> None:
    publish.follow_accepted(tx, node=node, target=target, follower=follower, follow_uri=uri)
