"""Following: who may, who asks, what is told to whom (protocol §1, security.md G and O rows)."""

import asyncio
from dataclasses import replace

import orjson
import pytest
from sqlalchemy import select

from domain.errors import NotAllowed, NotFound
from domain.kinds import ActorType, FollowState, NotificationKind, Role, RuleAction
from domain.node import Federation
from social import follows as use
from social.wishes import Wishes
from storage.database import Database
from storage.queries import actors, follows, origins
from storage.tables.timelines import notifications
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views import people
from storage.views.paging import Page
from tests.support.factories import (
    NODE,
    add_actor,
    add_block,
    add_follow,
    add_origin,
    add_person,
    add_remote,
    add_sister,
    member,
    origin_of,
)

OPEN = replace(NODE, federation=Federation.OPEN)
URI = "https://far.example/follows/1"

_SENT = select(activities.c.body).order_by(activities.c.id)
_TOLD = select(notifications.c.actor_id, notifications.c.kind, notifications.c.from_id)


def sent(tx: Tx) -> list[str]:
    """The types of what was published, in order, with the type of what it is about."""
    found = []
    for (body,) in tx.all(_SENT):
        document = orjson.loads(body)
        inner = document.get("object")
        about = f" {inner['type']}" if isinstance(inner, dict) else ""
        found.append(f"{document['type']}{about}")
    return found


def told(tx: Tx) -> set[tuple[int, NotificationKind, int]]:
    return set(tx.all(_TOLD))


def follow(tx: Tx, follower: int, target: int, wishes: Wishes | None = None) -> FollowState:
    return use.follow(tx, node=OPEN, follower_id=follower, target_id=target, wishes=wishes)


def receive(tx: Tx, follower: int, target: int, uri: str = URI) -> FollowState | None:
    return use.receive_follow(tx, node=OPEN, follower_id=follower, target_id=target, uri=uri)


def figures(tx: Tx, actor: int) -> tuple[int, int]:
    view = actors.by_id(tx, actor)
    assert view is not None
    return view.followers_count, view.following_count


# People here.


def test_members_follow_each_other_at_once(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    assert follow(tx, ana, bo) is FollowState.ACCEPTED
    assert follows.is_following(tx, ana, bo)
    assert not follows.is_following(tx, bo, ana)
    assert figures(tx, bo) == (1, 0)
    assert figures(tx, ana) == (0, 1)
    assert told(tx) == {(bo, NotificationKind.FOLLOW, ana)}
    assert sent(tx) == [], "nothing leaves the node"


def test_a_locked_member_is_asked_and_pending_is_not_accepted(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo", locked=True)
    assert follow(tx, ana, bo) is FollowState.PENDING
    assert not follows.is_following(tx, ana, bo)
    assert figures(tx, bo) == (0, 0)
    assert told(tx) == {(bo, NotificationKind.FOLLOW_REQUEST, ana)}
    assert [one.actor.id for one in people.requests(tx, member(bo), Page())] == [ana]
    use.accept_follow(tx, node=OPEN, target_id=bo, follower_id=ana)
    assert follows.is_following(tx, ana, bo)
    assert figures(tx, bo) == (1, 0)
    assert told(tx) == set(), "an answered request leaves the list"
    assert people.requests(tx, member(bo), Page()) == []
    use.accept_follow(tx, node=OPEN, target_id=bo, follower_id=ana)


def test_since_when_somebody_follows_is_kept(tx: Tx) -> None:
    def since(follower: int, target: int) -> int | None:
        row = follows.find(tx, follower, target)
        assert row is not None
        assert row.is_accepted is (row.accepted_at is not None)
        return row.accepted_at

    ana, bo = add_person(tx, "ana"), add_person(tx, "bo", locked=True)
    far, sister = add_remote(tx, "far"), add_remote(tx, "sis", "https://sis.example")
    add_sister(tx, origin_of(tx, "https://sis.example"))
    follow(tx, bo, ana)
    receive(tx, sister, ana, "https://sis.example/follows/1")
    assert since(bo, ana) == since(sister, ana) == tx.now, "at once"
    follow(tx, ana, bo)
    follow(tx, ana, far)
    receive(tx, far, ana)
    assert since(ana, bo) is since(ana, far) is since(far, ana) is None, "they wait"
    use.accept_follow(tx, node=OPEN, target_id=bo, follower_id=ana)
    use.accept_follow(tx, node=OPEN, target_id=ana, follower_id=far)
    use.receive_accept(tx, follower_id=ana, target_id=far)
    assert since(ana, bo) == since(far, ana) == since(ana, far) == tx.now
    use.unfollow(tx, node=OPEN, follower_id=ana, target_id=bo)
    follow(tx, ana, bo)
    assert since(ana, bo) is None, "who left begins anew"


def test_a_refused_request_may_be_made_again(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo", locked=True)
    follow(tx, ana, bo)
    use.reject_follow(tx, node=OPEN, target_id=bo, follower_id=ana)
    assert follows.find(tx, ana, bo) is None
    with pytest.raises(NotFound):
        use.reject_follow(tx, node=OPEN, target_id=bo, follower_id=ana)
    with pytest.raises(NotFound):
        use.accept_follow(tx, node=OPEN, target_id=bo, follower_id=ana)
    assert follow(tx, ana, bo) is FollowState.PENDING
    assert told(tx) == {(bo, NotificationKind.FOLLOW_REQUEST, ana)}


def test_following_again_changes_only_the_wishes(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    follow(tx, ana, bo)
    first = follows.find(tx, ana, bo)
    follow(tx, ana, bo, Wishes(shares=False))
    second = follows.find(tx, ana, bo)
    follow(tx, ana, bo, Wishes(notify=True))
    third = follows.find(tx, ana, bo)
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.shares, first.notify) == (True, False)
    assert (second.shares, second.notify) == (False, False)
    assert (third.shares, third.notify) == (False, True)
    assert first.id == third.id
    assert figures(tx, bo) == (1, 0)


def test_leaving_is_one_act_and_doing_it_twice_is_nothing(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    follow(tx, ana, bo)
    use.unfollow(tx, node=OPEN, follower_id=ana, target_id=bo)
    use.unfollow(tx, node=OPEN, follower_id=ana, target_id=bo)
    assert figures(tx, bo) == (0, 0)
    assert not follows.is_following(tx, ana, bo)


def test_a_follower_is_removed_at_once(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    follow(tx, ana, bo)
    use.remove_follower(tx, node=OPEN, target_id=bo, follower_id=ana)
    use.remove_follower(tx, node=OPEN, target_id=bo, follower_id=ana)
    assert not follows.is_following(tx, ana, bo)


def test_nobody_follows_themselves_a_server_or_a_guest(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    node = add_actor(tx, "node", type=ActorType.APPLICATION)
    gina = add_person(tx, "gina", role=Role.GUEST)
    for target in (ana, node, gina):
        with pytest.raises(NotAllowed):
            follow(tx, ana, target)
        assert follows.find(tx, ana, target) is None


def test_nobody_of_that_id_gone_or_blocked_is_the_same(tx: Tx) -> None:
    ana, bo, cy = add_person(tx, "ana"), add_person(tx, "bo"), add_person(tx, "cy")
    gone = add_person(tx, "gone", gone_at=1)
    add_block(tx, bo, ana)
    add_block(tx, ana, cy)
    messages = set()
    for target in (7, gone, bo, cy):
        with pytest.raises(NotFound) as refused:
            follow(tx, ana, target)
        messages.add(refused.value.message)
    assert len(messages) == 1


def test_G_a_guest_follows_the_helper_and_nobody_else(tx: Tx) -> None:
    gina = add_person(tx, "gina", role=Role.GUEST)
    ana = add_person(tx, "ana")
    known = add_person(tx, "known", public=True)
    zoe = add_remote(tx, "zoe", public=True)
    helper = add_actor(tx, "tertulia", type=ActorType.SERVICE)
    for target in (ana, known, zoe):
        with pytest.raises(NotFound):
            follow(tx, gina, target)
    assert follow(tx, gina, helper) is FollowState.ACCEPTED
    assert sent(tx) == []


@pytest.mark.both
async def test_Z09_of_parallel_follows_one_row_remains(database: Database) -> None:
    ana, bo = await database.write(lambda tx: (add_person(tx, "ana"), add_person(tx, "bo")))
    states = await asyncio.gather(*(database.write(follow, ana, bo) for _ in range(20)))
    assert set(states) == {FollowState.ACCEPTED}
    assert await database.read(figures, bo) == (1, 0)


# People elsewhere.


def test_following_elsewhere_asks_and_waits(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    assert follow(tx, ana, zoe) is FollowState.PENDING
    assert follow(tx, ana, zoe) is FollowState.PENDING
    assert sent(tx) == ["Follow"]
    assert use.receive_accept(tx, follower_id=ana, target_id=zoe)
    assert follows.is_following(tx, ana, zoe)
    assert not use.receive_accept(tx, follower_id=ana, target_id=zoe)
    use.unfollow(tx, node=OPEN, follower_id=ana, target_id=zoe)
    assert sent(tx) == ["Follow", "Undo Follow"]


def test_O_an_accept_that_nobody_asked_for_is_nothing(tx: Tx) -> None:
    ana, zoe, eve = add_person(tx, "ana"), add_remote(tx, "zoe"), add_remote(tx, "eve")
    follow(tx, ana, zoe)
    assert not use.receive_accept(tx, follower_id=ana, target_id=eve)
    assert not follows.is_following(tx, ana, eve)
    assert not follows.is_following(tx, ana, zoe)


def test_a_reject_ends_a_request_and_also_a_follow_that_was_accepted(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    follow(tx, ana, zoe)
    assert use.receive_reject(tx, follower_id=ana, target_id=zoe)
    follow(tx, ana, zoe)
    use.receive_accept(tx, follower_id=ana, target_id=zoe)
    assert figures(tx, ana) == (0, 1)
    assert use.receive_reject(tx, follower_id=ana, target_id=zoe)
    assert figures(tx, ana) == (0, 0)
    assert not use.receive_reject(tx, follower_id=ana, target_id=zoe)


@pytest.mark.parametrize("mode", [Federation.CLOSED, Federation.PARTNERS])
def test_a_server_that_is_closed_to_us_is_not_asked(tx: Tx, mode: Federation) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    node = replace(NODE, federation=mode)
    with pytest.raises(NotAllowed):
        use.follow(tx, node=node, follower_id=ana, target_id=zoe)
    assert sent(tx) == []
    if mode is Federation.PARTNERS:
        origins.set_rule(tx, "far.example", RuleAction.ALLOW)
        assert use.follow(tx, node=node, follower_id=ana, target_id=zoe) is FollowState.PENDING


def test_a_stranger_always_asks(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    assert receive(tx, zoe, ana) is FollowState.PENDING
    assert not follows.is_following(tx, zoe, ana)
    assert sent(tx) == [], "nothing tells the stranger that there is somebody"
    assert told(tx) == {(ana, NotificationKind.FOLLOW_REQUEST, zoe)}
    use.accept_follow(tx, node=OPEN, target_id=ana, follower_id=zoe)
    assert sent(tx) == ["Accept Follow"]
    assert follows.is_following(tx, zoe, ana)


def test_a_sisters_person_follows_at_once_unless_locked(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo", locked=True)
    sister = add_origin(tx, "https://sister.example")
    add_sister(tx, sister)
    sam = add_remote(tx, "sam", "https://sister.example")
    assert receive(tx, sam, ana) is FollowState.ACCEPTED
    assert sent(tx) == ["Accept Follow"]
    assert told(tx) == {(ana, NotificationKind.FOLLOW, sam)}
    assert receive(tx, sam, bo, f"{URI}/2") is FollowState.PENDING


@pytest.mark.parametrize(("until", "active"), [(1, True), (None, False)])
def test_a_sister_of_the_past_is_a_stranger(tx: Tx, until: int | None, active: bool) -> None:
    ana = add_person(tx, "ana")
    sister = add_origin(tx, "https://sister.example")
    add_sister(tx, sister, until=until, active=active)
    sam = add_remote(tx, "sam", "https://sister.example")
    assert receive(tx, sam, ana) is FollowState.PENDING


def test_a_follow_of_a_guest_asks_even_from_a_sister(tx: Tx) -> None:
    gina = add_person(tx, "gina", role=Role.GUEST)
    add_sister(tx, add_origin(tx, "https://sister.example"))
    sam = add_remote(tx, "sam", "https://sister.example")
    assert receive(tx, sam, gina) is FollowState.PENDING


def test_everybody_follows_the_helper(tx: Tx) -> None:
    helper, zoe = add_actor(tx, "tertulia", type=ActorType.SERVICE), add_remote(tx, "zoe")
    assert receive(tx, zoe, helper) is FollowState.ACCEPTED
    assert told(tx) == set()


def test_only_a_sisters_own_actor_follows_ours(tx: Tx) -> None:
    node = add_actor(tx, "node", type=ActorType.APPLICATION)
    origin = add_origin(tx, "https://sister.example")
    peer = add_remote(tx, "peer", "https://sister.example", type=ActorType.APPLICATION)
    other = add_remote(tx, "other", "https://sister.example", type=ActorType.APPLICATION)
    origins.remember_application(tx, origin, peer)
    assert receive(tx, peer, node) is None
    add_sister(tx, origin)
    assert receive(tx, other, node) is None
    assert receive(tx, add_remote(tx, "sam", "https://sister.example"), node) is None
    assert receive(tx, peer, node) is FollowState.ACCEPTED
    assert sent(tx) == ["Reject Follow", "Reject Follow", "Reject Follow", "Accept Follow"]


def test_a_repeated_follow_is_accepted_again_under_its_new_id(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    receive(tx, zoe, ana)
    receive(tx, zoe, ana, f"{URI}/again")
    assert sent(tx) == []
    use.accept_follow(tx, node=OPEN, target_id=ana, follower_id=zoe)
    assert receive(tx, zoe, ana, f"{URI}/third") is FollowState.ACCEPTED
    bodies = [orjson.loads(body) for (body,) in tx.all(_SENT)]
    assert [body["object"]["id"] for body in bodies] == [f"{URI}/again", f"{URI}/third"]
    assert figures(tx, ana) == (1, 0)


def test_a_block_refuses_and_says_so_to_the_server(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    add_block(tx, ana, zoe)
    assert receive(tx, zoe, ana) is None
    assert sent(tx) == ["Reject Follow"]
    assert told(tx) == set()


def test_removing_a_follower_elsewhere_tells_the_server(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    add_follow(tx, zoe, ana)
    use.remove_follower(tx, node=OPEN, target_id=ana, follower_id=zoe)
    assert sent(tx) == ["Reject Follow"]
    assert not follows.is_following(tx, zoe, ana)


def test_an_undone_follow_is_over_whatever_its_id_was(tx: Tx) -> None:
    ana, zoe, eve = add_person(tx, "ana"), add_remote(tx, "zoe"), add_remote(tx, "eve")
    add_follow(tx, zoe, ana)
    assert not use.receive_undo_follow(tx, follower_id=eve, target_id=ana)
    assert follows.is_following(tx, zoe, ana)
    assert use.receive_undo_follow(tx, follower_id=zoe, target_id=ana)
    assert not follows.is_following(tx, zoe, ana)
    assert sent(tx) == []


def test_a_block_parts_both_ways(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    add_follow(tx, zoe, ana)
    add_follow(tx, ana, zoe)
    use.part(tx, node=OPEN, one_id=ana, other_id=zoe)
    assert sent(tx) == ["Undo Follow", "Reject Follow"]
    assert follows.of_actor(tx, ana) == []


def test_who_is_gone_follows_nobody(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    add_follow(tx, zoe, ana)
    add_follow(tx, ana, zoe)
    actors.recount_follows(tx, ana, zoe)
    use.end_all(tx, actor_id=zoe)
    assert figures(tx, ana) == (0, 0)
    assert sent(tx) == []
